//! Several searches of a graph at once.

use super::asked::Asked;
use super::beam::{QUERIES, Scratch};
use super::search::{GraphQuery, SearchStats};
use super::walk::PairWalk;
use super::{HnswView, Horizon, Route};
use crate::codes::{CodesView, Level, dispatch};
use crate::error::VectorError;
use crate::metric::Metric;
use crate::topk::Neighbor;
use crate::vectors::Vectors;

type Result<T> = std::result::Result<T, VectorError>;

impl HnswView<'_> {
    /// Like [`HnswView::search_beside`] for several queries, each with a horizon of its own: the
    /// same results in less time. Eight queries become codes together, and two walks take turns.
    ///
    /// # Errors
    /// As [`HnswView::search`].
    pub fn search_block(
        &self,
        vectors: Vectors<'_>,
        metric: Metric,
        queries: &[GraphQuery<'_>],
        horizons: &mut [Horizon],
    ) -> Result<Vec<(Vec<Neighbor>, SearchStats)>> {
        let mut found = Vec::with_capacity(queries.len());
        for (queries, horizons) in queries.chunks(QUERIES).zip(horizons.chunks_mut(QUERIES)) {
            let asked: Option<[Asked<'_>; QUERIES]> = queries
                .iter()
                .zip(&*horizons)
                .map(|(query, horizon)| Asked::new(self, vectors, metric, *query, horizon))
                .collect::<Result<Option<Vec<_>>>>()?
                .and_then(|asked| asked.try_into().ok());
            let walked = |asked: &Asked<'_>| asked.route == Route::Graph && asked.codes.is_some();
            let together = asked.filter(|asked| asked.iter().all(walked));
            match (together, self.codes()) {
                (Some(asked), Some(codes)) => self.in_pairs(codes, &asked, horizons, &mut found),
                _ => {
                    for (query, horizon) in queries.iter().zip(horizons) {
                        found.push(self.search_beside(vectors, metric, *query, horizon)?);
                    }
                }
            }
        }
        Ok(found)
    }

    fn in_pairs(
        &self,
        codes: CodesView<'_>,
        asked: &[Asked<'_>; QUERIES],
        horizons: &mut [Horizon],
        found: &mut Vec<(Vec<Neighbor>, SearchStats)>,
    ) {
        Scratch::with(|first| {
            Scratch::with(|second| {
                let mut buffers = std::mem::take(&mut first.queries);
                let vectors = asked.each_ref().map(|asked| asked.query.vector);
                let terms = codes.quantize(vectors, &mut buffers);
                let of = |at: usize| (&buffers[at].query[..], terms[at], asked[at].how);
                let pairs = asked.chunks_exact(2).zip(horizons.chunks_exact_mut(2));
                for ((pair, horizons), at) in pairs.zip((0..).step_by(2)) {
                    let walk = PairWalk {
                        view: self,
                        codes,
                        vectors: pair[0].exact.vectors(),
                        queries: [of(at), of(at + 1)],
                        scratches: [first, second],
                    };
                    let work = dispatch(Level::detect(), walk);
                    let scratches = [&mut *first, &mut *second];
                    let all = pair
                        .iter()
                        .zip(horizons)
                        .zip(work.into_iter().zip(scratches));
                    for ((asked, horizon), (work, scratch)) in all {
                        found.push(asked.conclude(Some((work, true)), scratch, horizon));
                    }
                }
                first.queries = buffers;
            });
        });
    }
}
