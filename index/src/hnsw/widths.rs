//! How wide a graph has to be searched to find a given share of the true neighbours.

use rayon::prelude::*;

use super::{GraphQuery, HnswView, Horizon};
use crate::distance::Exact;
use crate::error::{DecodeError, VectorError};
use crate::flat::{exact_search, scan_all};
use crate::metric::Metric;
use crate::vectors::Vectors;

/// Numbers of neighbours that widths are measured for. The one nearest of a measured query is the row that it
/// lies beside, which tells nothing: fewer than ten get the width of ten.
const KS: [usize; 2] = [10, 100];
/// Shares of the true neighbours that widths are measured for.
const RECALLS: [f32; 7] = [0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];
/// Widths that are tried, narrowest first. Wider ones would take most of the time of all, and up to half of
/// that of building the graph.
const TRIED: [u32; 13] = [8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512];
/// Queries that are tried, one for this many rows, within these bounds.
const ROWS_A_QUERY: usize = 256;
const SAMPLE: [usize; 2] = [64, 128];
/// A query lies between a row and another one that is nearer to it than all but one in this many.
const NEARER_THAN: usize = 40;
/// How far from the one to the other: on 40,000 sentence embeddings searches for such points find a little
/// less than those for queries that people asked; nearer to a row they find more.
const WAY: f32 = 0.3;
/// Rows among which the other one is looked for, at most.
const LOOKED_AT: usize = 4_096;

const SECTION: &str = "vector widths";
const MAGIC: u32 = u32::from_le_bytes(*b"LWID");
const VERSION: u32 = 1;
const WORDS: usize = 3 + KS.len() * RECALLS.len();

/// The `ef` that finds a given share of the true neighbours, as measured on one graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// For each of [`KS`], for each of [`RECALLS`]; 0 where no width tried was enough.
    ef: [[u32; RECALLS.len()]; KS.len()],
}

impl Default for Widths {
    /// Wide enough for most data: what is used where nothing was measured.
    fn default() -> Self {
        Widths {
            ef: [
                [16, 24, 48, 96, 128, 256, 512],
                [128, 192, 192, 256, 384, 512, 512],
            ],
        }
    }
}

impl Widths {
    /// The width for a share of the `k` true neighbours above 0 and at most 1; `None` when all vectors are to
    /// be compared, because that share was not reached otherwise.
    ///
    /// Between 10 and 100 neighbours, for which it is measured, and beyond it follows the ratio; a recall
    /// between two of those measured gets the width of the higher one.
    #[must_use]
    pub fn ef(&self, recall: f32, k: usize) -> Option<usize> {
        let at = RECALLS.iter().position(|&measured| recall <= measured)?;
        let of = |number: usize| match self.ef[number][at] {
            0 => None,
            ef => Some(f64::from(ef)),
        };
        let last = KS.len() - 1;
        let above = KS.iter().position(|&measured| k <= measured);
        let ef = match above {
            Some(0) => of(0)?,
            Some(above) => {
                let (low, high) = (KS[above - 1] as f64, KS[above] as f64);
                let share = (k as f64 / low).ln() / (high / low).ln();
                of(above - 1)?.powf(1.0 - share) * of(above)?.powf(share)
            }
            None => of(last)? * k as f64 / KS[last] as f64,
        };
        Some((ef.ceil() as usize).max(k))
    }

