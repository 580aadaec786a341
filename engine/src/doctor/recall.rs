//! Recall of the live index, measured against exact search.

use std::collections::HashSet;

use serde::Serialize;

use crate::Result;
use crate::SearchRequest;
use crate::manifest::CollectionKind;
use crate::search::answer;
use crate::state::{CollectionState, DbState};

/// Neighbours that are compared.
const K: usize = 10;

/// Measured recall of one vector field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RecallReport {
    /// The collection.
    pub collection: String,
    /// The vector field.
    pub field: String,
    /// Stored vectors that were used as queries.
    pub queries: usize,
    /// Share of the ten nearest by exact search that a search with default settings found, 0 to 1.
    pub recall_at_10: f64,
}

pub(super) fn measure(state: &DbState, sample: usize) -> Result<Vec<RecallReport>> {
    let mut reports = Vec::new();
    let collections = state.collections.values();
    for collection in collections.filter(|c| c.kind == CollectionKind::Documents) {
        for field in collection.schema.vectors.keys() {
            let queries = queries(collection, field, sample);
            if queries.is_empty() {
                continue;
            }
            let (mut found, mut wanted) = (0, 0);
            for query in &queries {
                let mut request = SearchRequest::vector(query.clone()).limit(K);
                request.vector_field = Some(field.clone());
                let near = keys(collection, &request)?;
                request.exact = true;
                let truth = keys(collection, &request)?;
                wanted += truth.len();
                found += truth.iter().filter(|key| near.contains(*key)).count();
            }
            reports.push(RecallReport {
                collection: collection.name.clone(),
                field: field.clone(),
                queries: queries.len(),
                recall_at_10: found as f64 / wanted.max(1) as f64,
            });
        }
    }
    Ok(reports)
}

fn keys(collection: &CollectionState, request: &SearchRequest) -> Result<HashSet<String>> {
    let hits = answer::search(collection, request)?;
    Ok(hits.into_iter().map(|hit| hit.doc.key).collect())
}

/// Live vectors of a field at even distances.
fn queries(collection: &CollectionState, field: &str, sample: usize) -> Vec<Vec<f32>> {
    let live = collection.live().max(1);
    let step = live.div_ceil(sample as u64).max(1);
    let mut queries = Vec::new();
    let mut seen = 0;
    for view in &collection.segments {
        for row in view.live_rows() {
            if seen % step == 0
                && let Some(vector) = view.vectors(row).remove(field)
            {
                queries.push(vector);
            }
            seen += 1;
        }
    }
    queries
}
