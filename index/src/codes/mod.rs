//! Quantised vectors: what a graph is walked on. The vectors themselves are read at the end only.

mod layout;
#[cfg(target_arch = "aarch64")]
mod neon;
mod quantizer;
mod scalar;
mod tier;
mod view;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use quantizer::Rung;
pub use view::CodesView;

pub(crate) use quantizer::Terms;
pub(crate) use tier::{Level, Task, Tier, dispatch};
pub(crate) use view::{CodeRow, CodeScorer};

use layout::Layout;
use quantizer::Quantizer;
use rayon::prelude::*;

use crate::cache_line::Line;
use crate::distance::{Exact, Scorer};
use crate::flat::scan;
use crate::metric::Metric;
use crate::topk::{Neighbor, TopK};
use crate::vectors::Vectors;

/// Below this dimension a vector is a cache line or two: codes save little and cost precision.
const MIN_DIM: usize = 32;
/// Rows among which a rung is tried, and how many of them are searched for.
const TRIAL_ROWS: usize = 16_384;
const TRIAL_QUERIES: usize = 64;
/// Neighbours looked for in a trial.
const TRIAL_K: usize = 10;
/// Of 1,000 neighbours, those that a rung has to keep among its candidates.
const TRIAL_KEPT: usize = 998;
/// Rows that searches begin at.
const ENTRIES: usize = 256;
/// Rows from which on there are twice as many of them.
const MANY_ROWS: usize = 1 << 18;

/// An owned column of codes.
#[derive(Clone, Debug)]
pub struct Codes {
    layout: Layout,
    lines: Vec<Line>,
}

impl Codes {
    /// Whether there can be codes of vectors of this dimension under this metric: of 32 components
    /// and more, under cosine, dot and L2.
    #[must_use]
    pub fn suit(dim: usize, metric: Metric) -> bool {
        dim >= MIN_DIM && metric.has_codes()
    }

    /// The cheapest rung that keeps the neighbours of a sample among the candidates that are
    /// compared exactly; `None` when none does, or when vectors are too short to gain by it.
    #[must_use]
    pub fn choose(vectors: Vectors<'_>, metric: Metric) -> Option<Rung> {
        if !Codes::suit(vectors.dim(), metric) || vectors.len() <= TRIAL_K {
            return None;
        }
        let every = vectors.len().div_ceil(TRIAL_ROWS);
        let rows: Vec<u32> = (0..vectors.len() as u32).step_by(every).collect();
        let dim = vectors.dim();
        let mut sample = vec![0.0; rows.len() * dim];
        for (&row, out) in rows.iter().zip(sample.chunks_exact_mut(dim)) {
            vectors.read(row, out);
        }
        let sample = Vectors::new(vectors.dim(), &sample).ok()?;
        let trial = Trial::new(sample, metric);
        let rungs = [Rung::Sq4, Rung::Sq8];
        rungs.into_iter().find(|&rung| trial.holds(rung))
    }

    /// The codes of vectors. The result does not depend on the number of threads. Where they do not
    /// [suit](Codes::suit) a metric they are those for L2, and no graph takes them.
    #[must_use]
    pub fn build(vectors: Vectors<'_>, metric: Metric, rung: Rung) -> Codes {
        let n = vectors.len();
        let quantizer = Quantizer::fit(vectors, metric, rung);
        let wanted = if n >= MANY_ROWS { ENTRIES * 2 } else { ENTRIES };
        let entries: Vec<u32> = (0..n.min(wanted))
            .map(|at| (at * n / n.min(wanted)) as u32)
            .collect();
        let layout = Layout::of(&quantizer, n, entries.len());
        let [center, ordinals, entry, rows, end] = layout.places();
        let mut lines = vec![Line::default(); end / 64];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut lines);
        bytes[..center].copy_from_slice(bytemuck::cast_slice(&layout.header()));
        let center_bytes: &[u8] = bytemuck::cast_slice(&quantizer.center);
        bytes[center..][..center_bytes.len()].copy_from_slice(center_bytes);
        bytes[ordinals..][..entries.len() * 4].copy_from_slice(bytemuck::cast_slice(&entries));
        let stride = layout.stride();
        let (head, codes) = bytes.split_at_mut(rows);
        codes
            .par_chunks_exact_mut(stride)
            .enumerate()
            .with_min_len(256)
            .for_each_init(Default::default, |buffers, (ordinal, out)| {
                let (row, centred): &mut (Vec<f32>, Vec<f32>) = buffers;
                let row = vectors.row_in(ordinal as u32, row);
                quantizer.encode(row, centred, out);
            });
        for (&ordinal, out) in entries.iter().zip(head[entry..].chunks_exact_mut(stride)) {
            out.copy_from_slice(&codes[ordinal as usize * stride..][..stride]);
        }
        Codes { layout, lines }
    }

    /// The codes as they are searched.
    #[must_use]
    pub fn view(&self) -> CodesView<'_> {
        CodesView::new(self.layout, bytemuck::cast_slice(&self.lines))
    }
}

