//! The second part: what waits for its embedding is embedded, a few hundred texts a batch.

use std::collections::HashMap;

use lumos_engine::{Batch, Doc, EmbedKind, Embedder, Error as EngineError, Store};

use super::layout::embedded_text;
use super::record::{self, PENDING, Pending};
use super::report::{AddReport, Phase, Watch};
use crate::Result;
use crate::cache::{EmbeddingCache, is_usable};
use crate::rag::Rag;

/// Texts that are embedded and committed together.
const COMMIT_TEXTS: usize = 256;

/// Embeds everything that waits for it in the collection.
pub(super) fn embed_pending(
    rag: &Rag,
    embedder: &dyn Embedder,
    report: &mut AddReport,
    watch: &mut Watch,
) -> Result<()> {
    let store = rag.store();
    let mut total = 0;
    let mut pages = Vec::new();
    record::each(
        store,
        PENDING,
        &record::collection_prefix(rag.collection()),
        |key, bytes| {
            total += record::decode::<Pending>(&key, &bytes)?.keys.len();
            pages.push(key);
            Ok(())
        },
    )?;
    let cache = EmbeddingCache::new(store, embedder);
    let mut round = Round {
        store,
        collection: rag.collection(),
        embedder,
        cache,
        jobs: Vec::new(),
    };
    let mut done = 0;
    watch.at(Phase::Vectors, 0, total);
    for page in pages {
        let Some(bytes) = store.kv_get(PENDING, &page)? else {
            continue;
        };
        let pending: Pending = record::decode(&page, &bytes)?;
        let parts = pending.keys.chunks(COMMIT_TEXTS);
        let last = parts.len().saturating_sub(1);
        for (at, keys) in parts.enumerate() {
            if round.texts() + keys.len() > COMMIT_TEXTS {
                done += round.finish(report)?;
                watch.at(Phase::Vectors, done.min(total), total);
                if watch.is_cancelled() {
                    return Ok(());
                }
            }
            round.jobs.push(Job {
                page: page.clone(),
                stored: bytes.clone(),
                keys: keys.to_vec(),
                ends: at == last,
            });
        }
    }
    round.finish(report)?;
    watch.at(Phase::Vectors, total, total);
    Ok(())
}

/// A part of a page.
struct Job {
    page: String,
    /// The page as stored: the batch commits only while it is the same.
    stored: Vec<u8>,
    keys: Vec<String>,
    /// Whether the page is done with it.
    ends: bool,
}

/// What is embedded and committed together.
struct Round<'a> {
    store: &'a dyn Store,
    collection: &'a str,
    embedder: &'a dyn Embedder,
    cache: EmbeddingCache<'a>,
    jobs: Vec<Job>,
}

/// The documents of a job with their cache keys.
struct Filled {
    job: Job,
    docs: Vec<(Doc, String)>,
}

impl Round<'_> {
    fn texts(&self) -> usize {
        self.jobs.iter().map(|job| job.keys.len()).sum()
    }

    /// Embeds and commits what has been gathered; returns how many texts it was.
    fn finish(&mut self, report: &mut AddReport) -> Result<usize> {
        let jobs = std::mem::take(&mut self.jobs);
        let texts = jobs.iter().map(|job| job.keys.len()).sum();
        let mut vectors: HashMap<String, Option<Vec<f32>>> = HashMap::new();
        let mut missing: Vec<(String, String)> = Vec::new();
        let mut filled = Vec::with_capacity(jobs.len());
        for job in jobs {
            let mut docs = Vec::with_capacity(job.keys.len());
            for key in &job.keys {
                // It may be gone, or have its vector from a batch before a crash.
                let Some(doc) = self.store.get(self.collection, key)? else {
                    continue;
                };
                if !doc.vectors.is_empty() {
                    continue;
                }
                let text = embedded_text(&doc);
                // Vectors of a language that the model does not speak would be noise.
                if text.trim().is_empty() || !self.embedder.supports(&text) {
                    continue;
                }
                let cache_key = self.cache.key(&text);
                if vectors.contains_key(&cache_key) {
                    report.cached += 1;
                } else {
                    let known = self.cache.get(&cache_key)?;
                    match known {
                        Some(_) => report.cached += 1,
                        None => missing.push((cache_key.clone(), text)),
                    }
                    vectors.insert(cache_key.clone(), known);
                }
                docs.push((doc, cache_key));
            }
            filled.push(Filled { job, docs });
        }
        let fresh = self.embed(&missing)?;
        report.embedded += missing.len();
        vectors.extend(
            fresh
                .iter()
                .map(|(key, vector)| (key.clone(), Some(vector.clone()))),
        );
        let together: Vec<&Filled> = filled.iter().collect();
        match self.commit(&together, &vectors, &fresh) {
            Err(EngineError::Conflict { .. }) => {}
            outcome => {
                outcome?;
                return Ok(texts);
            }
        }
        // A file was written meanwhile: its new version waits in a page of its own.
        for filled in &filled {
            match self.commit(&[filled], &vectors, &fresh) {
                Ok(()) | Err(EngineError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(texts)
    }

    /// Embeds texts, `[dimension]` numbers each; those that no index takes are left out.
    fn embed(&self, missing: &[(String, String)]) -> Result<Vec<(String, Vec<f32>)>> {
        let dimension = self.embedder.dimension();
        let mut fresh = Vec::with_capacity(missing.len());
        for part in missing.chunks(self.embedder.batch_size().max(1)) {
            let texts: Vec<&str> = part.iter().map(|(_, text)| text.as_str()).collect();
            let vectors = self.embedder.embed(&texts, EmbedKind::Document)?;
            if vectors.len() != texts.len() || vectors.iter().any(|one| one.len() != dimension) {
                return Err(EngineError::Embedder {
                    model: self.embedder.name().to_string(),
                    detail: format!(
                        "it gave {} vectors for {} texts, or not {dimension} numbers in each",
                        vectors.len(),
                        texts.len()
                    ),
                }
                .into());
            }
            let keys = part.iter().map(|(key, _)| key.clone());
            fresh.extend(
                keys.zip(vectors)
                    .filter(|(_, one)| is_usable(one, dimension)),
            );
        }
        Ok(fresh)
    }

    fn commit(
        &self,
        filled: &[&Filled],
        vectors: &HashMap<String, Option<Vec<f32>>>,
        fresh: &[(String, Vec<f32>)],
    ) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        for Filled { job, docs } in filled {
            batch.kv_expect(PENDING, job.page.as_str(), Some(job.stored.clone()));
            for (doc, key) in docs {
                if let Some(Some(vector)) = vectors.get(key) {
                    batch.put(self.collection, doc.clone().vector(vector.as_slice()));
                }
            }
            if job.ends {
                batch.kv_delete(PENDING, job.page.as_str());
            }
        }
        for (key, vector) in fresh {
            self.cache.set(&mut batch, key, vector);
        }
        if !batch.is_empty() {
            self.store.write(batch)?;
        }
        Ok(())
    }
}