    /// The bytes that [`Widths::decode`] reads: little-endian u32s, `LWID`, the version, the number of widths,
    /// then the widths by number of neighbours (10, 100) and recall (0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let header = [MAGIC, VERSION, (KS.len() * RECALLS.len()) as u32];
        let words = header.iter().chain(self.ef.as_flattened());
        words.flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Reads what [`Widths::encode`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`] when it is not that.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (words, rest) = bytes.as_chunks::<4>();
        let words: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
        if words.first() != Some(&MAGIC) {
            return Err(DecodeError::Magic { section: SECTION });
        }
        if let Some(&found) = words.get(1).filter(|version| **version != VERSION) {
            let supported = VERSION;
            return Err(DecodeError::Version {
                section: SECTION,
                found,
                supported,
            });
        }
        if words.len() != WORDS || !rest.is_empty() {
            return Err(DecodeError::Length {
                section: SECTION,
                needed: WORDS as u64 * 4,
                found: bytes.len() as u64,
            });
        }
        let mut widths = Widths {
            ef: Default::default(),
        };
        let tried = |ef: &u32| *ef == 0 || TRIED.contains(ef);
        for ((at, ef), slot) in (3..).zip(&words[3..]).zip(widths.ef.as_flattened_mut()) {
            if !tried(ef) {
                return Err(DecodeError::Invalid {
                    section: SECTION,
                    offset: at * 4,
                    reason: "no such width is tried",
                });
            }
            *slot = *ef;
        }
        Ok(widths)
    }
}

impl HnswView<'_> {
    /// Measures which widths find which shares of the true neighbours, on the threads of the current rayon
    /// pool; `vectors` are those the graph was built over.
    ///
    /// Queries are points between neighbours, which are not in the graph.
    ///
    /// # Errors
    /// As [`HnswView::search`].
    pub fn widths(&self, vectors: Vectors<'_>, metric: Metric) -> Result<Widths, VectorError> {
        let n = self.len();
        let most = KS[KS.len() - 1].min(n);
        let count = (n / ROWS_A_QUERY).clamp(SAMPLE[0], SAMPLE[1]).min(n);
        let queries: Vec<Vec<f32>> = (0..count)
            .into_par_iter()
            .filter_map(|number| self.between(vectors, metric, number * n / count))
            .collect();
        let bound: Result<Vec<Exact<'_>>, VectorError> = queries
            .iter()
            .map(|query| Exact::new(vectors.first(n), metric, query))
            .collect();
        let truths: Vec<Vec<u32>> = scan_all(&bound?, most)
            .into_iter()
            .map(|near| near.iter().map(|neighbor| neighbor.row).collect())
            .collect();
        let mut widths = Widths {
            ef: Default::default(),
        };
        for (k, row) in KS.into_iter().zip(&mut widths.ef) {
            let mut missing = row.iter_mut().zip(RECALLS).peekable();
            let enough = TRIED.into_iter().filter(|&ef| ef as usize >= k);
            for ef in enough {
                let recall = self.recall(vectors, metric, (&queries, &truths), (k, ef as usize))?;
                while let Some((slot, _)) = missing.next_if(|(_, wanted)| *wanted <= recall) {
                    *slot = ef;
                }
                if missing.peek().is_none() || ef as usize >= n {
                    break;
                }
            }
        }
        Ok(widths)
    }

    /// The share of the true `k` nearest that searches find.
    fn recall(
        &self,
        vectors: Vectors<'_>,
        metric: Metric,
        (queries, truths): (&[Vec<f32>], &[Vec<u32>]),
        (k, ef): (usize, usize),
    ) -> Result<f32, VectorError> {
        let hits: Result<Vec<[usize; 2]>, VectorError> = queries
            .par_iter()
            .zip(truths)
            .map(|(query, truth)| {
                let query = GraphQuery {
                    vector: query,
                    k,
                    ef,
                    allowed: None,
                };
                let truth = &truth[..k.min(truth.len())];
                let (found, _) =
                    self.search_beside(vectors, metric, query, &mut Horizon::default())?;
                let hits = found.iter().filter(|found| truth.contains(&found.row));
                Ok([hits.count(), truth.len()])
            })
            .collect();
        let [found, wanted] = hits?
            .iter()
            .fold([0, 0], |sum, hits| [sum[0] + hits[0], sum[1] + hits[1]]);
        Ok(found as f32 / wanted.max(1) as f32)
    }

    /// A point between a row and one that is not too far from it, prepared; `None` when there is no such point.
    fn between(&self, vectors: Vectors<'_>, metric: Metric, row: usize) -> Option<Vec<f32>> {
        let n = self.len();
        let from = vectors.get(row as u32)?;
        let some = (0..n as u32).step_by(n.div_ceil(LOOKED_AT));
        let rank = some.len() / NEARER_THAN + 1;
        let near = exact_search(vectors, metric, &from, rank, some).ok()?;
        let to = vectors.get(near.last()?.row)?;
        let both = from.iter().zip(to.iter()).zip(0..);
        let mut between: Vec<f32> = match metric.is_of_sets() {
            // There is nothing between two bits: a share of them is of the other row.
            true => both
                .map(|((a, b), at)| {
                    if (at % 10) as f32 / 10.0 < WAY {
                        *b
                    } else {
                        *a
                    }
                })
                .collect(),
            false => both.map(|((a, b), _)| a + (b - a) * WAY).collect(),
        };
        metric.prepare(&mut between).ok()?;
        Some(between)
    }
}
