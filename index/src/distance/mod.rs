//! Distances from one query to many rows.
//!
//! The unit of work is a *block*: one call scores a list of rows, so that the choice of the
//! instruction set costs one indirect call a block, and the rows are read four at a time.
//! Tiers: own AVX-512 and AVX2 + FMA kernels on x86-64, NEON on aarch64; elsewhere simsimd, which
//! dispatches at run time too. Within a process a pair of vectors has one distance, wherever it
//! stands in a block.

#[cfg(target_arch = "aarch64")]
mod neon;
mod prefetch;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::fmt;
use std::sync::OnceLock;

pub(crate) use prefetch::prefetch;

use crate::error::VectorError;
use crate::metric::Metric;
use crate::vectors::Vectors;

/// Writes to `out[i]` the raw value of `query` against row `ids[i]` of `components`, whose rows
/// are `query.len()` long. Panics when a row is not there.
type Block = fn(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]);

/// The kernels of one instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Kernels {
    pub(crate) tier: &'static str,
    pub(crate) dot: Block,
    pub(crate) l2: Block,
}

impl fmt::Debug for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kernels").field(&self.tier).finish()
    }
}

impl Kernels {
    /// The best kernels for this processor.
    pub(crate) fn detect() -> Kernels {
        static BEST: OnceLock<Kernels> = OnceLock::new();
        *BEST.get_or_init(|| Kernels::available().next().unwrap_or(PORTABLE))
    }

    /// Every tier that this processor can run, best first.
    pub(crate) fn available() -> impl Iterator<Item = Kernels> {
        #[cfg(target_arch = "x86_64")]
        let own = x86::available();
        #[cfg(target_arch = "aarch64")]
        let own = neon::available();
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let own = std::iter::empty();
        own.chain([PORTABLE])
    }

    /// Inner product of two vectors of one length.
    pub(crate) fn dot_pair(&self, a: &[f32], b: &[f32]) -> f32 {
        let mut out = [0.0];
        (self.dot)(a, b, &[0], &mut out);
        out[0]
    }

    /// Squared Euclidean distance of two vectors of one length.
    pub(crate) fn l2_pair(&self, a: &[f32], b: &[f32]) -> f32 {
        let mut out = [0.0];
        (self.l2)(a, b, &[0], &mut out);
        out[0]
    }
}

/// simsimd, for processors without kernels of our own.
const PORTABLE: Kernels = Kernels {
    tier: "simsimd",
    dot: scalar::dot_block,
    l2: scalar::l2_block,
};

/// The row `id` of components that come in rows of `dim`.
#[inline(always)]
fn row(components: &[f32], dim: usize, id: u32) -> &[f32] {
    let start = id as usize * dim;
    &components[start..start + dim]
}

/// Distances at full precision from one query to the rows of a column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exact<'a> {
    vectors: Vectors<'a>,
    query: &'a [f32],
    block: Block,
    offset: f32,
    scale: f32,
}

impl<'a> Exact<'a> {
    /// Binds a query, which must have the dimension of the vectors.
    pub(crate) fn new(
        vectors: Vectors<'a>,
        metric: Metric,
        query: &'a [f32],
    ) -> Result<Self, VectorError> {
        if query.len() != vectors.dim() {
            let (expected, got) = (vectors.dim(), query.len());
            return Err(VectorError::DimensionMismatch { expected, got });
        }
        Ok(Exact::bind(vectors, metric, query))
    }

    /// Binds a row of the same column as the query.
    pub(crate) fn from_row(vectors: Vectors<'a>, metric: Metric, ordinal: u32) -> Self {
        Exact::bind(vectors, metric, vectors.row(ordinal))
    }

    fn bind(vectors: Vectors<'a>, metric: Metric, query: &'a [f32]) -> Self {
        let kernels = Kernels::detect();
        let block = if metric == Metric::L2 {
            kernels.l2
        } else {
            kernels.dot
        };
        let (offset, scale) = metric.affine();
        Exact {
            vectors,
            query,
            block,
            offset,
            scale,
        }
    }

    /// Components of the query and of every row.
    pub(crate) fn dim(&self) -> usize {
        self.query.len()
    }

    /// The rows that are scored.
    pub(crate) fn vectors(&self) -> Vectors<'a> {
        self.vectors
    }
}

/// Something that scores rows against a bound query: full-precision vectors now; the search
/// loop knows nothing else of them, so that codes can take their place.
pub(crate) trait Scorer {
    /// Rows that can be scored.
    fn len(&self) -> usize;

    /// Writes to `out[i]` the distance to row `ids[i]`, which is below [`Scorer::len`].
    fn distances(&self, ids: &[u32], out: &mut [f32]);

    /// Asks the processor to fetch a row.
    fn prefetch(&self, id: u32);
}

impl Exact<'_> {
    /// See [`Scorer::distances`].
    #[inline]
    pub(crate) fn distances(&self, ids: &[u32], out: &mut [f32]) {
        (self.block)(self.query, self.vectors.components(), ids, out);
        for distance in out {
            *distance = self.offset + self.scale * *distance;
        }
    }

    /// Asks the processor to fetch all of a row.
    pub(crate) fn prefetch_whole(&self, id: u32) {
        let dim = self.vectors.dim();
        let start = id as usize * dim;
        for at in (0..dim).step_by(16) {
            prefetch(self.vectors.components(), start + at);
        }
    }

    /// The distance to one row.
    pub(crate) fn distance(&self, id: u32) -> f32 {
        let mut out = [0.0];
        self.distances(&[id], &mut out);
        out[0]
    }
}

impl Scorer for Exact<'_> {
    fn len(&self) -> usize {
        self.vectors.len()
    }

    #[inline]
    fn distances(&self, ids: &[u32], out: &mut [f32]) {
        Exact::distances(self, ids, out);
    }

    #[inline]
    fn prefetch(&self, id: u32) {
        // 16 floats are a cache line. The first lines start the hardware's own prefetcher.
        const LINES: usize = 8;
        let dim = self.vectors.dim();
        let start = id as usize * dim;
        for line in 0..LINES.min(dim.div_ceil(16)) {
            prefetch(self.vectors.components(), start + line * 16);
        }
    }
}

#[cfg(test)]
mod tests;
