//! Doubles: an embedder that hashes words and counts its work, and a store that stops writing.
#![allow(dead_code)] // Each test file uses some of it.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use lumos_engine::{
    Batch, Doc, EmbedKind, Embedder, Error, Hit, Lumos, Result, Scan, Schema, SearchRequest, Seqno,
    Store,
};

/// Texts with words in common get similar vectors.
#[derive(Debug)]
pub(crate) struct Hashing {
    name: String,
    stored: AtomicUsize,
}

impl Hashing {
    pub(crate) fn new(name: &str) -> Self {
        Hashing {
            name: name.to_string(),
            stored: AtomicUsize::new(0),
        }
    }

    /// Texts embedded to be stored since the last call.
    pub(crate) fn take(&self) -> usize {
        self.stored.swap(0, Ordering::Relaxed)
    }
}

const DIMENSION: usize = 256;

impl Embedder for Hashing {
    fn name(&self) -> &str {
        &self.name
    }

    fn dimension(&self) -> usize {
        DIMENSION
    }

    fn max_tokens(&self) -> usize {
        256
    }

    fn batch_size(&self) -> usize {
        4
    }

    fn supports(&self, text: &str) -> bool {
        text.is_ascii()
    }

    fn embed(&self, texts: &[&str], kind: EmbedKind) -> Result<Vec<Vec<f32>>> {
        if kind == EmbedKind::Document {
            self.stored.fetch_add(texts.len(), Ordering::Relaxed);
        }
        Ok(texts.iter().map(|text| vector(text)).collect())
    }
}

fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0f32; DIMENSION];
    for word in text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 3)
    {
        let hash = word
            .to_lowercase()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        vector[(hash >> 32) as usize % DIMENSION] += 1.0;
    }
    let length = vector
        .iter()
        .map(|number| number * number)
        .sum::<f32>()
        .sqrt();
    if length == 0.0 {
        vector[0] = 1.0;
        return vector;
    }
    vector.iter().map(|number| number / length).collect()
}

/// A store whose writes fail after the first few: what a killed process leaves behind.
#[derive(Debug)]
pub(crate) struct Killed {
    pub(crate) db: Lumos,
    pub(crate) writes: AtomicUsize,
}

impl Killed {
    pub(crate) fn after(db: &Lumos, writes: usize) -> Self {
        Killed {
            db: db.clone(),
            writes: AtomicUsize::new(writes),
        }
    }
}

impl Store for Killed {
    fn ensure_collection(&self, collection: &str, schema: &Schema) -> Result<()> {
        Store::ensure_collection(&self.db, collection, schema)
    }
    fn schema(&self, collection: &str) -> Result<Option<Schema>> {
        Store::schema(&self.db, collection)
    }
    fn collections(&self) -> Result<Vec<String>> {
        Store::collections(&self.db)
    }
    fn count(&self, collection: &str) -> Result<u64> {
        Store::count(&self.db, collection)
    }
    fn get(&self, collection: &str, key: &str) -> Result<Option<Doc>> {
        Store::get(&self.db, collection, key)
    }
    fn scan(&self, collection: &str, scan: &Scan) -> Result<Vec<Doc>> {
        Store::scan(&self.db, collection, scan)
    }
    fn search(&self, collection: &str, request: &SearchRequest) -> Result<Vec<Hit>> {
        Store::search(&self.db, collection, request)
    }
    fn write(&self, batch: Batch) -> Result<Seqno> {
        let left = self.writes.load(Ordering::Relaxed);
        if left == 0 {
            return Err(Error::ReadOnly);
        }
        self.writes.store(left - 1, Ordering::Relaxed);
        Store::write(&self.db, batch)
    }
    fn kv_get(&self, space: &str, key: &str) -> Result<Option<Vec<u8>>> {
        Store::kv_get(&self.db, space, key)
    }
    fn kv_scan(&self, space: &str, scan: &Scan) -> Result<Vec<(String, Vec<u8>)>> {
        Store::kv_scan(&self.db, space, scan)
    }
}

/// Every document of a collection.
pub(crate) fn all(db: &Lumos, collection: &str) -> Vec<Doc> {
    let mut docs = Vec::new();
    let mut scan = Scan::all().vectors(true).limit(7);
    loop {
        let page = Store::scan(db, collection, &scan).unwrap();
        let Some(last) = page.last() else {
            return docs;
        };
        scan = scan.after(last.key.clone());
        docs.extend(page);
    }
}

pub(crate) fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
