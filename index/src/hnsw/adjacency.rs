//! Who links to whom, in one layer.

use crate::distance::prefetch;

/// An empty link slot.
pub(crate) const NONE: u32 = u32::MAX;

/// One layer of a graph as a search sees it.
pub(crate) trait Layer {
    /// Whether nodes and ordinals may differ.
    const MAPPED: bool = true;

    /// Nodes are `0..len()`.
    fn len(&self) -> usize;

    /// The links of a node: node numbers of this layer and [`NONE`]. In a file that is damaged
    /// they may be any number.
    fn links(&self, node: u32) -> &[u32];

    /// The vector that belongs to a node.
    fn ordinal(&self, node: u32) -> u32;

    /// Asks the processor to fetch the links of a node.
    fn prefetch(&self, _node: u32) {}
}

/// Links of fixed stride, each row ended by [`NONE`] if it is not full: level 0 as it lies in
/// a file, where node and ordinal are one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a, const STRIDE: usize> {
    pub(crate) links: &'a [[u32; STRIDE]],
}

impl<const STRIDE: usize> Layer for Rows<'_, STRIDE> {
    const MAPPED: bool = false;

    #[inline(always)]
    fn len(&self) -> usize {
        self.links.len()
    }

    #[inline(always)]
    fn links(&self, node: u32) -> &[u32] {
        &self.links[node as usize]
    }

    #[inline(always)]
    fn ordinal(&self, node: u32) -> u32 {
        node
    }

    #[inline(always)]
    fn prefetch(&self, node: u32) {
        let words = self.links.as_flattened();
        for line in (0..STRIDE).step_by(16) {
            prefetch(words, node as usize * STRIDE + line);
        }
    }
}

/// Links under construction: rows may grow to `stride` before they are pruned to `degree`.
#[derive(Clone, Debug)]
pub(crate) struct Adjacency {
    degree: usize,
    stride: usize,
    links: Vec<u32>,
    lengths: Vec<u8>,
}

impl Adjacency {
    /// `n` empty rows that are pruned to `degree` when they outgrow twice of it.
    pub(crate) fn new(n: usize, degree: usize) -> Self {
        let stride = degree * 2;
        Adjacency {
            degree,
            stride,
            links: vec![NONE; n * stride],
            lengths: vec![0; n],
        }
    }

    /// Links that a row has in the end, at most.
    pub(crate) fn degree(&self) -> usize {
        self.degree
    }

    /// Links that a row can hold for the time being.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Rows.
    pub(crate) fn len(&self) -> usize {
        self.lengths.len()
    }

    /// The links of a node.
    #[inline]
    pub(crate) fn row(&self, node: u32) -> &[u32] {
        let start = node as usize * self.stride;
        &self.links[start..start + usize::from(self.lengths[node as usize])]
    }

    /// Replaces the links of a node by at most [`Adjacency::stride`] others.
    pub(crate) fn set(&mut self, node: u32, row: &[u32]) {
        let start = node as usize * self.stride;
        self.links[start..start + row.len()].copy_from_slice(row);
        self.lengths[node as usize] = row.len() as u8;
    }

    /// Asks the processor to fetch the links of a node.
    fn prefetch(&self, node: u32) {
        for line in (0..self.stride).step_by(16) {
            prefetch(&self.links, node as usize * self.stride + line);
        }
    }
}

/// A layer under construction; `ids` are the ordinals of its nodes, `None` at level 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growing<'a> {
    pub(crate) adjacency: &'a Adjacency,
    pub(crate) ids: Option<&'a [u32]>,
}

impl Layer for Growing<'_> {
    fn len(&self) -> usize {
        self.adjacency.len()
    }

    #[inline]
    fn links(&self, node: u32) -> &[u32] {
        self.adjacency.row(node)
    }

    #[inline]
    fn ordinal(&self, node: u32) -> u32 {
        self.ids.map_or(node, |ids| ids[node as usize])
    }

    #[inline]
    fn prefetch(&self, node: u32) {
        self.adjacency.prefetch(node);
    }
}
