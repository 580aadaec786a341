//! Which codes a column gets: what is cheapest of all that find the neighbours of a sample.

use std::sync::Arc;

use rayon::prelude::*;

use super::projection::{Basis, Projection, TOGETHER};
use super::quantizer::{Buffers, own_steps};
use super::rung::Rung;
use super::tier::{Level, Task, Tier, dispatch};
use super::{CodeScorer, Codes, CodesView, Terms};
use crate::distance::{Exact, Scorer};
use crate::flat::scan_all;
use crate::metric::Metric;
use crate::topk::{Neighbor, TopK};
use crate::vectors::Vectors;

/// Rows among which the neighbours of a trial are looked for, at most: a sample of rows lies less
/// close than all of them, and codes confuse less of it.
const TRIAL_ROWS: usize = 1 << 20;
/// How many of them are searched for.
const TRIAL_QUERIES: usize = 64;
/// Neighbours looked for in a trial.
const TRIAL_K: usize = 10;
/// Neighbours of each that have a part in the trial: codes that take one farther out for one of the
/// nearest are none to be chosen.
const TRIAL_AROUND: usize = 256;
/// Of 1,000 neighbours, those that a scheme has to keep among its candidates, and those that it should.
const TRIAL_KEPT: [usize; 2] = [960, 990];
/// Candidates beyond the neighbours looked for, of which a scheme may need as many.
const EXTRA: [usize; 11] = [2, 3, 4, 6, 8, 11, 15, 20, 30, 50, 90];
/// What stands for more than those.
const MOST_EXTRA: usize = 120;
/// Cache lines of a row that are tried with fewer dimensions.
const LINES: [usize; 6] = [1, 2, 3, 4, 6, 8];
/// Directions that are looked for, at most.
const MOST_KEPT: usize = 512;
/// Fewer rows than this, or than this many times the dimension, do not tell how others will lie.
const PROJECTED_ROWS: usize = 8_192;
const ROWS_A_DIMENSION: usize = 8;
/// More dimensions than this have a covariance that is too large to be made beside everything else.
const MOST_DIM: usize = 4_096;
/// Rows that directions are fitted to: this many times the dimension, within these bounds.
const FIT_ROWS_A_DIMENSION: usize = 4;
const FIT_ROWS: [usize; 2] = [4_096, 8_192];

/// How a column is quantised.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheme {
    pub(super) rung: Rung,
    /// Candidates beyond the results that are compared exactly.
    pub(super) extra: usize,
    pub(super) projection: Option<Arc<Projection>>,
}

impl From<Rung> for Scheme {
    /// All dimensions, without a trial.
    fn from(rung: Rung) -> Scheme {
        Scheme {
            rung,
            extra: rung.usual_extra(),
            projection: None,
        }
    }
}

impl Scheme {
    /// The cheapest scheme that keeps the neighbours of a sample among the candidates that are
    /// compared exactly; `None` when none does, or when vectors are too short to gain by it.
    ///
    /// Cheap is what reads few cache lines: of codes, and of vectors in the end. From some
    /// thousand rows on, codes of fewer dimensions are among those tried.
    #[must_use]
    pub fn choose(vectors: Vectors<'_>, metric: Metric) -> Option<Scheme> {
        if !Codes::suit(vectors.dim(), metric) || vectors.len() <= TRIAL_K {
            return None;
        }
        let dim = vectors.dim();
        let trial = Trial::new(vectors.first(TRIAL_ROWS), metric)?;
        let mut plans = Plan::all(vectors, metric);
        plans.sort_by_key(|plan| plan.cost(vectors, EXTRA[0]));
        let fewer = plans.iter().filter_map(|plan| plan.kept);
        let widest = fewer.filter(|kept| *kept < dim).max();
        let basis = widest.map(|widest| {
            let rows = (dim * FIT_ROWS_A_DIMENSION).clamp(FIT_ROWS[0], FIT_ROWS[1]);
            Basis::fit(sampled(vectors, rows), dim, widest)
        });
        // To walk on the vectors themselves is the other way.
        let mut best = (Plan::cost_of_none(vectors) * TRIAL_KEPT.len(), None);
        for plan in plans {
            if plan.cost(vectors, EXTRA[0]) * TRIAL_KEPT.len() >= best.0 {
                break;
            }
            let projection = match (plan.kept, &basis) {
                (Some(kept), _) if kept == dim => Some(Projection::turn(dim)),
                (Some(kept), Some(basis)) => Some(basis.projection(kept)),
                _ => None,
            };
            let scheme = Scheme {
                projection,
                ..Scheme::from(plan.rung)
            };
            if let Some(extras) = trial.extras(&scheme) {
                let cost = extras.iter().map(|extra| plan.cost(vectors, *extra)).sum();
                if cost < best.0 {
                    // The last hundredth of the neighbours is farther out.
                    let extra = extras[1] + extras[1] / 2;
                    best = (cost, Some(Scheme { extra, ..scheme }));
                }
            }
        }
        best.1
    }

