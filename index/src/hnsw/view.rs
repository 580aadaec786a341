//! A graph read where it lies.

use super::adjacency::{Layer, NONE, Rows};
use super::layout::{Layout, SECTION};
use super::{BASE_DEGREE, UPPER_DEGREE};
use crate::codes::CodesView;
use crate::error::DecodeError;
use crate::metric::Metric;

/// One layer above level 0.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Upper<'a> {
    /// Ordinals of the nodes.
    ids: &'a [u32],
    /// Nodes of the layer below; empty at level 1, where they are the ordinals.
    down: &'a [u32],
    pub(crate) links: &'a [[u32; UPPER_DEGREE]],
}

impl Upper<'_> {
    /// The same vector's node in the layer below, which may be damaged.
    pub(crate) fn below(&self, node: u32) -> u32 {
        let nodes = if self.down.is_empty() {
            self.ids
        } else {
            self.down
        };
        nodes.get(node as usize).copied().unwrap_or(NONE)
    }
}

impl Layer for Upper<'_> {
    fn len(&self) -> usize {
        self.ids.len()
    }

    fn links(&self, node: u32) -> &[u32] {
        self.links.get(node as usize).map_or(&[], |row| row)
    }

    fn ordinal(&self, node: u32) -> u32 {
        self.ids.get(node as usize).copied().unwrap_or(NONE)
    }
}

/// A graph borrowed from bytes, nothing copied: encoded ones, mapped from a file perhaps, or
/// those of a [`crate::Hnsw`].
///
/// Decoding checks the header and the lengths only. Links are checked as a search reads them,
/// so that damaged bytes give fewer or worse results, but no panic; [`HnswView::check`] finds
/// the damage.
#[derive(Clone, Copy, Debug)]
pub struct HnswView<'a> {
    layout: Layout,
    words: &'a [u32],
    base: Rows<'a, BASE_DEGREE>,
    upper: [Upper<'a>; super::level::MAX_LEVEL],
    codes: Option<CodesView<'a>>,
}

impl<'a> HnswView<'a> {
    /// Views encoded bytes as the graph over `n_vectors` vectors, in constant time.
    ///
    /// `bytes` must begin at a multiple of 4 in memory, and should at a multiple of 64.
    ///
    /// # Errors
    /// [`DecodeError`] when the header or the length is not that of such a graph.
    pub fn decode(bytes: &'a [u8], n_vectors: usize) -> Result<Self, DecodeError> {
        let align = align_of::<u32>();
        if !bytes.len().is_multiple_of(align) {
            let found = bytes.len() as u64;
            let needed = found.next_multiple_of(align as u64);
            return Err(DecodeError::Length {
                section: SECTION,
                needed,
                found,
            });
        }
        let words: &[u32] =
            bytemuck::try_cast_slice(bytes).map_err(|_| DecodeError::Misaligned {
                section: SECTION,
                align,
            })?;
        Ok(HnswView::new(Layout::read(words, n_vectors)?, words))
    }

    /// The view of words that are as long as the layout says.
    pub(crate) fn new(layout: Layout, words: &'a [u32]) -> Self {
        let base = &words[layout.base()..][..layout.n * BASE_DEGREE];
        let mut upper = [Upper::default(); super::level::MAX_LEVEL];
        for (upper, sections) in upper.iter_mut().zip(layout.upper()) {
            let links = &words[sections.links..][..sections.nodes * UPPER_DEGREE];
            *upper = Upper {
                ids: &words[sections.ids..][..sections.nodes],
                down: sections
                    .down
                    .map_or(&[], |down| &words[down..][..sections.nodes]),
                links: links.as_chunks().0,
            };
        }
        HnswView {
            layout,
            words,
            base: Rows {
                links: base.as_chunks().0,
            },
            upper,
            codes: None,
        }
    }

