//! The keyword side of a search, checked against the schema it runs on.

use std::sync::OnceLock;

use lumos_index::{Analyzers, Highlighter, TextQuery};

use super::hit::Highlight;
use super::request::{Language, SearchRequest};
use crate::state::CollectionState;
use crate::{Doc, Error, Result};

/// Snippets of a field, at most.
const MAX_SNIPPETS: usize = 16;
/// Bytes of a snippet.
const SNIPPET_BYTES: std::ops::RangeInclusive<usize> = 16..=65_536;

/// The keyword side of a search.
#[derive(Debug)]
pub(crate) struct KeywordQuery {
    pub(crate) analyzers: Analyzers,
    pub(crate) query: TextQuery,
    /// The fields searched and what each is worth; all alike when empty.
    pub(crate) fields: Vec<(String, f32)>,
    /// What is shown of each field that is to be, made for the first hit.
    shown: OnceLock<Vec<(String, Highlighter)>>,
}

impl KeywordQuery {
    /// The words of a request, or of one of its legs.
    pub(super) fn parse(
        state: &CollectionState,
        request: &SearchRequest,
        text: &str,
    ) -> Result<KeywordQuery> {
        let query = match request.language {
            Language::Plain => TextQuery::parse(text),
            Language::Strict => TextQuery::parse_strict(text),
            Language::AsYouType => TextQuery::as_you_type(text),
        };
        KeywordQuery::new(state, request, query.map_err(Error::Query)?, text)
    }

    /// A query that was read from `input`, or put together.
    pub(super) fn new(
        state: &CollectionState,
        request: &SearchRequest,
        query: TextQuery,
        input: &str,
    ) -> Result<KeywordQuery> {
        let texts = &state.schema.texts;
        let known = || texts.keys().cloned().collect::<Vec<String>>();
        let unknown = |field: &str| !texts.is_empty() && !texts.contains_key(field);
        if let Some(field) = query.fields().find(|field| unknown(field)) {
            return Err(Error::Query(query.unknown_field(field, input, &known())));
        }
        let boosted = request.boosts.iter().map(|(field, _)| field);
        if let Some(field) = request
            .text_fields
            .iter()
            .chain(boosted)
            .find(|field| unknown(field))
        {
            let (name, known) = (&state.name, known().join(", "));
            let detail = format!("\"{field}\" is not in collection \"{name}\"; it has: {known}");
            return Err(invalid("text_field", detail));
        }
        if let Some((field, boost)) = request.boosts.iter().find(|(_, boost)| !worth(*boost)) {
            let detail = format!("of \"{field}\" must be above 0 and at most 1000, it is {boost}");
            return Err(invalid("boost", detail));
        }
        check_snippets(request)?;
        let boost = |field: &String| {
            let boosts = request.boosts.iter().filter(|(name, _)| name == field);
            together(boosts.map(|(_, boost)| *boost))
        };
        let searched: Vec<&String> =
            match (request.text_fields.is_empty(), request.boosts.is_empty()) {
                (false, _) => request.text_fields.iter().collect(),
                (true, false) => texts.keys().collect(),
                (true, true) => Vec::new(),
            };
        Ok(KeywordQuery {
            analyzers: state.schema.analyzers(),
            query,
            fields: searched
                .into_iter()
                .map(|field| (field.clone(), boost(field)))
                .collect(),
            shown: OnceLock::new(),
        })
    }

    /// The pieces of a hit of `request` that show the most of the query.
    pub(super) fn highlights(&self, doc: &Doc, request: &SearchRequest) -> Vec<Highlight> {
        let shown = self.shown.get_or_init(|| {
            let fields = request.highlight.iter();
            let shown = fields.map(|field| {
                let analyzer = self.analyzers.of(field);
                (
                    field.clone(),
                    Highlighter::new(analyzer, field, &self.query),
                )
            });
            shown.collect()
        });
        let (count, bytes) = (request.snippets, request.snippet_bytes);
        let all = shown.iter().filter_map(|(field, shown)| {
            let pieces = shown.snippets(doc.text_field(field)?, count, bytes);
            Some(pieces.into_iter().map(|piece| Highlight {
                field: field.clone(),
                text: piece.text,
                spans: piece.spans,
                offset: piece.offset,
            }))
        });
        all.flatten().collect()
    }
}

/// What boosts of one field make together: any number of them may be given, and their product is finite and
/// above 0 all the same.
fn together(boosts: impl Iterator<Item = f32>) -> f32 {
    boosts.fold(1.0, |all, boost| (all * boost).clamp(1e-6, 1e6))
}

fn worth(boost: f32) -> bool {
    boost > 0.0 && boost <= 1000.0
}

pub(super) fn check_snippets(request: &SearchRequest) -> Result<()> {
    if !(1..=MAX_SNIPPETS).contains(&request.snippets) {
        let detail = format!("must be 1 to {MAX_SNIPPETS}, it is {}", request.snippets);
        return Err(invalid("snippets", detail));
    }
    if !SNIPPET_BYTES.contains(&request.snippet_bytes) {
        let (least, most) = (SNIPPET_BYTES.start(), SNIPPET_BYTES.end());
        let detail = format!("must be {least} to {most}, it is {}", request.snippet_bytes);
        return Err(invalid("snippet_bytes", detail));
    }
    Ok(())
}

fn invalid(argument: &'static str, detail: String) -> Error {
    Error::InvalidArgument { argument, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boosts_given_many_times_stay_finite_and_above_zero() {
        let of = |boost: f32, times| together(std::iter::repeat_n(boost, times));
        assert_eq!((of(3.0, 0), of(3.0, 1), of(3.0, 2)), (1.0, 3.0, 9.0));
        assert_eq!((of(1000.0, 13), of(0.001, 40)), (1e6, 1e-6));
    }
}
