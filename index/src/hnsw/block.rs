//! Several searches of a graph at once.

use super::asked::Asked;
use super::beam::{QUERIES, Scratch};
use super::search::{GraphQuery, SearchStats};
use super::walk::CodeWalk;
use super::{HnswView, Horizon, Route};
use crate::codes::{CodesView, Level, dispatch};
use crate::error::VectorError;
use crate::metric::Metric;
use crate::topk::Neighbor;
use crate::vectors::Vectors;

type Result<T> = std::result::Result<T, VectorError>;

impl HnswView<'_> {
    /// Like [`HnswView::search_beside`] for several queries, each with a horizon of its own: the
    /// same results in less time, since eight queries become codes together. A query without a
    /// horizon is not searched for.
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
            let both = queries.iter().zip(&*horizons);
            let asked: Vec<Option<Asked<'_>>> = both
                .map(|(query, horizon)| Asked::new(self, vectors, metric, *query, horizon))
                .collect::<Result<_>>()?;
            let walked = |asked: &&Asked<'_>| asked.route == Route::Graph;
            let walks: Vec<&Asked<'_>> = asked.iter().flatten().filter(walked).collect();
            match (walks.try_into(), self.codes()) {
                (Ok(asked), Some(codes)) if codes.dim() == vectors.dim() => {
                    self.together(codes, asked, horizons, &mut found);
                }
                _ => found.extend(asked.iter().zip(horizons).map(|(asked, horizon)| {
                    let asked = asked.as_ref();
                    asked.map_or_else(<_>::default, |asked| self.answer(asked, horizon))
                })),
            }
        }
        Ok(found)
    }

    fn together(
        &self,
        codes: CodesView<'_>,
        asked: [&Asked<'_>; QUERIES],
        horizons: &mut [Horizon],
        found: &mut Vec<(Vec<Neighbor>, SearchStats)>,
    ) {
        Scratch::with(|scratch| {
            let mut buffers = std::mem::take(&mut scratch.queries);
            let vectors = asked.map(|asked| asked.query.vector);
            let terms = codes.quantize(vectors, &mut buffers);
            for (((asked, horizon), buffers), terms) in
                asked.into_iter().zip(horizons).zip(&buffers).zip(terms)
            {
                let walk = CodeWalk {
                    view: self,
                    codes,
                    vectors: asked.exact.vectors(),
                    query: &buffers.query,
                    terms,
                    how: asked.how,
                    scratch,
                };
                let walked = dispatch(Level::detect(), walk);
                found.push(asked.conclude(Some(walked), scratch, horizon));
            }
            scratch.queries = buffers;
        });
    }
}
