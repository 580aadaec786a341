//! The vector index: kernels beside simsimd, building, searching, filters, batches, opening.
//!
//! cargo bench --locked --bench vectors
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lumos::prelude::*;
use lumos::{Collection, Element, VectorField};
use lumos_index::{Codes, Hnsw, HnswParams, Rung, Vectors, exact_search};
use simsimd::SpatialSimilarity;

const ROWS: usize = 10_000;
const DIMENSION: usize = 384;

/// Points around centres, the same in every run, of unit length.
fn points(first: usize, count: usize) -> Vec<f32> {
    let noise = |seed: usize| {
        let mut state = seed as u64 * 0x9e37_79b9_7f4a_7c15 + 1;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
        }
    };
    let mut all = Vec::with_capacity(count * DIMENSION);
    for row in first..first + count {
        let (mut centre, mut own) = (noise(row % 100 + 1_000_000), noise(row));
        let from = all.len();
        all.extend((0..DIMENSION).map(|_| centre() + 0.6 * own()));
        Metric::Cosine.prepare(&mut all[from..]).unwrap();
    }
    all
}

/// A pass over rows that lie in the first caches: the best of them, by our kernels and by simsimd.
fn kernels(criterion: &mut Criterion) {
    const NEAR: usize = 64;
    let rows = points(0, NEAR);
    let query = points(NEAR, 1);
    let mut group = criterion.benchmark_group("kernels");
    group.throughput(Throughput::Elements(NEAR as u64));
    for metric in [Metric::Cosine, Metric::L2] {
        let vectors = Vectors::new(DIMENSION, &rows).unwrap();
        group.bench_function(format!("lumos/{metric:?}"), |bencher| {
            bencher.iter(|| {
                exact_search(vectors, metric, black_box(&query), 1, 0..NEAR as u32).unwrap()
            });
        });
        group.bench_function(format!("simsimd/{metric:?}"), |bencher| {
            bencher.iter(|| {
                let query = black_box(&query);
                let all = rows.chunks_exact(DIMENSION);
                let far = all.map(|row| match metric {
                    Metric::L2 => f32::l2sq(query, row).unwrap_or_default(),
                    _ => -f32::dot(query, row).unwrap_or_default(),
                });
                far.fold(f64::INFINITY, f64::min)
            });
        });
    }
    group.finish();
}

fn build(criterion: &mut Criterion) {
    let rows = points(0, ROWS);
    let vectors = Vectors::new(DIMENSION, &rows).unwrap();
    let mut group = criterion.benchmark_group("build");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("graph", |bencher| {
        bencher.iter(|| Hnsw::build(vectors, Metric::Cosine, &HnswParams::default()));
    });
    for rung in [Rung::Sq4, Rung::Sq8] {
        group.bench_function(format!("codes/{rung:?}"), |bencher| {
            bencher.iter(|| Codes::build(vectors, Metric::Cosine, rung));
        });
    }
    group.finish();
}

fn filled(db: &Lumos, element: Element) -> Result<Collection> {
    let field = VectorField::new(DIMENSION, Metric::Cosine).element(element);
    let docs = db.collection_with("docs", Schema::new().vector_with("vector", field))?;
    let rows = points(0, ROWS);
    docs.put_all(
        rows.chunks_exact(DIMENSION)
            .enumerate()
            .map(|(row, vector)| {
                let bucket = (row as u32).wrapping_mul(2_654_435_761) % 1_000;
                Doc::new(row.to_string())
                    .vector(vector)
                    .meta(json!({ "bucket": bucket }))
            }),
    )?;
    db.compact()?;
    Ok(docs)
}

fn searches(criterion: &mut Criterion) {
    let queries: Vec<Vec<f32>> = points(ROWS, 256)
        .chunks_exact(DIMENSION)
        .map(Into::into)
        .collect();
    for element in [Element::F32, Element::F16, Element::I8] {
        let db = Lumos::memory().unwrap();
        let docs = filled(&db, element).unwrap();
        let mut next = queries.iter().cycle();
        let mut query = move || next.next().unwrap().as_slice();
        let mut group = criterion.benchmark_group("search");
        for ef in [16, 64] {
            group.bench_function(format!("keys/{element:?}/ef {ef}"), |bencher| {
                bencher.iter(|| docs.search(query()).ef(ef).keys().unwrap());
            });
        }
        group.finish();
        if element != Element::F32 {
            continue;
        }
        let mut group = criterion.benchmark_group("filtered");
        for (name, below) in [("50 %", 500), ("10 %", 100), ("1 %", 10)] {
            let filter = format!("bucket < {below}");
            group.bench_function(name, |bencher| {
                bencher.iter(|| docs.search(query()).filter(filter.as_str()).keys().unwrap());
            });
        }
        group.finish();
        let mut group = criterion.benchmark_group("batch");
        group.throughput(Throughput::Elements(queries.len() as u64));
        group.bench_function("256 queries", |bencher| {
            bencher.iter(|| docs.search_batch(&queries).ef(16).keys().unwrap());
        });
        group.finish();
    }
}

fn opening(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    filled(&Lumos::open(dir.path()).unwrap(), Element::F32).unwrap();
    let query = points(ROWS, 1);
    let open = || {
        Lumos::options()
            .read_only(true)
            .create(false)
            .open(dir.path())
            .unwrap()
    };
    let mut group = criterion.benchmark_group("open");
    group.bench_function("sealed", |bencher| bencher.iter(open));
    group.bench_function("first answer", |bencher| {
        bencher.iter_batched(
            || (),
            |()| {
                open()
                    .existing_collection("docs")
                    .unwrap()
                    .search(&query)
                    .keys()
                    .unwrap()
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, kernels, build, searches, opening);
criterion_main!(benches);
