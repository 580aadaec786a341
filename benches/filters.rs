//! What filters, facets and orders cost over many rows, by how much they let pass.
//!
//! cargo bench --locked --bench filters
//!
//! LUMOS_ROWS sets the number of documents (default 1,000,000). They lie in one sealed segment. Each line is the
//! median of 21 runs on one thread. Every run of a filter has values of its own, so that none is answered from what
//! is kept of an earlier one; facets and orders are timed after their first run, which makes what they read.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Instant;

use lumos::prelude::*;
use lumos::{Collection, Facet, Filter, Interval, Order};

const RUNS: usize = 21;

fn main() -> Result<()> {
    let rows: u64 = std::env::var("LUMOS_ROWS").map_or(1_000_000, |rows| rows.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path())?;
    let docs = db.collection("docs")?;
    let load = docs.ingest();
    load.run((0..rows).map(|n| document(n, rows)))?;
    db.compact()?;
    println!(
        "{rows} documents, {} segments, one thread",
        db.stats().collections[0].segments
    );
    println!("| filter | matches | median |");
    println!("|---|---|---|");
    let line = |name: &str, filter: &dyn Fn(usize) -> Filter| time(&docs, name, filter);

    line("equality, 0.01 %", &|run| field("n10000").eq(run as u64))?;
    line("equality, 1 %", &|run| field("n100").eq(run as u64))?;
    line("equality, 10 %", &|run| field("n10").eq(run as u64 % 10))?;
    line("equality, 50 %", &|run| {
        field("half")
            .eq(run % 2 == 0)
            .and(field("unique").gte(-1 - run as i64))
    })?;
    line("equality of texts, 1 %", &|run| {
        field("name100").eq(format!("name {run:02}"))
    })?;
    for percent in [0.01, 1.0, 10.0, 50.0] {
        let count = (rows as f64 * percent / 100.0) as u64;
        line(&format!("range, {percent} %"), &|run| {
            let low = run as u64 * 17;
            field("unique").between(low, low + count - 1)
        })?;
    }
    line("IN of 10,000 numbers", &|run| {
        field("unique").is_in((0..10_000).map(|n| n * (rows / 10_000) + run as u64))
    })?;
    line("IN of 10,000 texts", &|run| {
        field("key")
            .is_in((0..10_000).map(|n| format!("key-{:07}", n * (rows / 10_000) + run as u64)))
    })?;
    line("LIKE 'key-00123%'", &|run| {
        field("key").like(&format!("key-00{:03}%", 100 + run))
    })?;
    line("LIKE '%99%' over distinct texts", &|run| {
        field("key").like(&format!("%99{run:02}%"))
    })?;
    line("=~ /^key-00[0-4]..9/", &|run| {
        field("key").regex(&format!("^key-00[0-4]..{}", run % 10))
    })?;
    line("tags ANY (= ..)", &|run| {
        field("tags").any(lumos::element().eq(run as u64))
    })?;
    line("items ANY (price > 90 AND qty < 5)", &|run| {
        field("items").any(field("price").gt(70 + run as u64).and(field("qty").lt(5)))
    })?;
    line("LENGTH(tags) > 2", &|run| {
        field("tags")
            .length()
            .gt(2)
            .and(field("unique").gte(-1 - run as i64))
    })?;
    line("WITHIN 50 km", &|run| {
        field("place").within(10.0 + run as f64, 10.0, 50_000.0)
    })?;

    println!();
    println!("| over all documents | first | median |");
    println!("|---|---|---|");
    let facets = [
        ("terms of 100 texts", Facet::terms("name100")),
        ("terms of distinct numbers", Facet::terms("unique")),
        (
            "histogram, 100 bins",
            Facet::histogram("unique", rows as f64 / 100.0),
        ),
        ("dates by month", Facet::dates("created", Interval::Month)),
        ("stats", Facet::stats("n10000")),
    ];
    for (name, facet) in facets {
        let facets = [facet];
        counted(name, || docs.find_all().facets(&facets).map(drop))?;
    }
    for order in [Order::Asc, Order::Desc] {
        let page = || docs.find_all().order_by("unique", order).limit(10).run();
        counted(&format!("10 by number, {order:?}"), || page().map(drop))?;
    }
    counted("10 by one of 100 texts", || {
        docs.find_all()
            .order_by("name100", Order::Asc)
            .limit(10)
            .run()
            .map(drop)
    })
}

fn document(n: u64, rows: u64) -> Doc {
    // Spread over all values without repeating one.
    let unique = n.wrapping_mul(7_919) % rows;
    let shuffled = n.wrapping_mul(2_654_435_761) >> 7;
    let day = 1 + shuffled % 28;
    Doc::new(n.to_string()).meta(json!({
        "unique": unique,
        "key": format!("key-{unique:07}"),
        "n10": shuffled % 10,
        "n100": shuffled % 100,
        "n10000": shuffled % 10_000,
        "name100": format!("name {:02}", shuffled % 100),
        "half": shuffled.is_multiple_of(2),
        "created": format!("20{:02}-{:02}-{day:02}", 10 + shuffled % 16, 1 + shuffled / 16 % 12),
        "tags": (0..shuffled % 5).map(|t| (shuffled / 5 + t * 7) % 100).collect::<Vec<u64>>(),
        "items": [
            {"price": shuffled % 100, "qty": shuffled / 100 % 10},
            {"price": shuffled / 7 % 100, "qty": shuffled / 700 % 10},
        ],
        "place": {"lat": (shuffled % 160) as f64 - 80.0, "lon": (n % 3_600) as f64 / 10.0 - 180.0},
    }))
}

fn time(docs: &Collection, name: &str, filter: &dyn Fn(usize) -> Filter) -> Result<()> {
    let mut times = Vec::new();
    let mut matches = 0;
    // What is derived at first use is there when time is taken.
    docs.count_matching(filter(RUNS))?;
    for run in 0..RUNS {
        let filter = filter(run);
        let started = Instant::now();
        matches = docs.count_matching(filter)?;
        times.push(started.elapsed());
    }
    times.sort();
    println!(
        "| {name} | {matches} | {:.3} ms |",
        times[RUNS / 2].as_secs_f64() * 1e3
    );
    Ok(())
}

fn counted(name: &str, run: impl Fn() -> Result<(), lumos::EngineError>) -> Result<()> {
    let once = || {
        let started = Instant::now();
        run()?;
        Ok::<_, lumos::EngineError>(started.elapsed())
    };
    let first = once()?;
    let mut times = (0..RUNS).map(|_| once()).collect::<Result<Vec<_>, _>>()?;
    times.sort();
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    println!(
        "| {name} | {:.1} ms | {:.1} ms |",
        ms(first),
        ms(times[RUNS / 2])
    );
    Ok(())
}
