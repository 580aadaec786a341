//! Construction: algorithm 1 of the HNSW paper, a batch of nodes at a time.
//!
//! The nodes of a batch look for their neighbours in the graph as it was before the batch, in
//! parallel, and are then linked in a fixed order; batches double in size (prefix doubling,
//! ParlayANN, Manohar et al. 2024), so that a node misses at most the few that came with it.
//! The graph depends on the order of insertion only, not on the number of threads.

use rayon::prelude::*;

use super::adjacency::{Adjacency, Growing, Layer, NONE};
use super::beam::{Scratch, Work, descend};
use super::level::{insertion_order, level_of};
use super::merge::Guide;
use super::select::{Selection, select};
use super::space::Space;
use super::{BASE_DEGREE, HnswParams, HnswView, UPPER_DEGREE};
use crate::distance::Scorer;
use crate::topk::Neighbor;

/// A batch is at most this fraction of all nodes, so that its members are rarely neighbours.
const BATCH_FRACTION: usize = 50;
/// A batch below this size is not worth splitting further.
const BATCH_MIN: usize = 64;
/// Known neighbours from which a search for new ones begins; with fewer it begins at the top.
const SEEDS_MIN: usize = 4;

/// A layer above level 0: its nodes in ascending order of ordinal.
#[derive(Clone, Debug)]
pub(crate) struct UpperLayer {
    pub(crate) ids: Vec<u32>,
    pub(crate) adjacency: Adjacency,
}

/// A graph under construction.
pub(crate) struct Builder<'a> {
    space: Space<'a>,
    params: HnswParams,
    pub(crate) base: Adjacency,
    /// Levels 1, 2, ...
    pub(crate) upper: Vec<UpperLayer>,
    /// Level and node in it where searches begin; `None` while the graph is empty.
    entry: Option<(usize, u32)>,
    /// What is known of the nodes from graphs that they come from.
    pub(crate) guide: Option<Guide<'a>>,
    /// Asked now and then whether to go on.
    go_on: &'a (dyn Fn() -> bool + Sync),
}

/// A build was stopped: there is no graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// What a node decided to link to: one list of nodes for each of its levels.
pub(crate) struct Links {
    pub(crate) ordinal: u32,
    pub(crate) levels: Vec<Vec<u32>>,
}

impl<'a> Builder<'a> {
    /// A builder for all rows that begins with the nodes of `graph`, if given.
    pub(crate) fn new(
        space: Space<'a>,
        params: &HnswParams,
        graph: Option<&HnswView<'_>>,
        go_on: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        let n = space.len();
        let mut upper: Vec<UpperLayer> = Vec::new();
        for ordinal in 0..n as u32 {
            for level in 0..level_of(params.seed, ordinal) {
                if level == upper.len() {
                    upper.push(UpperLayer {
                        ids: Vec::new(),
                        adjacency: Adjacency::new(0, UPPER_DEGREE),
                    });
                }
                upper[level].ids.push(ordinal);
            }
        }
        for layer in &mut upper {
            layer.adjacency = Adjacency::new(layer.ids.len(), UPPER_DEGREE);
        }
        let base = Adjacency::new(n, BASE_DEGREE);
        let mut builder = Builder {
            space,
            params: *params,
            base,
            upper,
            entry: None,
            guide: None,
            go_on,
        };
        if let Some(graph) = graph {
            builder.adopt(graph);
        }
        builder
    }

    /// Copies the links of a graph over the first rows. Its levels are a prefix of ours, since
    /// they follow from seed and ordinal.
    fn adopt(&mut self, graph: &HnswView<'_>) {
        fn copy<const STRIDE: usize>(to: &mut Adjacency, from: &[[u32; STRIDE]]) {
            for (node, row) in from.iter().enumerate() {
                let length = row.iter().position(|&link| link == NONE).unwrap_or(STRIDE);
                to.set(node as u32, &row[..length]);
            }
        }
        copy(&mut self.base, graph.base().links);
        for (to, from) in self.upper.iter_mut().zip(graph.upper()) {
            copy(&mut to.adjacency, from.links);
        }
        self.entry = (!graph.is_empty()).then(|| (graph.upper().len(), 0));
    }

