//! The first part: text, records and the list of what is to be embedded, file by file.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use lumos_engine::{Batch, Doc, Embedder, Error as EngineError, Store};
use rayon::prelude::*;

use super::corpus;
use super::layout::{chunk_docs, chunk_key, embedded_text};
use super::record::{self, FILES, FileKey, FileRecord, LINES, Line, PENDING, Pending};
use super::report::{AddReport, Phase, Watch};
use crate::cache::EmbeddingCache;
use crate::rag::Rag;
use crate::{ChunkOptions, LoadError, MAX_FILE_BYTES, Result, chunk, load};

/// Part of every hash, so that a new layout of documents is written anew.
const LAYOUT: u32 = 1;
/// Files read at once.
const READ_AT_ONCE: usize = 32;
/// Text of several files committed at once, in bytes.
const COMMIT_BYTES: usize = 1 << 20;
/// Documents deleted in one batch when a corpus goes.
pub(super) const DELETE_AT_ONCE: usize = 1_000;

/// Commits the text of files.
pub(super) struct Texts<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) collection: &'a str,
    pub(super) cache: Option<EmbeddingCache<'a>>,
    pub(super) report: &'a mut AddReport,
    chunking: ChunkOptions,
}

/// What is to be done about a file.
enum Plan {
    Unchanged,
    /// Not text, or not readable; what was stored of it stays if it may come back.
    Skip {
        reason: String,
        stored: Option<FileRecord>,
    },
    Write(Box<Change>),
    Corpus,
}

/// A file to be written.
struct Change {
    path: PathBuf,
    key: FileKey,
    record: FileRecord,
    docs: Vec<Doc>,
    /// The record as stored before, with its bytes.
    before: Option<(FileRecord, Vec<u8>)>,
}

impl<'a> Texts<'a> {
    pub(super) fn new(
        rag: &'a Rag,
        embedder: Option<&dyn Embedder>,
        report: &'a mut AddReport,
    ) -> Self {
        let store = rag.store();
        Texts {
            store,
            collection: rag.collection(),
            cache: embedder.map(|embedder| EmbeddingCache::new(store, embedder)),
            report,
            chunking: rag.chunking(),
        }
    }

    /// Writes what is new or has changed among these files.
    pub(super) fn add(&mut self, files: &BTreeSet<PathBuf>, watch: &mut Watch) -> Result<()> {
        let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        let mut group = Vec::new();
        let mut bytes = 0;
        for (at, part) in paths.chunks(READ_AT_ONCE).enumerate() {
            super::add::tell(watch, Phase::Texts, at * READ_AT_ONCE, paths.len());
            if watch.is_cancelled() {
                break;
            }
            let (store, collection, chunking) = (self.store, self.collection, self.chunking);
            let plans: Vec<Result<Plan>> = part
                .par_iter()
                .map(|path| plan(store, collection, chunking, path))
                .collect();
            for (path, plan) in part.iter().zip(plans) {
                match plan? {
                    Plan::Unchanged => self.report.unchanged += 1,
                    Plan::Skip { reason, stored } => {
                        self.report.skipped.push((path.to_path_buf(), reason));
                        if let Some(record) = stored {
                            self.remove(&record)?;
                        }
                    }
                    Plan::Write(mut change) => {
                        if let Some((record, _)) = &change.before
                            && record.generation.is_some()
                        {
                            // It was a corpus: its lines go first, and what comes is new.
                            self.forget(record)?;
                            change.before = None;
                        }
                        bytes += size(&change.docs);
                        group.push(*change);
                        if bytes >= COMMIT_BYTES {
                            self.commit(std::mem::take(&mut group))?;
                            bytes = 0;
                        }
                    }
                    Plan::Corpus => corpus::add(self, path, watch)?,
                }
            }
            self.commit(std::mem::take(&mut group))?;
            bytes = 0;
        }
        if !watch.is_cancelled() {
            super::add::tell(watch, Phase::Texts, paths.len(), paths.len());
        }
        Ok(())
    }

    /// Removes all that is stored of a file.
    pub(super) fn remove(&mut self, record: &FileRecord) -> Result<()> {
        self.forget(record)?;
        self.report.removed += if record.generation.is_some() {
            record.chunks
        } else {
            1
        };
        Ok(())
    }