    /// All dimensions, turned, whatever that gives.
    #[cfg(test)]
    pub(crate) fn turned(rung: Rung, dim: usize) -> Scheme {
        Scheme {
            projection: Some(Projection::turn(dim)),
            ..Scheme::from(rung)
        }
    }

    /// The scheme for the codes that a graph is built on: as many dimensions, seven bits of each.
    #[must_use]
    pub fn to_build_on(&self) -> Scheme {
        Scheme {
            rung: Rung::Sq8,
            ..self.clone()
        }
    }

    /// Components that have codes, if they are not those of the vectors but of a projection: fewer, or
    /// as many, turned.
    #[must_use]
    pub fn kept(&self) -> Option<usize> {
        self.projection.as_deref().map(Projection::kept)
    }
}

/// Rows of a column at equal distances, without those that a trial searches for.
fn sampled(vectors: Vectors<'_>, most: usize) -> Vec<f32> {
    let (n, dim) = (vectors.len(), vectors.dim());
    // Every second place: the queries of a trial are at even ones.
    let places = n.min(most * 2);
    let rows = (1..places).step_by(2).map(|place| place * n / places);
    let mut sample = vec![0.0; places / 2 * dim];
    for (row, out) in rows.zip(sample.chunks_exact_mut(dim)) {
        vectors.read(row as u32, out);
    }
    sample
}

/// A search is this wide at least, for the graph's sake.
const WIDTH: usize = 32;
/// Bytes of links that are read beside the codes of a row, and bytes of both that cannot be near.
const LINKS: usize = 128;
const FAR: usize = 32 << 20;
/// Tenths of the time of a near cache line of codes: a row whatever its length, a line of codes, of
/// vectors, and of what is read in order.
const ROW: usize = 25;
const LINE: usize = 10;
const VECTOR_LINE: usize = 22;
const MATRIX_LINE: usize = 3;

/// A scheme that may be tried.
struct Plan {
    rung: Rung,
    /// Components after a projection, if there is one: fewer than there are, or all of them turned.
    kept: Option<usize>,
    /// Cache lines of a row.
    lines: usize,
}

impl Plan {
    fn all(vectors: Vectors<'_>, metric: Metric) -> Vec<Plan> {
        let (n, dim, own) = (vectors.len(), vectors.dim(), own_steps(metric));
        let enough = dim <= MOST_DIM && n >= PROJECTED_ROWS.max(dim * ROWS_A_DIMENSION);
        let mut plans = Vec::new();
        for rung in [Rung::Sq4, Rung::Sq8] {
            let whole = rung.stride(dim, own) / 64;
            plans.push(Plan {
                rung,
                kept: None,
                lines: whole,
            });
            if dim.is_multiple_of(TOGETHER) && dim <= MOST_KEPT {
                plans.push(Plan {
                    rung,
                    kept: Some(dim),
                    lines: whole,
                });
            }
            for lines in LINES.into_iter().filter(|&lines| enough && lines < whole) {
                let kept = rung.capacity(lines, own);
                if kept <= MOST_KEPT.min(dim * 3 / 4) {
                    plans.push(Plan {
                        rung,
                        kept: Some(kept),
                        lines,
                    });
                }
            }
        }
        plans
    }

    /// What a search takes that needs so many candidates beyond its results, in tenths of the time
    /// of reading a cache line of codes that is near. The shares were fitted to measurements on
    /// two columns, one of 384 and one of 784 dimensions.
    fn cost(&self, vectors: Vectors<'_>, extra: usize) -> usize {
        let candidates = TRIAL_K + extra;
        let rows = 150 + 13 * candidates.max(WIDTH);
        let hot = vectors.len() * (self.lines * 64 + LINKS);
        let line = LINE + LINE * hot.min(FAR) / FAR;
        let matrix = self.kept.unwrap_or_default() * vectors.dim();
        rows * (ROW + self.lines * line)
            + super::ENTRIES * (LINE + self.lines * MATRIX_LINE)
            + candidates * vector_lines(vectors) * VECTOR_LINE
            + matrix / 64 * MATRIX_LINE
    }