    /// Inserts vectors that are not in the graph yet, into the layers from `lowest` on; ordinals
    /// are given ascending.
    pub(crate) fn insert(
        &mut self,
        ordinals: impl Iterator<Item = u32>,
        lowest: usize,
    ) -> Result<(), Stopped> {
        let order = insertion_order(self.params.seed, ordinals);
        let largest = (self.space.len() / BATCH_FRACTION).max(BATCH_MIN);
        let mut done = 0;
        while done < order.len() {
            if !(self.go_on)() {
                return Err(Stopped);
            }
            let size = done.clamp(1, largest).min(order.len() - done);
            self.insert_batch(&order[done..done + size], lowest);
            done += size;
        }
        Ok(())
    }

    fn insert_batch(&mut self, batch: &[u32], lowest: usize) {
        let links: Vec<Links> = batch
            .par_iter()
            .map(|&ordinal| self.find_links(ordinal, lowest))
            .collect();
        for level in lowest..=self.upper.len() {
            self.link(level, &links);
        }
        // Only the first of an order can lie above the entry, and it comes alone.
        if let Some(first) = links.first() {
            let level = first.levels.len() - 1;
            if self.entry.is_none_or(|(top, _)| level > top) {
                self.entry = Some((level, self.node(level, first.ordinal)));
            }
        }
    }

    /// The highest layer of a vector.
    pub(crate) fn level(&self, ordinal: u32) -> usize {
        level_of(self.params.seed, ordinal)
    }

    /// Makes an inserted vector the place where searches begin.
    pub(crate) fn enter_at(&mut self, ordinal: u32) {
        let level = self.level(ordinal);
        self.entry = Some((level, self.node(level, ordinal)));
    }

    /// The node of an ordinal in a layer that it belongs to.
    fn node(&self, level: usize, ordinal: u32) -> u32 {
        if level == 0 {
            return ordinal;
        }
        self.upper[level - 1]
            .ids
            .partition_point(|&id| id < ordinal) as u32
    }

