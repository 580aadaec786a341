//! Corpora: files of JSON lines `{"_id", "title", "text"}`, each line a document whose key is its `_id`.
//!
//! A corpus may be larger than memory and than a commit, so it is written page by page. Each page is one
//! batch: documents, the keys and hashes of the page's lines, and what of it is to be embedded. A run
//! writes a new generation of pages; the file's record points to it at the end, when the documents that
//! are gone and the pages of older generations are deleted. After a crash the pages of all
//! generations together name every document that was written.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use lumos_engine::{Batch, Doc};
use serde_json::{Map, Value};

use super::layout::{MAX_KEY_BYTES, line_doc};
use super::record::{self, FILES, FileKey, FileRecord, LINES, Line, PENDING, Pending};
use super::report::Watch;
use super::texts::{Texts, is_refusal, is_stored};
use crate::{LoadError, Result};

/// Lines of a page.
const PAGE_LINES: usize = 1_000;
/// Text of a page, in bytes.
const PAGE_BYTES: usize = 4 << 20;
/// Longest line, in bytes.
const MAX_LINE_BYTES: u64 = 16 << 20;
/// Lines at the beginning that may tell a corpus.
const HEAD_LINES: usize = 20;

/// Whether a file is a corpus: one of its first lines is an object with an `_id`.
pub(super) fn is_corpus(path: &Path) -> bool {
    if path
        .extension()
        .is_none_or(|extension| !extension.eq_ignore_ascii_case("jsonl"))
    {
        return false;
    }
    let Ok(mut lines) = Lines::open(path) else {
        return false;
    };
    for _ in 0..HEAD_LINES {
        match lines.next() {
            Ok(Some(Ok(line))) => {
                let value: Result<Value, _> = serde_json::from_slice(line);
                if value.is_ok_and(|value| value.get("_id").is_some()) {
                    return true;
                }
            }
            Ok(Some(Err(_))) => {}
            Ok(None) | Err(_) => return false,
        }
    }
    false
}

/// Adds what is new or has changed in a corpus.
pub(super) fn add(texts: &mut Texts<'_>, path: &Path, watch: &mut Watch) -> Result<()> {
    let Some(source) = path.to_str() else {
        texts
            .report
            .skipped
            .push((path.to_path_buf(), "its name is not UTF-8".to_string()));
        return Ok(());
    };
    let hash = match hash_file(path) {
        Ok(hash) => hash,
        Err(source) => {
            let error = LoadError::Io {
                path: path.to_path_buf(),
                source,
            };
            texts
                .report
                .skipped
                .push((path.to_path_buf(), error.to_string()));
            return Ok(());
        }
    };
    let key = FileKey::new(texts.collection, source);
    if let Some((record, _)) = record::file_record(texts.store, &key)? {
        if record.generation.is_none() {
            texts.forget(&record)?;
        } else if record.hash == hash {
            texts.report.unchanged += record.chunks;
            return Ok(());
        }
    }
    let mut corpus = Corpus::begin(texts, path, source, key)?;
    let outcome = corpus.read(watch);
    corpus.report_faults();
    if outcome? {
        corpus.end(hash)?;
    }
    Ok(())
}

/// A corpus that is being added.
struct Corpus<'t, 'a> {
    texts: &'t mut Texts<'a>,
    path: &'t Path,
    source: &'t str,
    key: FileKey,
    generation: u64,
    /// Hash and number, by key, of the lines that may be stored of the corpus.
    before: HashMap<String, (String, usize)>,
    old_pages: Vec<String>,
    /// The line of every key of this run.
    seen: HashMap<String, usize>,
    pages: usize,
    faults: Vec<(usize, String)>,
}

/// A line that is a document.
struct Entry {
    line: Line,
    /// Whether it is stored already, be it under another number.
    known: bool,
    /// `None` when it is stored as it is.
    doc: Option<Doc>,
}

impl<'t, 'a> Corpus<'t, 'a> {
    fn begin(
        texts: &'t mut Texts<'a>,
        path: &'t Path,
        source: &'t str,
        key: FileKey,
    ) -> Result<Self> {
        let mut before = HashMap::new();
        let mut old_pages = Vec::new();
        let mut generation = 0;
        record::each(texts.store, LINES, &key.pages(), |page, bytes| {
            for line in record::decode::<Vec<Line>>(&page, &bytes)? {
                before.insert(line.key, (line.hash, line.number));
            }
            generation = generation.max(key.generation(&page).unwrap_or(0));
            old_pages.push(page);
            Ok(())
        })?;
        Ok(Corpus {
            texts,
            path,
            source,
            key,
            generation: generation + 1,
            before,
            old_pages,
            seen: HashMap::new(),
            pages: 0,
            faults: Vec::new(),
        })
    }

