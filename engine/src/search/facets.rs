//! Facets over the documents that match a filter or a keyword query.

use std::borrow::Cow;

use lumos_index::{Facet, FacetPart, FacetResult, RowValues};
use roaring::RoaringBitmap;
use serde::Serialize;

use super::answer;
use super::builder::{Search, extras};
use super::explain::Trace;
use super::leg;
use super::plan::{Plan, bind_filter, check_path};
use super::{Allowed, Hit};
use crate::state::CollectionState;
use crate::{Error, Result};

/// Facets of one call at most.
const MAX_FACETS: usize = 64;

/// The hits of a search, and facets over all that it matched; see [`Search::faceted`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Faceted {
    /// What [`Search::run`] gives.
    pub hits: Vec<Hit>,
    /// How many documents match.
    pub matches: u64,
    /// The facets over them, in the order in which they were asked for.
    pub facets: Vec<FacetResult>,
}

impl Search {
    /// Counts this over everything that matches, for [`Search::faceted`]; may be called again, 64 times.
    pub fn facet(mut self, facet: Facet) -> Self {
        self.facets.push(facet);
        self
    }

    /// Runs the search like [`Search::run`], and counts its facets over all documents that match, however many
    /// hits are wanted: those that a leg by keyword or by a sparse vector finds, whatever thresholds it has. A leg by
    /// vector ranks every document: the facets are over those that match its filter, and have what words beside it
    /// demand.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, Facet, FacetAnswer, Lumos};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").text("snow in May").field("lang", "en"))?;
    /// docs.put(Doc::new("b").text("snow").field("lang", "en"))?;
    /// docs.put(Doc::new("c").text("rain").field("lang", "en"))?;
    /// let found = docs.search("snow").limit(1).facet(Facet::terms("lang")).faceted()?;
    /// assert_eq!((found.hits.len(), found.matches), (1, 2));
    /// let FacetAnswer::Terms { values, .. } = &found.facets[0].answer else { unreachable!() };
    /// assert_eq!((values[0].value.as_str(), values[0].count), (Some("en"), 2));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Search::run`]; `InvalidArgument` for a facet past its limits, `Filter` for a path that no document
    /// has.
    pub fn faceted(mut self) -> Result<Faceted> {
        let facets = std::mem::take(&mut self.facets);
        let (bound, reranker) = self.bound()?;
        let (request, filter) = bound.one()?;
        let (state, extras) = (bound.state()?, extras(reranker.as_ref()));
        check(state, &facets)?;
        let mut hits = answer::hits(state, request, filter, &extras, &mut Trace::off())?;
        bound.keep_hits(0, &mut hits);
        let tree = match request.legs.is_empty() {
            true => leg::single(Plan::new(state, request)?, request.fusion),
            false => leg::plan(state, request)?,
        };
        let mut rows = leg::matching(state, &bind_filter(state, filter)?, &tree.legs)?;
        let unwanted = bound.unwanted(0).map(|key| state.find(key)).transpose()?;
        for place in tree.excluded.iter().chain(unwanted.flatten().iter()) {
            if let Some(rows) = rows.get_mut(place.segment) {
                rows.remove(place.row);
            }
        }
        let rows: Vec<Cow<'_, RoaringBitmap>> = rows.into_iter().map(Cow::Owned).collect();
        Ok(Faceted {
            hits,
            matches: rows.iter().map(|rows| rows.len()).sum(),
            facets: count(state, &facets, &rows)?,
        })
    }
}

/// The rows of each segment that may be found.
pub(super) fn live<'a>(allowed: &'a [Allowed<'_>]) -> Vec<Cow<'a, RoaringBitmap>> {
    let rows = allowed.iter().map(|allowed| {
        allowed
            .bitmap()
            .unwrap_or_else(|| Cow::Owned(allowed.view().live_rows()))
    });
    rows.collect()
}

/// Checks everything that can be wrong with facets but what they count.
pub(super) fn check(state: &CollectionState, facets: &[Facet]) -> Result<()> {
    if facets.len() > MAX_FACETS {
        return Err(invalid(format!(
            "must be {MAX_FACETS} at most, there are {}",
            facets.len()
        )));
    }
    for facet in facets {
        facet.check().map_err(|error| invalid(error.to_string()))?;
        check_path(state, facet.path(), || facet.path().to_string())?;
    }
    Ok(())
}

/// Counts facets over some rows of each segment.
pub(super) fn count(
    state: &CollectionState,
    facets: &[Facet],
    rows: &[Cow<'_, RoaringBitmap>],
) -> Result<Vec<FacetResult>> {
    let nothing = RowValues::default();
    let counted = facets.iter().map(|facet| {
        let values = state.values(facet.path());
        let parts = rows.iter().enumerate().map(|(segment, rows)| FacetPart {
            values: values.segment(segment).unwrap_or(&nothing),
            rows,
        });
        let parts: Vec<FacetPart<'_>> = parts.collect();
        facet
            .count(&parts)
            .map_err(|error| invalid(error.to_string()))
    });
    counted.collect()
}

fn invalid(detail: String) -> Error {
    Error::InvalidArgument {
        argument: "facet",
        detail,
    }
}
