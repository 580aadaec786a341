//! Time of single operations through the public interface: commits, searches, opening.
//!
//! cargo bench --locked
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lumos::prelude::*;
use lumos::{Collection, OpenOptions};

const ROWS: usize = 10_000;
const DIMENSION: usize = 128;

/// Vectors that look random and are the same in every run.
fn vector(seed: usize) -> Vec<f32> {
    let mut state = seed as u64 * 0x9e37_79b9_7f4a_7c15 + 1;
    (0..DIMENSION)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
        })
        .collect()
}

fn doc(n: usize) -> Doc {
    const WORDS: [&str; 8] = [
        "key", "train", "snow", "rust", "log", "graph", "night", "quiet",
    ];
    let text: Vec<&str> = (0..40)
        .map(|at| WORDS[(n * 7 + at * at * (n % 13 + 1)) % 8])
        .collect();
    Doc::new(format!("doc-{n}"))
        .text(format!("{} number{}", text.join(" "), n % 1_000))
        .vector(vector(n))
        .meta(json!({"year": 1926 + n % 100, "even": n.is_multiple_of(2)}))
}

fn filled(db: &Lumos) -> Result<Collection> {
    let docs = db.collection("docs")?;
    docs.put_all((0..ROWS).map(doc))?;
    db.compact()?;
    Ok(docs)
}

fn writes(criterion: &mut Criterion) -> Result<()> {
    let mut next = 0;
    for (name, options) in [
        ("synced", Lumos::options()),
        (
            "buffered",
            Lumos::options().durability(Durability::Buffered),
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let docs = open(options, dir.path())?.collection("docs")?;
        criterion.bench_function(&format!("put/{name}"), |bencher| {
            let document = || {
                next += 1;
                doc(next)
            };
            bencher.iter_batched(
                document,
                |doc| docs.put(doc).unwrap(),
                BatchSize::SmallInput,
            );
        });
    }
    Ok(())
}

fn open(options: OpenOptions, path: &std::path::Path) -> Result<Lumos> {
    Ok(options.open(path.join("data"))?)
}

fn searches(criterion: &mut Criterion) -> Result<()> {
    let dir = tempfile::tempdir().unwrap();
    let db = open(Lumos::options(), dir.path())?;
    let docs = filled(&db)?;
    let query = vector(ROWS + 1);
    criterion.bench_function("search/vector", |bencher| {
        bencher.iter(|| black_box(docs.search(&query).run().unwrap()));
    });
    criterion.bench_function("search/vector, filter for one in a hundred", |bencher| {
        bencher.iter(|| black_box(docs.search(&query).filter("year = 1999").run().unwrap()));
    });
    criterion.bench_function("search/vector, exact", |bencher| {
        bencher.iter(|| black_box(docs.search(&query).exact().run().unwrap()));
    });
    criterion.bench_function("search/keyword", |bencher| {
        bencher.iter(|| black_box(docs.search("number777 night").run().unwrap()));
    });
    criterion.bench_function("search/hybrid", |bencher| {
        bencher.iter(|| {
            let search = docs
                .search("number777 night")
                .vector(query.as_slice())
                .hybrid();
            black_box(search.run().unwrap())
        });
    });
    drop((docs, db));
    criterion.bench_function("open/10,000 documents", |bencher| {
        bencher.iter(|| black_box(open(Lumos::options().read_only(true), dir.path()).unwrap()));
    });
    Ok(())
}

fn all(criterion: &mut Criterion) {
    writes(criterion).unwrap();
    searches(criterion).unwrap();
}

criterion_group!(benches, all);
criterion_main!(benches);