    /// Reads all lines; false when it was cancelled.
    fn read(&mut self, watch: &Watch) -> Result<bool> {
        let io = |source| LoadError::Io {
            path: self.path.to_path_buf(),
            source,
        };
        let mut lines = Lines::open(self.path).map_err(io)?;
        let mut page = Vec::new();
        let mut bytes = 0;
        loop {
            let io = |source| LoadError::Io {
                path: self.path.to_path_buf(),
                source,
            };
            let Some(line) = lines.next().map_err(io)? else {
                break;
            };
            let line = line.map(<[u8]>::to_vec);
            let number = lines.number;
            match line.and_then(|line| self.entry(&line, number)) {
                Ok(Some(entry)) => {
                    bytes += entry
                        .doc
                        .as_ref()
                        .map_or(0, |doc| doc.texts.values().map(String::len).sum::<usize>());
                    page.push(entry);
                }
                Ok(None) => {}
                Err(detail) => self.faults.push((number, detail)),
            }
            if page.len() == PAGE_LINES || bytes >= PAGE_BYTES {
                if watch.is_cancelled() {
                    return Ok(false);
                }
                self.write(std::mem::take(&mut page))?;
                bytes = 0;
            }
        }
        if !page.is_empty() {
            self.write(page)?;
        }
        Ok(true)
    }

