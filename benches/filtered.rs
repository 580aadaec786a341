//! Recall and speed of search within filters, by how much they let pass and how that lies to the query.
//!
//! cargo bench --locked --bench filtered
//!
//! Own vectors: LUMOS_BASE and LUMOS_QUERY name .fvecs files, LUMOS_METRIC is cosine (default) or l2,
//! LUMOS_EF the width (default 64). Without them 40,000 points around 400 centres, of 96 numbers.
//!
//! A filter has no correlation with a query when it lets rows pass at random; a positive one when it lets those
//! pass that are nearest to a landmark, and the query is near it; a negative one when the query is far from it.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::{Duration, Instant};

use lumos::prelude::*;
use lumos::{Collection, VectorRoute};

const SELECTIVITY: [f64; 5] = [50.0, 10.0, 1.0, 0.1, 0.01];
const QUERIES: usize = 200;
const K: usize = 10;

fn main() -> Result<()> {
    let (base, queries) = data();
    let metric = match std::env::var("LUMOS_METRIC").as_deref() {
        Ok("l2") => Metric::L2,
        _ => Metric::Cosine,
    };
    let ef: usize = std::env::var("LUMOS_EF").map_or(64, |ef| ef.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path())?;
    let docs = db.collection_with("docs", Schema::new().vector(base[0].len(), metric))?;
    let landmark = &base[0];
    let places = places(&base, landmark, metric);
    let rows = base.iter().enumerate().map(|(row, vector)| {
        let shuffled = (row as u32).wrapping_mul(2_654_435_761) as f64 / 4_294_967_296.0;
        Doc::new(row.to_string())
            .vector(vector.as_slice())
            .meta(json!({ "shuffled": shuffled * 100.0, "place": places[row] }))
    });
    docs.put_all(rows)?;
    db.compact()?;

    // Queries from the nearest to the landmark to the farthest.
    let mut queries = queries;
    queries.sort_by(|a, b| far(a, landmark, metric).total_cmp(&far(b, landmark, metric)));
    let some = QUERIES.min(queries.len() / 2).max(1);
    let spread = queries.iter().step_by((queries.len() / some).max(1));
    let spread: Vec<Vec<f32>> = spread.take(some).cloned().collect();
    println!(
        "{} x {}, {metric:?}, ef {ef}, {some} queries a line, one thread",
        base.len(),
        base[0].len()
    );
    println!("| passes | correlation | recall@10 | queries/s | route | distances |");
    println!("|---|---|---|---|---|---|");
    for percent in SELECTIVITY {
        let cases = [
            ("none", "shuffled", &spread[..]),
            ("positive", "place", &queries[..some]),
            ("negative", "place", &queries[queries.len() - some..]),
        ];
        for (name, field, queries) in cases {
            let filter = format!("{field} < {percent}");
            let measured = measure(&docs, queries, &filter, ef)?;
            println!("| {percent} % | {name} | {measured} |");
        }
    }
    Ok(())
}

/// One line of the table: recall, rate, the route of most searches, distances a search.
fn measure(docs: &Collection, queries: &[Vec<f32>], filter: &str, ef: usize) -> Result<String> {
    let (mut found, mut wanted, mut distances) = (0, 0, 0);
    let mut routes = [0; 4];
    let mut time = Duration::ZERO;
    for query in queries {
        let truth = docs.search(query).limit(K).filter(filter).exact().keys()?;
        let search = || docs.search(query).limit(K).filter(filter).ef(ef);
        let told = search().explain()?;
        distances += told.distances();
        for segment in &told.segments {
            routes[match segment.route {
                VectorRoute::Graph => 0,
                VectorRoute::TwoHop => 1,
                VectorRoute::Codes => 2,
                _ => 3,
            }] += 1;
        }
        let started = Instant::now();
        let near = search().keys()?;
        time += started.elapsed();
        assert_eq!(near.len(), truth.len(), "as many as there are");
        // By score: rows that are equally far may stand for each other.
        let last = truth.last().map_or(0.0, |last| last.score);
        let first = truth.first().map_or(0.0, |first| first.score);
        let near = near.iter().filter(|near| match first >= last {
            true => near.score >= last,
            false => near.score <= last,
        });
        found += near.count();
        wanted += truth.len();
    }
    let names = ["graph", "match to match", "codes", "scan"];
    let route = (0..4).max_by_key(|at| routes[*at]).unwrap_or_default();
    Ok(format!(
        "{:.3} | {:.0} | {} | {}",
        f64::from(found as u32) / f64::from(wanted.max(1) as u32),
        queries.len() as f64 / time.as_secs_f64(),
        names[route],
        distances / queries.len()
    ))
}

/// For each row the percentage of rows that are nearer to the landmark.
fn places(base: &[Vec<f32>], landmark: &[f32], metric: Metric) -> Vec<f64> {
    let mut order: Vec<usize> = (0..base.len()).collect();
    let distances: Vec<f32> = base.iter().map(|row| far(row, landmark, metric)).collect();
    order.sort_by(|a, b| distances[*a].total_cmp(&distances[*b]));
    let mut places = vec![0.0; base.len()];
    for (place, row) in order.into_iter().enumerate() {
        places[row] = place as f64 * 100.0 / base.len() as f64;
    }
    places
}

fn far(a: &[f32], b: &[f32], metric: Metric) -> f32 {
    let pairs = || a.iter().zip(b);
    match metric {
        Metric::L2 => pairs().map(|(a, b)| (a - b) * (a - b)).sum(),
        _ => {
            let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
            -pairs().map(|(a, b)| a * b).sum::<f32>() / (norm(a) * norm(b))
        }
    }
}

fn data() -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    match (std::env::var("LUMOS_BASE"), std::env::var("LUMOS_QUERY")) {
        (Ok(base), Ok(query)) => (read(&base), read(&query)),
        _ => (clustered(0, 40_000), clustered(40_000, 1_000)),
    }
}

fn read(path: &str) -> Vec<Vec<f32>> {
    let bytes = std::fs::read(path).unwrap();
    let (words, _) = bytes.as_chunks::<4>();
    let width = u32::from_le_bytes(words[0]) as usize;
    let rows = words.chunks_exact(width + 1);
    rows.map(|row| row[1..].iter().map(|x| f32::from_le_bytes(*x)).collect())
        .collect()
}

/// Points around centres, the same in every run.
fn clustered(first: usize, count: usize) -> Vec<Vec<f32>> {
    let noise = |seed: usize| {
        let mut state = seed as u64 * 0x9e37_79b9_7f4a_7c15 + 1;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
        }
    };
    (first..first + count)
        .map(|row| {
            let (mut centre, mut own) = (noise(row % 400 + 1_000_000), noise(row));
            (0..96).map(|_| centre() + 0.6 * own()).collect()
        })
        .collect()
}