    pub(crate) fn layer(&self, level: usize) -> Growing<'_> {
        if level == 0 {
            return Growing {
                adjacency: &self.base,
                ids: None,
            };
        }
        let upper = &self.upper[level - 1];
        Growing {
            adjacency: &upper.adjacency,
            ids: Some(&upper.ids),
        }
    }

    /// Lines 1 to 10 of algorithm 1: what a new node links to in each of its layers.
    fn find_links(&self, ordinal: u32, lowest: usize) -> Links {
        let level = self.level(ordinal);
        let mut levels = vec![Vec::new(); level + 1];
        let Some((top, node)) = self.entry else {
            return Links { ordinal, levels };
        };
        let exact = self.space.point(ordinal);
        let mut entries: Vec<(f32, u32)> = Vec::new();
        if let Some(guide) = self.guide.as_ref().filter(|_| level == 0) {
            let inserted = |node: &u32| !self.base.row(*node).is_empty();
            let seeds = guide.neighbours(ordinal).filter(inserted);
            entries.extend(seeds.map(|node| (exact.distance(node), node)));
        }
        let mut ef = self.params.ef_construction;
        if entries.len() >= SEEDS_MIN {
            // Half of it costs a point of recall, three quarters a few tenths.
            ef = (ef * 3 / 4).max(self.layer(0).adjacency.degree());
        } else {
            let mut work = Work::default();
            let mut best = (exact.distance(self.layer(top).ordinal(node)), node);
            for above in (level + 1..=top).rev() {
                best = descend(&self.layer(above), &exact, best, &mut work);
                best.1 = self.below(above, best.1);
            }
            entries.push(best);
        }
        let mut candidates = Vec::new();
        let mut selection = Selection::default();
        Scratch::with(|scratch| {
            for at in (lowest..=level.min(top)).rev() {
                let layer = self.layer(at);
                scratch.begin(layer.len(), ef);
                for &(distance, node) in &entries {
                    scratch.seed(distance, node);
                }
                exact.beam(&layer, scratch);
                let found = scratch.pool.members();
                candidates.clear();
                candidates.extend(found.map(|(distance, row)| Neighbor { distance, row }));
                if at > lowest {
                    entries.clear();
                    let below = candidates
                        .iter()
                        .map(|c| (c.distance, self.below(at, c.row)));
                    entries.extend(below);
                }
                levels[at] = select(
                    &self.space,
                    ordinal,
                    &mut candidates,
                    layer.adjacency.degree(),
                    |node| layer.ordinal(node),
                    &mut selection,
                );
            }
        });
        Links { ordinal, levels }
    }

    /// The same vector's node one layer further down.
    fn below(&self, level: usize, node: u32) -> u32 {
        self.node(level - 1, self.layer(level).ordinal(node))
    }

    /// Lines 11 to 16 of algorithm 1: links there and back, and pruning of what outgrows its row.
    pub(crate) fn link(&mut self, level: usize, batch: &[Links]) {
        let mut back: Vec<(u32, u32)> = Vec::new();
        for links in batch {
            if let Some(targets) = links.levels.get(level) {
                let node = self.node(level, links.ordinal);
                back.extend(targets.iter().map(|&target| (target, node)));
                self.adjacency(level).set(node, targets);
            }
        }
        back.sort_unstable();
        let layer = self.layer(level);
        let groups: Vec<&[(u32, u32)]> = back.chunk_by(|a, b| a.0 == b.0).collect();
        let rows: Vec<(u32, Vec<u32>)> = groups
            .par_iter()
            .map_init(Selection::default, |selection, group| {
                let target = group.first().map_or(NONE, |edge| edge.0);
                let mut row = layer.links(target).to_vec();
                let known = row.len();
                let new = group.iter().map(|edge| edge.1);
                // A node that is healed may be linked to already.
                row.extend(new.filter(|node| !layer.links(target).contains(node)));
                if row.len() > known && row.len() > layer.adjacency.stride() {
                    row = self.prune(&layer, target, &row, selection);
                }
                (target, row)
            })
            .collect();
        let adjacency = self.adjacency(level);
        for (target, row) in rows {
            adjacency.set(target, &row);
        }
    }

    fn adjacency(&mut self, level: usize) -> &mut Adjacency {
        match level.checked_sub(1) {
            None => &mut self.base,
            Some(above) => &mut self.upper[above].adjacency,
        }
    }

    /// The best `degree` of the links of a node.
    pub(crate) fn prune(
        &self,
        layer: &Growing<'_>,
        node: u32,
        links: &[u32],
        selection: &mut Selection,
    ) -> Vec<u32> {
        let of = layer.ordinal(node);
        let ordinals: Vec<u32> = links.iter().map(|&link| layer.ordinal(link)).collect();
        let mut distances = vec![0.0; links.len()];
        self.space.point(of).distances(&ordinals, &mut distances);
        let mut candidates: Vec<Neighbor> = links
            .iter()
            .zip(distances)
            .map(|(&row, distance)| Neighbor { distance, row })
            .collect();
        let degree = layer.adjacency.degree();
        let ordinal = |node| layer.ordinal(node);
        select(&self.space, of, &mut candidates, degree, ordinal, selection)
    }

    /// Prunes every row to its final degree.
    pub(crate) fn trim(&mut self) {
        for level in 0..=self.upper.len() {
            let layer = self.layer(level);
            let trimmed: Vec<(u32, Vec<u32>)> = (0..layer.len() as u32)
                .into_par_iter()
                .filter(|&node| layer.links(node).len() > layer.adjacency.degree())
                .map_init(Selection::default, |selection, node| {
                    (node, self.prune(&layer, node, layer.links(node), selection))
                })
                .collect();
            let adjacency = self.adjacency(level);
            for (node, row) in trimmed {
                adjacency.set(node, &row);
            }
        }
    }

    /// Where searches begin at level 0, as an ordinal; `None` in an empty graph.
    pub(crate) fn entry_ordinal(&self) -> Option<u32> {
        self.entry
            .map(|(level, node)| self.layer(level).ordinal(node))
    }

    /// Candidates near a vector that a search at level 0 reaches, nearest first.
    pub(crate) fn reachable_near(&self, ordinal: u32, entry: u32) -> Vec<u32> {
        let exact = self.space.point(ordinal);
        let layer = self.layer(0);
        Scratch::with(|scratch| {
            scratch.begin(layer.len(), self.params.ef_construction);
            scratch.seed(exact.distance(entry), entry);
            exact.beam(&layer, scratch);
            scratch.pool.members().map(|(_, node)| node).collect()
        })
    }
}
