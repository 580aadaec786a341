//! Texts per second of the built-in embedder, to compare with `benches/embed_onnxruntime.py`:
//! `cargo run --release -p lumos-rag --example embed_rate -- TEXTS.jsonl [MODEL_FOLDER]`.
//!
//! Each line of the file is a JSON object with a "text". Three rounds, the best one counts.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use lumos_engine::{EmbedKind, Embedder};
use lumos_rag::MiniLm;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments
        .next()
        .ok_or("usage: embed_rate TEXTS.jsonl [MODEL_FOLDER]")?;
    let nearby = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/all-minilm-l6-v2");
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| nearby.to_owned()));

    let mut texts = Vec::new();
    for line in std::fs::read_to_string(&file)?
        .lines()
        .filter(|line| !line.trim().is_empty())
    {
        let value: serde_json::Value = serde_json::from_str(line)?;
        texts.push(
            value["text"]
                .as_str()
                .ok_or("a line has no \"text\"")?
                .to_owned(),
        );
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();

    let begin = Instant::now();
    let model = MiniLm::load(&folder)?;
    println!("loaded in {:.0} ms", begin.elapsed().as_secs_f64() * 1e3);

    let begin = Instant::now();
    for _ in 0..20 {
        model.embed(
            &["how does the log recover after a crash"],
            EmbedKind::Query,
        )?;
    }
    println!(
        "one query in {:.1} ms",
        begin.elapsed().as_secs_f64() * 1e3 / 20.0
    );

    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let begin = Instant::now();
        for group in texts.chunks(model.batch_size()) {
            model.embed(group, EmbedKind::Document)?;
        }
        best = best.min(begin.elapsed().as_secs_f64());
    }
    let rate = texts.len() as f64 / best;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{} texts in {best:.2} s, {rate:.1} texts/s, {threads} threads",
        texts.len()
    );
    Ok(())
}
