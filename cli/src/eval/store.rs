//! Where the judged collection is indexed: in memory, or in a directory that saves embedding it again.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use lumos::{Collection, DEFAULT_VECTOR_FIELD, Doc, EmbedKind, Embedder, Lumos, Scan};

use super::judged::Text;
use crate::failure::Result;
use crate::progress;

const CORPUS: &str = "corpus";
const QUERIES: &str = "queries";
/// Texts embedded at once.
const AT_ONCE: usize = 256;
/// Keys read at once.
const PAGE: usize = 1_000;

/// The store of one measurement.
pub(super) struct Store {
    db: Lumos,
    embedder: Arc<dyn Embedder>,
}

impl Store {
    /// In memory, or in this directory.
    pub(super) fn open(directory: Option<&Path>, embedder: Arc<dyn Embedder>) -> Result<Self> {
        let db = match directory {
            Some(directory) => Lumos::open(directory)?,
            None => Lumos::memory()?,
        };
        Ok(Store { db, embedder })
    }

    /// The corpus and nothing else, embedded and searchable.
    pub(super) fn corpus(&self, texts: &[Text]) -> Result<Collection> {
        let collection = self.filled(CORPUS, texts, EmbedKind::Document, "indexing")?;
        let wanted: HashSet<&str> = texts.iter().map(|text| text.id.as_str()).collect();
        let mut after: Option<String> = None;
        loop {
            let mut scan = Scan::all().limit(PAGE);
            if let Some(key) = after.take() {
                scan = scan.after(key);
            }
            let page = collection.scan(&scan)?;
            for doc in page.iter().filter(|doc| !wanted.contains(doc.key.as_str())) {
                collection.delete(doc.key.as_str())?;
            }
            match page.last() {
                Some(last) => after = Some(last.key.clone()),
                None => return Ok(collection),
            }
        }
    }

    /// The vectors of the queries, in order.
    pub(super) fn queries(&self, texts: &[Text]) -> Result<Vec<Vec<f32>>> {
        let collection = self.filled(QUERIES, texts, EmbedKind::Query, "embedding")?;
        let vector = |text: &Text| -> Result<Vec<f32>> {
            let doc = collection.get(&text.id)?;
            Ok(doc
                .and_then(|mut doc| doc.vectors.remove(DEFAULT_VECTOR_FIELD))
                .unwrap_or_default())
        };
        texts.iter().map(vector).collect()
    }

    /// A collection that holds these texts with their vectors; what it holds already is not embedded
    /// again.
    fn filled(
        &self,
        name: &str,
        texts: &[Text],
        kind: EmbedKind,
        what: &'static str,
    ) -> Result<Collection> {
        self.db.set_embedder(name, Arc::clone(&self.embedder))?;
        let collection = self.db.existing_collection(name)?;
        let bar = progress::bar(Some(texts.len() as u64), what);
        for part in texts.chunks(AT_ONCE) {
            let mut missing = Vec::new();
            for text in part {
                let stored = collection.get(&text.id)?;
                if stored.is_none_or(|doc| doc.text_field("text") != Some(&text.text)) {
                    missing.push(text);
                }
            }
            let bodies: Vec<&str> = missing.iter().map(|text| text.text.as_str()).collect();
            if !bodies.is_empty() {
                let vectors = self.embedder.embed(&bodies, kind)?;
                let docs = missing.iter().zip(vectors);
                let docs =
                    docs.map(|(text, vector)| Doc::new(&text.id).text(&text.text).vector(vector));
                collection.put_all(docs)?;
            }
            bar.inc(part.len() as u64);
        }
        bar.finish_and_clear();
        Ok(collection)
    }
}