    /// The same without codes.
    fn cost_of_none(vectors: Vectors<'_>) -> usize {
        let rows = 150 + 13 * WIDTH;
        rows * (ROW + vector_lines(vectors) * VECTOR_LINE)
    }
}

/// Cache lines of a vector.
fn vector_lines(vectors: Vectors<'_>) -> usize {
    let bytes = vectors.element().packed_bytes(vectors.dim(), 64);
    (bytes.unwrap_or_default() / 64).div_ceil(64)
}

/// Queries among the vectors of a column, and what is around them.
struct Trial {
    dim: usize,
    metric: Metric,
    /// Rows around the queries.
    sample: Vec<f32>,
    /// Each query, and the distance of the farthest of its neighbours.
    queries: Vec<(Vec<f32>, f32)>,
    /// Neighbours of each.
    wanted: usize,
}

impl Trial {
    fn new(vectors: Vectors<'_>, metric: Metric) -> Option<Self> {
        let (n, dim) = (vectors.len(), vectors.dim());
        let count = TRIAL_QUERIES.min(n);
        // Directions are fitted to other places.
        let exact: Vec<Exact<'_>> = (0..count)
            .map(|at| Exact::from_row(vectors, metric, (at * n / count) as u32))
            .collect();
        let near = scan_all(&exact, TRIAL_AROUND);
        let mut rows: Vec<u32> = near.iter().flatten().map(|near| near.row).collect();
        rows.sort_unstable();
        rows.dedup();
        let mut sample = vec![0.0; rows.len() * dim];
        for (&row, out) in rows.iter().zip(sample.chunks_exact_mut(dim)) {
            vectors.read(row, out);
        }
        let wanted = TRIAL_K.min(n);
        let farthest = near.iter().map(|near| near.get(wanted - 1));
        let farthest: Option<Vec<f32>> = farthest.map(|near| Some(near?.distance)).collect();
        let queries = (0..count).map(|at| vectors.row((at * n / count) as u32).into_owned());
        Some(Trial {
            dim,
            metric,
            sample,
            queries: queries.zip(farthest?).collect(),
            wanted,
        })
    }

    /// The least numbers of [`EXTRA`] candidates with which a scheme keeps as many of the true
    /// neighbours as it has to, and as it should.
    fn extras(&self, scheme: &Scheme) -> Option<[usize; TRIAL_KEPT.len()]> {
        let sample = Vectors::new(self.dim, &self.sample).ok()?;
        let codes = Codes::build(sample, self.metric, scheme.clone());
        let kept = |(query, farthest): &(Vec<f32>, f32)| {
            let most = TRIAL_K + EXTRA[EXTRA.len() - 1];
            let candidates = nearest_codes(&codes.view(), query, most);
            let exact = Exact::new(sample, self.metric, query).ok()?;
            // Of equal vectors any will do.
            let near: Vec<bool> = candidates
                .iter()
                .map(|candidate| exact.distance(candidate.row) <= *farthest)
                .collect();
            let kept = |extra| {
                near.iter()
                    .take(TRIAL_K + extra)
                    .filter(|near| **near)
                    .count()
            };
            Some(EXTRA.map(|extra| kept(extra).min(self.wanted)))
        };
        let kept: Option<Vec<[usize; EXTRA.len()]>> = self.queries.par_iter().map(kept).collect();
        let kept = kept?;
        let due = self.queries.len() * self.wanted;
        let least = TRIAL_KEPT.map(|wanted| {
            let enough = |at: &usize| {
                let kept: usize = kept.iter().map(|kept| kept[*at]).sum();
                kept * 1_000 >= due * wanted
            };
            (0..EXTRA.len()).find(enough).map(|at| EXTRA[at])
        });
        let [must, should] = least;
        Some([must?, should.unwrap_or(MOST_EXTRA)])
    }
}

/// The nearest rows by their codes.
pub(super) fn nearest_codes(codes: &CodesView<'_>, query: &[f32], k: usize) -> Vec<Neighbor> {
    struct Scan<'a>(CodesView<'a>, &'a [i8], Terms, usize);
    impl Task for Scan<'_> {
        type Output = Vec<Neighbor>;
        #[inline(always)]
        fn run<T: Tier>(self, tier: T) -> Vec<Neighbor> {
            let Scan(codes, query, terms, k) = self;
            let table = codes.table();
            let scorer = CodeScorer {
                ahead: None,
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
    let mut buffers = [Buffers::default()];
    let [terms] = codes.quantize([query], &mut buffers);
    let [buffers] = buffers;
    dispatch(Level::detect(), Scan(*codes, &buffers.query, terms, k))
}
