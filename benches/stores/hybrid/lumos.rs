//! Lumos: one collection on disk, sealed into one segment.

use std::path::Path;

use lumos_engine::{Collection, Doc, Fusion, Lumos, Metric, Schema, Search};
use serde_json::json;

use crate::questions::{Kind, Legs, Question};
use crate::store::{Answer, Store};
use crate::vectors::{DIMENSION, Vectors};

#[derive(Clone)]
pub(crate) struct InLumos {
    docs: Collection,
    name: &'static str,
    fusion: Fusion,
}

impl InLumos {
    /// With the fusion that a search has unless told otherwise.
    pub(crate) fn new(folder: &Path, documents: &[String], vectors: &Vectors) -> InLumos {
        let db = Lumos::open(folder).unwrap();
        let schema = Schema::new()
            .text_field("text")
            .vector(DIMENSION, Metric::Cosine);
        let docs = db.collection_with("docs", schema).unwrap();
        let all = (0u64..).zip(documents).zip(vectors.iter());
        let all = all.map(|((number, text), vector)| {
            Doc::new(number.to_string())
                .text(text.as_str())
                .vector(vector)
                .meta(json!({ "number": number }))
        });
        docs.ingest().run(all).unwrap();
        db.compact().unwrap();
        InLumos {
            docs,
            name: "Lumos",
            fusion: Fusion::default(),
        }
    }

    /// The same collection, asked with the fusion that the others have.
    pub(crate) fn by_ranks(&self) -> InLumos {
        InLumos {
            name: "Lumos, RRF",
            fusion: Fusion::Rrf { k: 60 },
            ..self.clone()
        }
    }
}

fn within(search: Search, below: Option<u64>) -> Answer {
    let search = match below {
        Some(below) => search.filter(format!("number < {below}")),
        None => search,
    };
    let found = search.keys().unwrap();
    Answer::Keys(found.into_iter().map(|found| found.key).collect())
}

impl Store for InLumos {
    fn name(&self) -> &'static str {
        self.name
    }

    fn ask(&self, question: &Question, kind: &Kind) -> Answer {
        let words = || question.words.join(" ");
        let search = match kind.legs {
            Legs::Words => self.docs.search(words()).keywords(),
            Legs::Vector => self.docs.search(question.vector.as_slice()),
            Legs::Both => (self.docs.search(words()))
                .vector(question.vector.as_slice())
                .hybrid()
                .fusion(self.fusion),
        };
        within(search.limit(kind.hits), kind.below)
    }

    fn near(&self, question: &Question, kind: &Kind) -> Answer {
        let search = self.docs.search(question.vector.as_slice());
        within(search.limit(kind.depth()), kind.below)
    }
}