    /// Removes all that is stored of a file without counting it.
    pub(super) fn forget(&mut self, record: &FileRecord) -> Result<()> {
        let key = FileKey::new(self.collection, &record.source);
        let mut batch = Batch::new();
        if record.generation.is_some() {
            let mut lines = Vec::new();
            record::each(self.store, LINES, &key.pages(), |page, bytes| {
                lines.extend(record::decode::<Vec<Line>>(&page, &bytes)?);
                Ok(())
            })?;
            let keys = lines.iter().map(|line| line.key.as_str());
            self.delete_lines(keys, &key, record)?;
            for page in record::keys(self.store, LINES, &key.pages())? {
                batch.kv_delete(LINES, page);
            }
        } else {
            for n in 0..record.chunks {
                batch.delete(self.collection, chunk_key(&record.source, n));
            }
        }
        for page in record::keys(self.store, PENDING, &key.pages())? {
            batch.kv_delete(PENDING, page);
        }
        batch.kv_delete(FILES, key.record());
        self.store.write(batch)?;
        Ok(())
    }

    /// Deletes documents of a corpus, unless another file has taken over their key.
    ///
    /// From the first of them on no contents fit the record of the file: should the run end here, the next one
    /// reads the file again, whatever it holds then.
    pub(super) fn delete_lines<'k>(
        &mut self,
        keys: impl Iterator<Item = &'k str>,
        file: &FileKey,
        record: &FileRecord,
    ) -> Result<()> {
        let unfinished = FileRecord {
            hash: String::new(),
            ..record.clone()
        };
        let unfinished = record::encode(file.record(), &unfinished)?;
        let mut batch = Batch::new();
        for key in keys {
            if is_stored(self.store, self.collection, key, &record.source)? {
                batch.delete(self.collection, key);
            }
            if batch.len() == DELETE_AT_ONCE {
                batch.kv_set(FILES, file.record(), unfinished.clone());
                self.store.write(std::mem::take(&mut batch))?;
            }
        }
        if !batch.is_empty() {
            batch.kv_set(FILES, file.record(), unfinished);
            self.store.write(batch)?;
        }
        Ok(())
    }

    /// Gives documents the vectors that are known; returns the keys of the others, and how many there
    /// were.
    pub(super) fn attach(&self, docs: &mut [Doc]) -> Result<(Vec<String>, usize)> {
        let mut waiting = Vec::new();
        let mut known = 0;
        for doc in docs {
            let vector = match &self.cache {
                Some(cache) => cache.get(&cache.key(&embedded_text(doc)))?,
                None => None,
            };
            match vector {
                Some(vector) => {
                    *doc = std::mem::take(doc).vector(vector);
                    known += 1;
                }
                None => waiting.push(doc.key.clone()),
            }
        }
        Ok((waiting, known))
    }

    /// Writes files together; when the store refuses one of them, each by itself.
    fn commit(&mut self, mut group: Vec<Change>) -> Result<()> {
        if group.is_empty() {
            return Ok(());
        }
        let mut waiting = Vec::with_capacity(group.len());
        let mut known = Vec::with_capacity(group.len());
        for change in &mut group {
            let (keys, count) = self.attach(&mut change.docs)?;
            waiting.push(keys);
            known.push(count);
        }
        let mut batch = Batch::new();
        for (change, waiting) in group.iter().zip(&waiting) {
            self.append(&mut batch, change, waiting)?;
        }
        let together = match self.store.write(batch) {
            Ok(_) => true,
            Err(error) if is_refusal(&error) => false,
            Err(error) => return Err(error.into()),
        };
        for ((change, waiting), known) in group.iter().zip(&waiting).zip(known) {
            if !together {
                let mut batch = Batch::new();
                self.append(&mut batch, change, waiting)?;
                match self.store.write(batch) {
                    Ok(_) => {}
                    Err(error) if is_refusal(&error) => {
                        self.report
                            .skipped
                            .push((change.path.clone(), error.to_string()));
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            match change.before {
                Some(_) => self.report.changed += 1,
                None => self.report.added += 1,
            }
            self.report.chunks += change.docs.len();
            self.report.cached += known;
        }
        Ok(())
    }

    /// All that a file writes.
    fn append(&self, batch: &mut Batch, change: &Change, waiting: &[String]) -> Result<()> {
        let FileRecord {
            source,
            hash,
            chunks,
            ..
        } = &change.record;
        let key = change.key.record();
        let before = change.before.as_ref();
        batch.kv_expect(FILES, key, before.map(|(_, bytes)| bytes.clone()));
        for n in *chunks..before.map_or(0, |(before, _)| before.chunks) {
            batch.delete(self.collection, chunk_key(source, n));
        }
        for doc in &change.docs {
            batch.put(self.collection, doc.clone());
        }
        batch.kv_set(FILES, key, record::encode(key, &change.record)?);
        let page = change.key.page(0, 0);
        if waiting.is_empty() {
            batch.kv_delete(PENDING, page);
        } else {
            let pending = Pending {
                hash: hash.clone(),
                keys: waiting.to_vec(),
            };
            let bytes = record::encode(&page, &pending)?;
            batch.kv_set(PENDING, page, bytes);
        }
        Ok(())
    }
}

/// Whether it is the data that the store does not take, rather than the store that fails.
pub(super) fn is_refusal(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::FieldType { .. }
            | EngineError::InvalidArgument { .. }
            | EngineError::Json { .. }
            | EngineError::Vector { .. }
    )
}

/// Whether there is a document of this key, made from this file.
pub(super) fn is_stored(
    store: &dyn Store,
    collection: &str,
    key: &str,
    source: &str,
) -> Result<bool> {
    let doc = store.get(collection, key)?;
    Ok(doc.is_some_and(|doc| is_from(&doc, source)))
}

/// Whether a document was made from this file.
fn is_from(doc: &Doc, source: &str) -> bool {
    doc.meta.get("source").and_then(|value| value.as_str()) == Some(source)
}

fn size(docs: &[Doc]) -> usize {
    docs.iter()
        .flat_map(|doc| doc.texts.values())
        .map(String::len)
        .sum()
}

/// Whether all chunks of a file are there: somebody may have removed or replaced some by hand.
fn is_whole(store: &dyn Store, collection: &str, record: &FileRecord) -> Result<bool> {
    for n in 0..record.chunks {
        let key = chunk_key(&record.source, n);
        if !is_stored(store, collection, &key, &record.source)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads a file and decides what is to be done about it.
fn plan(store: &dyn Store, collection: &str, chunking: ChunkOptions, path: &Path) -> Result<Plan> {
    let skip = |reason: String| {
        Ok(Plan::Skip {
            reason,
            stored: None,
        })
    };
    let Some(source) = path.to_str() else {
        return skip(format!("{}: its name is not UTF-8", path.display()));
    };
    if corpus::is_corpus(path) {
        return Ok(Plan::Corpus);
    }
    let bytes = match read(path) {
        Ok(bytes) => bytes,
        Err(error) => return skip(error.to_string()),
    };
    let key = FileKey::new(collection, source);
    let before = record::file_record(store, &key)?;
    let content = blake3::hash(&bytes);
    let hash = fingerprint(content, chunking);
    let is_file = |record: &FileRecord| record.generation.is_none();
    if let Some((record, _)) = &before
        && record.hash == hash
        && is_file(record)
        && is_whole(store, collection, record)?
    {
        return Ok(Plan::Unchanged);
    }
    let document = match load(path, &bytes) {
        Ok(document) => document,
        // What is stored is of an earlier content that is no more.
        Err(error) => {
            let stored = before.map(|(record, _)| record);
            return Ok(Plan::Skip {
                reason: error.to_string(),
                stored,
            });
        }
    };
    let chunks = chunk(&document, &chunking);
    let record = FileRecord {
        source: source.to_string(),
        hash,
        chunks: chunks.len(),
        generation: None,
    };
    let docs = chunk_docs(source, &content.to_hex(), &document, chunks);
    let path = path.to_path_buf();
    Ok(Plan::Write(Box::new(Change {
        path,
        key,
        record,
        docs,
        before,
    })))
}

/// The hash of a file's content and of how it is cut.
fn fingerprint(content: blake3::Hash, chunking: ChunkOptions) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(content.as_bytes());
    hasher.update(format!("{LAYOUT} {chunking:?}").as_bytes());
    hasher.finalize().to_hex().to_string()
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let io = |source| LoadError::Io {
        path: path.to_path_buf(),
        source,
    };
    let bytes = fs::metadata(path).map_err(io)?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(LoadError::TooLarge {
            path: path.to_path_buf(),
            bytes,
        });
    }
    let mut contents = Vec::new();
    // It may grow while it is read: one byte more than is taken tells.
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut contents))
        .map_err(io)?;
    Ok(contents)
}
