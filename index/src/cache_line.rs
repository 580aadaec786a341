//! Memory that begins on a cache line.

/// A cache line of words: what makes a structure in memory begin on a line.
#[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Line([u32; LINE]);

/// Words of a line.
pub(crate) const LINE: usize = 16;