    /// The document of a line; `None` for an empty one.
    fn entry(&mut self, bytes: &[u8], number: usize) -> Result<Option<Entry>, String> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let mut object: Map<String, Value> = serde_json::from_slice(bytes)
            .map_err(|error| format!("not a JSON object: {}", without_place(&error)))?;
        let key = match object.remove("_id") {
            Some(Value::String(key)) => key,
            Some(Value::Number(key)) => key.to_string(),
            Some(_) => return Err("\"_id\" must be a string".to_string()),
            None => return Err("\"_id\" is missing".to_string()),
        };
        if key.is_empty() || key.len() > MAX_KEY_BYTES {
            return Err(format!("\"_id\" must have 1 to {MAX_KEY_BYTES} bytes"));
        }
        let text = match object.remove("text") {
            Some(Value::String(text)) => text,
            Some(_) => return Err("\"text\" must be a string".to_string()),
            None => return Err("\"text\" is missing".to_string()),
        };
        let title = match object.remove("title") {
            Some(Value::String(title)) => title,
            None | Some(Value::Null) => String::new(),
            Some(_) => return Err("\"title\" must be a string".to_string()),
        };
        if let Some(first) = self.seen.get(&key) {
            return Err(format!("\"_id\" {key:?} stands in line {first} already"));
        }
        self.seen.insert(key.clone(), number);
        let hash = blake3::hash(bytes).to_hex().to_string();
        let before = self.before.get(&key).filter(|(stored, _)| *stored == hash);
        // A line that has moved is written again: citations tell its number. So is one whose document is
        // gone, by hand or with a run that ended before it had told.
        let texts = &self.texts;
        let stays = before.is_some_and(|(_, stored)| *stored == number)
            && is_stored(texts.store, texts.collection, &key, self.source)
                .map_err(|error| error.to_string())?;
        let place = (self.source, number, hash.as_str());
        Ok(Some(Entry {
            known: before.is_some(),
            doc: (!stays).then(|| line_doc(&key, &title, &text, object, place)),
            line: Line { key, hash, number },
        }))
    }

    /// Commits a page; when the store refuses one of its documents, document by document.
    fn write(&mut self, page: Vec<Entry>) -> Result<()> {
        match self.commit(&page) {
            Err(crate::Error::Engine(error)) if is_refusal(&error) => {}
            outcome => {
                let known = outcome?;
                self.count(&page, known);
                return Ok(());
            }
        }
        let mut accepted: Vec<Entry> = Vec::with_capacity(page.len());
        let mut known = 0;
        for entry in page {
            accepted.push(entry);
            match (self.commit(&accepted), accepted.last()) {
                (Err(crate::Error::Engine(error)), Some(refused)) if is_refusal(&error) => {
                    self.seen.remove(&refused.line.key);
                    self.faults.push((refused.line.number, error.to_string()));
                    accepted.pop();
                }
                (outcome, _) => known = outcome?,
            }
        }
        self.count(&accepted, known);
        Ok(())
    }

    /// Commits a page; returns how many of its documents have their vector already.
    fn commit(&self, entries: &[Entry]) -> Result<usize> {
        let mut docs: Vec<Doc> = entries
            .iter()
            .filter_map(|entry| entry.doc.clone())
            .collect();
        let (waiting, known) = self.texts.attach(&mut docs)?;
        let place = self.key.page(self.generation, self.pages);
        let mut batch = Batch::new();
        for doc in docs {
            batch.put(self.texts.collection, doc);
        }
        let lines: Vec<&Line> = entries.iter().map(|entry| &entry.line).collect();
        batch.kv_set(LINES, place.as_str(), record::encode(&place, &lines)?);
        if !waiting.is_empty() {
            let pending = Pending {
                hash: String::new(),
                keys: waiting,
            };
            batch.kv_set(PENDING, place.as_str(), record::encode(&place, &pending)?);
        }
        // From the first page on the file has a record, which no contents fit before the end.
        let key = self.key.record();
        batch.kv_set(
            FILES,
            key,
            record::encode(key, &self.record(String::new()))?,
        );
        self.texts.store.write(batch)?;
        Ok(known)
    }

    fn record(&self, hash: String) -> FileRecord {
        FileRecord {
            source: self.source.to_string(),
            hash,
            chunks: self.seen.len(),
            generation: Some(self.generation),
        }
    }

    fn count(&mut self, page: &[Entry], known: usize) {
        self.pages += 1;
        let report = &mut self.texts.report;
        report.cached += known;
        for entry in page {
            if entry.known {
                report.unchanged += 1;
                continue;
            }
            report.chunks += 1;
            if self.before.contains_key(&entry.line.key) {
                report.changed += 1;
            } else {
                report.added += 1;
            }
        }
    }

    fn report_faults(&mut self) {
        for (line, detail) in &self.faults {
            let reason = format!("{}:{line}: {detail}", self.path.display());
            self.texts
                .report
                .skipped
                .push((self.path.to_path_buf(), reason));
        }
    }

    /// Deletes what is gone, then points the record to the new generation.
    fn end(self, hash: String) -> Result<()> {
        let gone: Vec<&str> = self
            .before
            .keys()
            .filter(|key| !self.seen.contains_key(*key))
            .map(String::as_str)
            .collect();
        let unfinished = self.record(String::new());
        self.texts
            .delete_lines(gone.iter().copied(), &self.key, &unfinished)?;
        self.texts.report.removed += gone.len();
        // With faults it is read again next time, so that they are told again.
        let hash = if self.faults.is_empty() {
            hash
        } else {
            String::new()
        };
        let record = self.record(hash);
        let key = self.key.record();
        let mut batch = Batch::new();
        batch.kv_set(FILES, key, record::encode(key, &record)?);
        for page in self.old_pages {
            batch.kv_delete(LINES, page);
        }
        self.texts.store.write(batch)?;
        Ok(())
    }
}

/// What is wrong with a line, whose number is told elsewhere.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    format!("{} at column {}", &text[..end], error.column())
}

fn hash_file(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// The lines of a file, one in memory at a time.
struct Lines {
    reader: BufReader<File>,
    line: Vec<u8>,
    /// The number of the last line, from 1.
    number: usize,
}

impl Lines {
    fn open(path: &Path) -> io::Result<Self> {
        let reader = BufReader::new(File::open(path)?);
        Ok(Lines {
            reader,
            line: Vec::new(),
            number: 0,
        })
    }

    /// The next line without its end, or what is wrong with it; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Result<&[u8], String>>> {
        self.line.clear();
        let read = (&mut self.reader)
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.line.last() != Some(&b'\n') && read as u64 == MAX_LINE_BYTES {
            self.skip_line()?;
            return Ok(Some(Err(format!("longer than {MAX_LINE_BYTES} bytes"))));
        }
        if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
            self.line.drain(..3);
        }
        while matches!(self.line.last(), Some(b'\n' | b'\r')) {
            self.line.pop();
        }
        Ok(Some(Ok(&self.line)))
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let feed = buffer.iter().position(|byte| *byte == b'\n');
            let used = feed.map_or(buffer.len(), |at| at + 1);
            self.reader.consume(used);
            if feed.is_some() {
                return Ok(());
            }
        }
    }
}
