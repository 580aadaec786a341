//! What a search finds.

use std::ops::Range;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::doc::DEFAULT_TEXT_FIELD;
use crate::{Doc, Document, Result};

/// A piece of a text field with the matching words marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Highlight {
    /// The text field.
    pub field: String,
    /// The piece of text.
    pub text: String,
    /// Byte spans of the matches within `text`, on character boundaries, in order.
    pub spans: Vec<Range<usize>>,
    /// Where the piece begins in the field, in bytes.
    pub offset: usize,
}

impl Highlight {
    /// The piece with `before` and `after` around every match.
    pub fn marked(&self, before: &str, after: &str) -> String {
        let mut out = String::with_capacity(self.text.len() + self.spans.len() * 8);
        let mut end = 0;
        for span in &self.spans {
            let (Some(plain), Some(hit)) =
                (self.text.get(end..span.start), self.text.get(span.clone()))
            else {
                continue;
            };
            out.push_str(plain);
            out.push_str(before);
            out.push_str(hit);
            out.push_str(after);
            end = span.end;
        }
        out.push_str(self.text.get(end..).unwrap_or_default());
        out
    }
}

/// The place of a hit in one leg of a search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LegRank {
    /// 1 is the best.
    pub rank: usize,
    /// The leg's own score: cosine similarity, dot product, Euclidean distance, or BM25.
    pub score: f32,
}

/// The place of a hit in one leg of a search, by the name of the leg.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LegScore {
    /// The leg.
    pub name: String,
    /// 1 is the best.
    pub rank: usize,
    /// The leg's own score: cosine similarity, dot product, a distance, or BM25.
    pub score: f32,
}

impl LegScore {
    pub(crate) fn new(name: &str, at: LegRank) -> Self {
        LegScore {
            name: name.to_string(),
            rank: at.rank,
            score: at.score,
        }
    }
}

/// The key of a document found, and its score: what [`Search::keys`](crate::Search::keys) gives.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ScoredKey {
    /// The key of the document.
    pub key: String,
    /// The score of the search, as in [`Hit::score`].
    pub score: f32,
}

/// One document found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Hit {
    /// The score of the whole search; for an L2 vector search a distance, else higher is better.
    pub score: f32,
    /// The document; vectors only when asked for.
    #[serde(flatten)]
    pub doc: Doc,
    /// Its place among the nearest vectors, of the first leg by vector.
    pub vector_rank: Option<LegRank>,
    /// Its place in the keyword ranking, of the first leg by keyword.
    pub text_rank: Option<LegRank>,
    /// Its place in each leg that scores it, in the order of the legs.
    pub legs: Vec<LegScore>,
    /// Marked pieces of the fields asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub highlights: Vec<Highlight>,
}

impl Hit {
    /// Moves up in each leg where a hit that is gone was better.
    pub(super) fn close_up(&mut self, gone: &Hit) {
        let legs = [
            (&mut self.vector_rank, gone.vector_rank),
            (&mut self.text_rank, gone.text_rank),
        ];
        for (own, gone) in legs {
            if let (Some(own), Some(gone)) = (own, gone) {
                own.rank -= usize::from(own.rank > gone.rank);
            }
        }
        for own in &mut self.legs {
            let mut others = gone.legs.iter();
            if let Some(gone) = others.find(|other| other.name == own.name) {
                own.rank -= usize::from(own.rank > gone.rank);
            }
        }
    }

    /// The key of the document.
    pub fn key(&self) -> &str {
        &self.doc.key
    }

    /// The default text field, empty when the document has none.
    pub fn text(&self) -> &str {
        self.doc.text_field(DEFAULT_TEXT_FIELD).unwrap_or_default()
    }

    /// The metadata.
    pub fn meta(&self) -> &Map<String, Value> {
        &self.doc.meta
    }

    /// Reads the document into a type; see [`Doc::parse`].
    ///
    /// # Errors
    /// [`Error::Json`](crate::Error::Json) when a field is missing or has another type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        self.doc.parse()
    }

    /// The struct that was put; its vectors are there when the search asked for them.
    ///
    /// # Errors
    /// As [`Document::from_doc`].
    pub fn document<T: Document>(&self) -> Result<T> {
        T::from_doc(self.doc.clone())
    }
}
