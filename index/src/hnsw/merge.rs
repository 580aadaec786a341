//! One graph from the graphs of segments that are merged, without building it from nothing.
//!
//! The largest part that lost few of its nodes is kept: its links are copied with their new
//! ordinals, and a node that lost neighbours is *healed*, that is, linked to what its lost
//! neighbours were linked to (as the merges of Lucene and Qdrant do). The other vectors are
//! inserted; their searches begin at the neighbours that they had in their own graph, where those
//! are in already (the seeds of Lucene's merge, apache/lucene#14331).

use rayon::prelude::*;

use super::adjacency::{Layer, NONE};
use super::insert::{Builder, Links, Stopped};
use super::select::Selection;
use super::space::Space;
use super::{BASE_DEGREE, Hnsw, HnswParams, HnswView};
use crate::codes::{Codes, Scheme};
use crate::metric::Metric;
use crate::vectors::Vectors;

/// A part that lost more than this share of its nodes, in percent, is not worth healing.
const MAX_LOST_PERCENT: usize = 30;
/// Candidates of a node that is healed, at most: more cost as much as inserting it.
const MAX_CANDIDATES: usize = 192;
/// How far a node looks for others behind those that are gone.
const RINGS: usize = 4;
/// A node that is left with fewer candidates is inserted anew.
const MIN_CANDIDATES: usize = BASE_DEGREE / 4;

/// The graph of one of the columns that are merged, and where its vectors go.
#[derive(Clone, Copy, Debug)]
pub struct GraphPart<'a> {
    /// The graph.
    pub graph: HnswView<'a>,
    /// The new ordinal of each of its nodes; `None` for one that is dropped.
    pub places: &'a [Option<u32>],
}

impl GraphPart<'_> {
    fn kept(&self) -> usize {
        self.places.iter().flatten().count()
    }

    /// Whether the places are those of this graph's nodes in a column of `n` vectors.
    fn fits(&self, n: usize, metric: Metric) -> bool {
        let inside = |place: &u32| (*place as usize) < n;
        self.graph.len() == self.places.len()
            && self.graph.metric() == metric
            && self.places.iter().flatten().all(inside)
    }

    fn place(&self, node: u32) -> Option<u32> {
        self.places.get(node as usize).copied().flatten()
    }

    /// The places of the neighbours of a node, and of the neighbours of those that are gone.
    fn candidates(&self, node: u32, out: &mut Vec<u32>) -> bool {
        let rows = self.graph.base();
        let links = |node: u32| {
            let inside = (node as usize) < self.places.len();
            let row = if inside { rows.links(node) } else { &[] };
            row.iter().copied().filter(|&link| link != NONE)
        };
        out.clear();
        out.extend(links(node).filter_map(|link| self.place(link)));
        let lost: Vec<u32> = links(node)
            .filter(|&link| self.place(link).is_none())
            .collect();
        let whole = lost.is_empty();
        // Whole neighbourhoods go at a time when what they hold is deleted together.
        let (mut ring, enough) = (lost, out.len() + BASE_DEGREE);
        for _ in 0..RINGS {
            let mut next = Vec::new();
            for &gone in &ring {
                for link in links(gone) {
                    match self.place(link) {
                        Some(place) => out.push(place),
                        None => next.push(link),
                    }
                }
            }
            if out.len() >= enough {
                break;
            }
            next.sort_unstable();
            next.dedup();
            next.truncate(BASE_DEGREE);
            ring = next;
        }
        let own = self.place(node);
        let mut seen = std::collections::HashSet::with_capacity(out.len());
        out.retain(|&place| Some(place) != own && seen.insert(place));
        out.truncate(MAX_CANDIDATES);
        whole
    }
}

/// Which node of which part a vector was.
#[derive(Debug)]
pub(crate) struct Guide<'a> {
    parts: &'a [GraphPart<'a>],
    origins: Vec<(u32, u32)>,
}

impl<'a> Guide<'a> {
    fn new(parts: &'a [GraphPart<'a>], n: usize) -> Self {
        let mut origins = vec![(NONE, NONE); n];
        for (number, part) in (0..).zip(parts) {
            for (node, place) in (0..).zip(part.places) {
                if let Some(place) = place {
                    origins[*place as usize] = (number, node);
                }
            }
        }
        Guide { parts, origins }
    }

    /// The neighbours that a vector had, by their new ordinals.
    pub(crate) fn neighbours(&self, ordinal: u32) -> impl Iterator<Item = u32> {
        let (number, node) = self.origins[ordinal as usize];
        let part = self.parts.get(number as usize);
        part.into_iter().flat_map(move |part| {
            let row = part.graph.base().links;
            let row = row.get(node as usize).map_or(&[][..], |row| row);
            row.iter().filter_map(|&link| part.place(link))
        })
    }
}

