//! Distances from one query to many rows.
//!
//! The unit of work is a *block*: one call scores a list of rows, so that the choice of the
//! instruction set costs one indirect call a block, and the rows are read four at a time.
//! Tiers: own AVX-512 and AVX2 + FMA kernels on x86-64, NEON on aarch64; elsewhere simsimd, which
//! dispatches at run time too. Within a process a pair of vectors has one distance, wherever it
//! stands in a block.
//!
//! Rows that are not f32 are widened a few at a time and go through the same kernels, so that a
//! vector has the same distances in memory and in a file; bits are counted as they are, which
//! gives the same whole numbers.

mod bits;
#[cfg(target_arch = "aarch64")]
mod neon;
mod prefetch;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::sync::OnceLock;

pub use prefetch::prefetch;
pub(crate) use prefetch::prefetch_far;

use crate::error::VectorError;
use crate::metric::Metric;
use crate::vectors::{Rows, Vectors, part};
use bits::BitQuery;

/// What the kernels of one instruction set sum over the components.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const DOT: u8 = 0;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const L2: u8 = 1;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const L1: u8 = 2;

/// Writes to `out[i]` the raw value of `query` against row `ids[i]` of `components`, whose rows
/// are `query.len()` long. Panics when a row is not there.
type Block = fn(query: &[f32], components: &[f32], ids: &[u32], out: &mut [f32]);

/// The kernels of one instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Kernels {
    pub(crate) tier: &'static str,
    pub(crate) dot: Block,
    pub(crate) l2: Block,
    pub(crate) l1: Block,
    pub(crate) hamming: Block,
    pub(crate) jaccard: Block,
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

    /// What computes the raw values of a metric.
    fn block(&self, metric: Metric) -> Block {
        match metric {
            Metric::Cosine | Metric::Dot => self.dot,
            Metric::L2 => self.l2,
            Metric::L1 => self.l1,
            Metric::Hamming => self.hamming,
            Metric::Jaccard => self.jaccard,
        }
    }

    /// The raw value of two vectors of one length.
    pub(crate) fn pair(&self, metric: Metric, a: &[f32], b: &[f32]) -> f32 {
        let mut out = [0.0];
        self.block(metric)(a, b, &[0], &mut out);
        out[0]
    }
}

/// simsimd, for processors without kernels of our own.
const PORTABLE: Kernels = Kernels {
    tier: "simsimd",
    dot: scalar::dot_block,
    l2: scalar::l2_block,
    l1: scalar::l1_block,
    hamming: scalar::hamming_block,
    jaccard: scalar::jaccard_block,
};

/// Rows that are widened together: the kernels read as many at a time.
const WIDENED: usize = 4;

/// Distances at full precision from one query to the rows of a column.
#[derive(Clone, Debug)]
pub(crate) struct Exact<'a> {
    vectors: Vectors<'a>,
    query: Cow<'a, [f32]>,
    /// The query as bits, where rows are bits and are compared as sets.
    bits: Option<BitQuery>,
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
        Ok(Exact::bind(vectors, metric, Cow::Borrowed(query)))
    }

    /// Binds a row of the same column as the query.
    pub(crate) fn from_row(vectors: Vectors<'a>, metric: Metric, ordinal: u32) -> Self {
        Exact::bind(vectors, metric, vectors.row(ordinal))
    }

    fn bind(vectors: Vectors<'a>, metric: Metric, query: Cow<'a, [f32]>) -> Self {
        let bits = match vectors.rows() {
            Rows::Bits(_) if metric.is_of_sets() => Some(BitQuery::new(metric, &query)),
            _ => None,
        };
        let (offset, scale) = metric.affine();
        Exact {
            vectors,
            query,
            bits,
            block: Kernels::detect().block(metric),
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

    /// Says that a row is expanded, which stands at some place among the candidates.
    #[inline(always)]
    fn expanded(&self, _id: u32, _place: usize) {}
}

impl Exact<'_> {
    /// See [`Scorer::distances`]. What is not a number, which only damaged vectors give, is as far
    /// as can be.
    #[inline]
    pub(crate) fn distances(&self, ids: &[u32], out: &mut [f32]) {
        match (self.vectors.rows(), &self.bits) {
            (Rows::F32(components), _) => (self.block)(&self.query, components, ids, out),
            (Rows::Bits(rows), Some(query)) => query.values(rows, ids, out),
            _ => self.widened(ids, out),
        }
        for distance in out {
            *distance = (self.offset + self.scale * *distance).min(f32::INFINITY);
        }
    }

    /// Raw values of rows that are not f32.
    fn widened(&self, ids: &[u32], out: &mut [f32]) {
        thread_local! {
            static BUFFER: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
        }
        const IN_ORDER: [u32; WIDENED] = [0, 1, 2, 3];
        let dim = self.vectors.dim();
        let mut buffer = BUFFER.take();
        buffer.resize(dim * WIDENED, 0.0);
        for (ids, out) in ids.chunks(WIDENED).zip(out.chunks_mut(WIDENED)) {
            for (&id, row) in ids.iter().zip(buffer.chunks_exact_mut(dim)) {
                self.vectors.read(id, row);
            }
            (self.block)(&self.query, &buffer, &IN_ORDER[..ids.len()], out);
        }
        BUFFER.set(buffer);
    }

    /// Asks the processor to fetch all of a row.
    pub(crate) fn prefetch_whole(&self, id: u32) {
        self.vectors.prefetch(id, usize::MAX);
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
        // The first lines start the hardware's own prefetcher.
        const LINES: usize = 8;
        self.vectors.prefetch(id, LINES);
    }
}

#[cfg(test)]
mod tests;