    /// The graph, walked on codes of its vectors from now on.
    ///
    /// Codes of another number of vectors or for another metric are passed over.
    #[must_use]
    pub fn with_codes(self, codes: CodesView<'a>) -> Self {
        let fits = codes.len() == self.len() && codes.metric() == self.metric();
        HnswView {
            codes: fits.then_some(codes),
            ..self
        }
    }

    pub(super) fn codes(&self) -> Option<CodesView<'a>> {
        self.codes
    }

    /// Nodes, which are vectors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layout.n
    }

    /// Whether the graph has no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The metric that the graph was built with.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.layout.metric
    }

    pub(crate) fn base(&self) -> Rows<'a, BASE_DEGREE> {
        self.base
    }

    /// Layers above level 0, level 1 first.
    pub(crate) fn upper(&self) -> &[Upper<'a>] {
        &self.upper[..self.layout.levels()]
    }

    /// Verifies every link and that a search can reach every node, in time linear in the graph.
    ///
    /// # Errors
    /// [`DecodeError::Invalid`] with the place and the kind of the first damage found.
    pub fn check(&self) -> Result<(), DecodeError> {
        self.check_rows(self.layout.base(), self.base.links)?;
        let mut below: Option<&[u32]> = None;
        for (upper, sections) in self.upper().iter().zip(self.layout.upper()) {
            if !upper.ids.is_sorted_by(|a, b| a < b)
                || upper
                    .ids
                    .last()
                    .is_some_and(|&last| last as usize >= self.len())
            {
                return Err(invalid(
                    sections.ids,
                    "the nodes of a level are not in order",
                ));
            }
            if let Some(below) = below {
                let named = upper.down.iter().map(|&node| below.get(node as usize));
                if !named.eq(upper.ids.iter().map(Some)) {
                    let at = sections.down.unwrap_or(sections.ids);
                    return Err(invalid(at, "a node is not the same in the level below"));
                }
            }
            self.check_rows(sections.links, upper.links)?;
            below = Some(upper.ids);
        }
        self.check_reachable()
    }

    fn check_rows<const STRIDE: usize>(
        &self,
        start: usize,
        rows: &[[u32; STRIDE]],
    ) -> Result<(), DecodeError> {
        for (node, row) in rows.iter().enumerate() {
            let filled = row.iter().position(|&link| link == NONE).unwrap_or(STRIDE);
            let (links, empty) = row.split_at(filled);
            let damage = if links.iter().any(|&link| link as usize >= rows.len()) {
                "a link leads out of the graph"
            } else if links.contains(&(node as u32)) {
                "a node links to itself"
            } else if (1..filled).any(|i| links[..i].contains(&links[i])) {
                "a node has one link twice"
            } else if empty.iter().any(|&link| link != NONE) {
                "a link follows an empty slot"
            } else {
                continue;
            };
            return Err(invalid(start + node * STRIDE, damage));
        }
        Ok(())
    }

    /// Links have been checked before.
    fn check_reachable(&self) -> Result<(), DecodeError> {
        if self.is_empty() {
            return Ok(());
        }
        let entry = self.upper().last().map_or(0, |top| top.ordinal(0));
        let mut reached = vec![false; self.len()];
        let mut stack = vec![entry];
        reached[entry as usize] = true;
        while let Some(node) = stack.pop() {
            for &link in self.base.links(node) {
                if link != NONE && !std::mem::replace(&mut reached[link as usize], true) {
                    stack.push(link);
                }
            }
        }
        match reached.iter().position(|&reached| !reached) {
            None => Ok(()),
            Some(node) => {
                let at = self.layout.base() + node * BASE_DEGREE;
                Err(invalid(at, "no search can reach this node"))
            }
        }
    }

    /// The encoded form.
    #[must_use]
    pub fn encoded(&self) -> &'a [u8] {
        bytemuck::cast_slice(self.words)
    }
}

fn invalid(word: usize, reason: &'static str) -> DecodeError {
    DecodeError::Invalid {
        section: SECTION,
        offset: word as u64 * 4,
        reason,
    }
}