/// Queries among the vectors of a sample, and their true neighbours.
struct Trial<'a> {
    sample: Vectors<'a>,
    metric: Metric,
    queries: Vec<(u32, Vec<Neighbor>)>,
}

impl<'a> Trial<'a> {
    fn new(sample: Vectors<'a>, metric: Metric) -> Self {
        let n = sample.len() as u32;
        let queries: Vec<u32> = (0..n)
            .step_by(sample.len().div_ceil(TRIAL_QUERIES))
            .collect();
        let truth = |&query: &u32| {
            let exact = Exact::from_row(sample, metric, query);
            (query, scan(&exact, TRIAL_K, 0..n))
        };
        Trial {
            sample,
            metric,
            queries: queries.par_iter().map(truth).collect(),
        }
    }

    /// Whether a rung keeps enough of the true neighbours among its candidates.
    fn holds(&self, rung: Rung) -> bool {
        let codes = Codes::build(self.sample, self.metric, rung);
        let kept = |(query, truth): &(u32, Vec<Neighbor>)| {
            let exact = Exact::from_row(self.sample, self.metric, *query);
            let vector = self.sample.row(*query);
            let candidates = nearest_codes(&codes.view(), &vector, rung.rerank(TRIAL_K));
            // Of equal vectors any will do.
            let mut found: Vec<f32> = candidates.iter().map(|c| exact.distance(c.row)).collect();
            found.sort_unstable_by(f32::total_cmp);
            let pairs = truth.iter().zip(&found);
            pairs.filter(|(due, found)| **found <= due.distance).count()
        };
        let kept: usize = self.queries.par_iter().map(kept).sum();
        let due: usize = self.queries.iter().map(|(_, truth)| truth.len()).sum();
        kept * 1_000 >= due * TRIAL_KEPT
    }
}

/// The nearest rows by their codes.
fn nearest_codes(codes: &CodesView<'_>, query: &[f32], k: usize) -> Vec<Neighbor> {
    struct Scan<'a>(CodesView<'a>, &'a [i8], Terms, usize);
    impl Task for Scan<'_> {
        type Output = Vec<Neighbor>;
        #[inline(always)]
        fn run<T: Tier>(self, tier: T) -> Vec<Neighbor> {
            let Scan(codes, query, terms, k) = self;
            let table = codes.table();
            let scorer = CodeScorer {
                tier,
                table,
                query,
                terms,
            };
            let mut top = TopK::new(k);
            let mut distances = [0.0; 64];
            let all: Vec<u32> = (0..codes.len() as u32).collect();
            for ids in all.chunks(64) {
                scorer.distances(ids, &mut distances[..ids.len()]);
                for (&row, &distance) in ids.iter().zip(&distances) {
                    if distance <= top.bound() {
                        top.push(Neighbor { distance, row });
                    }
                }
            }
            top.into_sorted()
        }
    }
    let mut buffer = Vec::new();
    let terms = codes.quantize(query, &mut buffer);
    dispatch(Level::detect(), Scan(*codes, &buffer, terms, k))
}

#[cfg(test)]
mod tests;