impl Hnsw {
    /// The graph of `vectors`, made from graphs over parts of them.
    ///
    /// `vectors` holds, at the place that a part gives for a node, the vector of that node. Parts
    /// that do not fit are passed over; without any the graph is built from nothing. The result
    /// depends on vectors and parts only, not on the number of threads. About `scheme` see
    /// [`Hnsw::build_while`].
    ///
    /// # Errors
    /// [`Stopped`] soon after `go_on` has returned false.
    pub fn merged(
        vectors: Vectors<'_>,
        metric: Metric,
        scheme: Option<&Scheme>,
        params: &HnswParams,
        parts: &[GraphPart<'_>],
        go_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Hnsw, Stopped> {
        let n = vectors.len();
        let parts: Vec<GraphPart<'_>> = parts
            .iter()
            .copied()
            .filter(|part| part.fits(n, metric))
            .collect();
        let lost = |part: &GraphPart<'_>| (part.places.len() - part.kept()) * 100;
        let base = parts
            .iter()
            .filter(|part| lost(part) <= part.places.len() * MAX_LOST_PERCENT)
            .max_by_key(|part| part.kept())
            .filter(|part| part.kept() > 0);
        let params = params.bounded();
        let Some(base) = base else {
            return Hnsw::build_while(vectors, metric, scheme, &params, go_on);
        };
        let codes = scheme.map(|scheme| Codes::build(vectors, metric, scheme.to_build_on()));
        let space = Space::of(vectors, metric, codes.as_ref());
        let mut builder = Builder::new(space, &params, None, go_on);
        let missing = graft(&mut builder, base)?;
        builder.guide = Some(Guide::new(&parts, n));
        builder.insert(missing.into_iter(), 0)?;
        builder.guide = None;
        Ok(Hnsw::complete(builder, metric, &params))
    }
}

/// Brings the kept nodes of a graph into an empty builder; returns the ordinals that are not in.
fn graft(builder: &mut Builder<'_>, base: &GraphPart<'_>) -> Result<Vec<u32>, Stopped> {
    let rows: Vec<(u32, Vec<u32>, bool)> = (0..base.places.len() as u32)
        .into_par_iter()
        .filter_map(|node| {
            let place = base.place(node)?;
            let mut candidates = Vec::new();
            let whole = base.candidates(node, &mut candidates);
            Some((place, candidates, whole))
        })
        .collect();
    let alone = |row: &(u32, Vec<u32>, bool)| !row.2 && row.1.len() < MIN_CANDIDATES;
    let mut inside = vec![false; builder.base.len()];
    for row in rows.iter().filter(|row| !alone(row)) {
        inside[row.0 as usize] = true;
    }
    let kept = || (0..).zip(&inside).filter(|(_, inside)| **inside);
    let raised: Vec<u32> = kept()
        .map(|(ordinal, _)| ordinal)
        .filter(|&ordinal| builder.level(ordinal) > 0)
        .collect();
    // Levels follow from the ordinal, and those have changed: the few nodes above level 0 are
    // linked anew there.
    match raised.is_empty() {
        false => builder.insert(raised.into_iter(), 1)?,
        true => {
            if let Some((first, _)) = kept().next() {
                builder.enter_at(first);
            }
        }
    }
    let mut healed = Vec::new();
    for (place, mut row, whole) in rows {
        if !inside[place as usize] {
            continue;
        }
        row.retain(|&link| inside[link as usize]);
        if whole {
            row.truncate(BASE_DEGREE);
            builder.base.set(place, &row);
        } else {
            healed.push((place, row));
        }
    }
    let layer = builder.layer(0);
    let healed: Vec<Links> = healed
        .into_par_iter()
        .map_init(Selection::default, |selection, (ordinal, row)| Links {
            ordinal,
            levels: vec![builder.prune(&layer, ordinal, &row, selection)],
        })
        .collect();
    // Rows first, so that links back find them.
    builder.link(0, &healed);
    let outside = |(ordinal, inside): (u32, bool)| (!inside).then_some(ordinal);
    Ok((0..).zip(inside).filter_map(outside).collect())
}
