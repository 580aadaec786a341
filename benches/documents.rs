//! Time of what a user waits for: adding files, searching them, asking them.
//!
//! cargo bench --locked --bench documents
#![allow(clippy::unwrap_used, missing_docs)]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lumos::prelude::*;
use tokio::runtime::Runtime;

const FILES: usize = 1_000;
/// Sections of a file, each of which becomes a passage.
const SECTIONS: usize = 10;
/// Sentences of a section.
const SENTENCES: usize = 4;
/// Words of a sentence.
const WORDS: usize = 12;

const COMMON: [&str; 96] = [
    "the", "of", "and", "to", "in", "is", "that", "for", "it", "with", "as", "was", "on", "be",
    "by", "at", "from", "this", "are", "or", "which", "an", "not", "have", "water", "time",
    "house", "light", "paper", "work", "river", "stone", "hand", "night", "field", "ship", "book",
    "letter", "music", "bread", "winter", "summer", "market", "garden", "engine", "signal",
    "bridge", "forest", "island", "mountain", "window", "table", "mirror", "silver", "copper",
    "iron", "glass", "wheel", "clock", "map", "road", "station", "train", "harbour", "cloud",
    "storm", "sun", "star", "planet", "seed", "flower", "root", "leaf", "branch", "apple", "grain",
    "salt", "sugar", "honey", "wool", "cotton", "thread", "needle", "hammer", "nail", "rope",
    "sail", "anchor", "tower", "gate", "wall", "roof", "floor", "door", "key", "lock",
];

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: f64) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64 * limit
    }

    /// A word, often a frequent one as in any language (Zipf's law), or made of two.
    fn word(&mut self) -> String {
        let mut one = || {
            let rank = (COMMON.len() as f64).powf(self.below(1.0)) as usize;
            COMMON[rank.min(COMMON.len()) - 1]
        };
        let (first, second) = (one(), one());
        if self.below(1.0) < 0.75 {
            first.to_string()
        } else {
            format!("{second}{first}")
        }
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<String> = (0..count).map(|_| self.word()).collect();
        words.join(" ")
    }
}

/// A folder of Markdown files.
fn write(folder: &Path) {
    let mut dice = Dice(42);
    for file in 0..FILES {
        let mut text = format!("# {}\n\n", dice.words(3));
        for _ in 0..SECTIONS {
            write!(text, "## {}\n\n", dice.words(4)).unwrap();
            for _ in 0..SENTENCES {
                let sentence = dice.words(WORDS);
                let (first, rest) = sentence.split_at(1);
                write!(text, "{}{rest}. ", first.to_uppercase()).unwrap();
            }
            text.push_str("\n\n");
        }
        let place = folder.join(format!("part{:02}", file % 20));
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join(format!("note{file:04}.md")), text).unwrap();
    }
}

fn all(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());

    let mut group = criterion.benchmark_group("documents");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(30));
    group.bench_function("add 1,000 Markdown files, without embedding", |bencher| {
        bencher.iter_batched(
            || tempfile::tempdir().unwrap(),
            |dir| {
                let db = Lumos::open(dir.path().join("data")).unwrap();
                let rag = Rag::new(&db).keywords_only().open().unwrap();
                let report = rag.add(folder.path()).run().unwrap();
                assert_eq!(report.added, FILES);
                dir
            },
            BatchSize::PerIteration,
        );
    });

    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path().join("data")).unwrap();
    let rag = Rag::new(&db).open().unwrap();
    rag.add(folder.path()).run().unwrap();
    let passages = db.collection("docs").unwrap().count().unwrap();
    assert_eq!(passages as usize, FILES * SECTIONS);

    group.bench_function("add them again, unchanged", |bencher| {
        bencher.iter(|| black_box(rag.add(folder.path()).run().unwrap()));
    });
    group
        .sample_size(50)
        .measurement_time(Duration::from_secs(10));
    let mut dice = Dice(7);
    let questions: Vec<String> = (0..64).map(|_| dice.words(5)).collect();
    let mut turn = questions.iter().cycle();
    let mut next = move || turn.next().unwrap().as_str();
    let docs = db.collection("docs").unwrap();
    group.bench_function("search by keyword, 10,000 passages", |bencher| {
        bencher.iter(|| black_box(docs.search(next()).run().unwrap()));
    });
    let vectors: Vec<Vec<f32>> = {
        let embedder = lumos::rag::builtin_embedder().unwrap();
        let texts: Vec<&str> = questions.iter().map(String::as_str).collect();
        embedder.embed(&texts, lumos::EmbedKind::Query).unwrap()
    };
    let mut pairs = questions.iter().zip(&vectors).cycle();
    group.bench_function("search both ways, 10,000 passages", |bencher| {
        bencher.iter(|| {
            let (text, vector) = pairs.next().unwrap();
            black_box(
                docs.search(text.as_str())
                    .vector(vector.as_slice())
                    .hybrid()
                    .run()
                    .unwrap(),
            )
        });
    });
    group.bench_function("search both ways, query embedding included", |bencher| {
        bencher.iter(|| black_box(rag.search(next(), 10).run().unwrap()));
    });
    let runtime = Runtime::new().unwrap();
    group.bench_function("ask, query embedding included", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(async { rag.ask(next()).await.unwrap() })));
    });
    group.finish();
}

criterion_group!(benches, all);
criterion_main!(benches);
