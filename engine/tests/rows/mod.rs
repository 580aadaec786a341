//! A small store of every kind of row, and random questions for it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

use lumos_engine::{Collection, Doc, Hit, Lumos, Metric, Schema, field};

use super::crash::model::Random;

pub const DIM: usize = 6;
pub const WORDS: [&str; 6] = ["wal", "segment", "graph", "lock", "page", "merge"];

pub fn cases() -> u64 {
    let set = std::env::var("LUMOS_CASES").ok();
    set.and_then(|set| set.parse().ok()).unwrap_or(500)
}

pub fn vector(random: &mut Random) -> Vec<f32> {
    let component = |_| (random.next() % 2_001) as f32 / 1_000.0 - 1.0;
    let mut vector: Vec<f32> = (0..DIM).map(component).collect();
    vector[0] += 0.001;
    vector
}

pub fn words(random: &mut Random, most: u64) -> String {
    let count = 1 + random.below(most);
    let words: Vec<&str> = (0..count)
        .map(|_| WORDS[random.below(6) as usize])
        .collect();
    words.join(" ")
}

/// Rows in two sealed segments and in memory, some deleted; of some rows a vector or the text is missing.
pub fn store(seed: u64) -> (tempfile::TempDir, Lumos, Collection) {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path()).unwrap();
    let schema = Schema::new()
        .vector(DIM, Metric::Cosine)
        .vector_field("image", DIM, Metric::L2)
        .text();
    let docs = db.collection_with("docs", schema).unwrap();
    let mut random = Random::new(seed);
    for row in 0..60u64 {
        let mut doc = Doc::new(format!("k{row:02}"))
            .field("row", row)
            .field("color", WORDS[row as usize % 3]);
        if random.below(6) > 0 {
            doc = doc.vector(vector(&mut random));
        }
        if random.below(4) > 0 {
            doc = doc.with_vector("image", vector(&mut random));
        }
        if random.below(6) > 0 {
            doc = doc.text(words(&mut random, 12));
        }
        docs.put(doc).unwrap();
        if row == 20 || row == 45 {
            db.flush().unwrap();
        }
    }
    docs.delete(field("row").is_in([3, 22, 50])).unwrap();
    (dir, db, docs)
}

pub fn plain(hits: &[Hit]) -> Vec<(String, u32)> {
    hits.iter()
        .map(|hit| (hit.doc.key.clone(), hit.score.to_bits()))
        .collect()
}
