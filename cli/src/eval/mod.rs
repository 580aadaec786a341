//! `lumos eval`: retrieval quality on a judged collection.

mod judged;
mod measure;
mod store;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use lumos::{EngineError, Fusion, Hit};
use serde_json::{Map, Value, json};

use self::judged::Judgements;
use self::measure::Measures;
use self::store::Store;
use crate::context::Context;
use crate::failure::{Outcome, Result};
use crate::output::grouped;
use crate::{model, progress};

/// Hits of each query that are judged.
const DEPTH: usize = 10;
/// The rank constant of reciprocal rank fusion.
const RRF_K: u32 = 60;

/// Measure retrieval on a judged collection: nDCG@10, Recall@1, 5, 10 and MRR@10.
///
/// The corpus is indexed in memory (or in --cache), with the built-in model, and searched by meaning (dense), by
/// keyword, and both ways (hybrid; rrf is the same with equal-weight rank fusion).
#[derive(Debug, Args)]
pub(crate) struct Eval {
    /// JSON lines {"_id", "title", "text"}
    #[arg(long, value_name = "FILE")]
    corpus: PathBuf,
    /// JSON lines {"_id", "text"}
    #[arg(long, value_name = "FILE")]
    queries: PathBuf,
    /// Tab-separated lines: query id, document id, grade; a heading line is skipped
    #[arg(long, value_name = "FILE")]
    qrels: PathBuf,
    /// Keep the embedded texts in this directory, so that the next run need not embed them again
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl Eval {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let corpus = judged::read_texts(&self.corpus)?;
        let judgements = Judgements::read(&self.qrels)?;
        let queries = judgements.judged(judged::read_texts(&self.queries)?);
        if queries.is_empty() {
            return Err(crate::failure::Failure::contents(
                self.qrels.display().to_string(),
                "judges none of the queries",
            ));
        }
        let embedder = model::embedder()?;
        let store = Store::open(self.cache.as_deref(), Arc::clone(&embedder))?;
        let collection = store.corpus(&corpus)?;
        let vectors = store.queries(&queries)?;

        // The query is embedded once for all ways, and fused as a search from text would be.
        let both = |at: usize, text: &str, fusion: Fusion| {
            let search = collection.search(text).limit(DEPTH);
            if embedder.supports(text) {
                search
                    .vector(vectors[at].as_slice())
                    .hybrid()
                    .fusion(fusion)
                    .run()
            } else {
                search.keywords().run()
            }
        };
        let convex = Fusion::Convex {
            vector_weight: embedder.fusion_weight(),
        };
        let searches: [(&str, Search<'_>); 4] = [
            ("dense", &|at, _| {
                collection.search(&vectors[at]).limit(DEPTH).run()
            }),
            ("keyword", &|_, text| {
                collection.search(text).keywords().limit(DEPTH).run()
            }),
            ("hybrid", &|at, text| both(at, text, convex)),
            ("rrf", &|at, text| both(at, text, Fusion::Rrf { k: RRF_K })),
        ];
        let bar = progress::bar(Some((queries.len() * searches.len()) as u64), "searching");
        let mut results = Vec::new();
        for (name, search) in searches {
            let mut measures = Measures::default();
            for (at, query) in queries.iter().enumerate() {
                let hits = search(at, &query.text)?;
                let keys: Vec<&str> = hits.iter().map(Hit::key).collect();
                measures.add(&keys, judgements.of(&query.id));
                bar.inc(1);
            }
            results.push((name, measures));
        }
        bar.finish_and_clear();
        print(
            &results,
            corpus.len(),
            queries.len(),
            embedder.name(),
            context,
        )
    }
}

/// Finds hits for the query at a position, given its text too.
type Search<'a> = &'a dyn Fn(usize, &str) -> Result<Vec<Hit>, EngineError>;

fn print(
    results: &[(&str, Measures)],
    documents: usize,
    queries: usize,
    model: &str,
    context: &mut Context,
) -> Outcome {
    if context.out.is_json() {
        let mut object = Map::new();
        object.insert("documents".to_string(), json!(documents));
        object.insert("queries".to_string(), json!(queries));
        object.insert("model".to_string(), json!(model));
        for (name, measures) in results {
            let figures = measures.means().into_iter();
            let figures: Map<String, Value> = figures
                .map(|(name, mean)| (name.to_string(), json!(rounded(mean))))
                .collect();
            object.insert((*name).to_string(), Value::Object(figures));
        }
        return context.out.json(&object);
    }
    let heading = format!(
        "{} documents, {} judged queries, model {model}",
        grouped(documents as u64),
        grouped(queries as u64)
    );
    context.out.line(heading)?;
    let mut columns = format!("{:10}", "");
    for (name, _) in Measures::default().means() {
        columns.push_str(&format!("{name:>11}"));
    }
    context.out.line(columns)?;
    for (name, measures) in results {
        let mut row = format!("{name:10}");
        for (_, mean) in measures.means() {
            row.push_str(&format!("{mean:>11.4}"));
        }
        context.out.line(row)?;
    }
    Ok(())
}

/// To four digits: more would be noise.
fn rounded(mean: f64) -> f64 {
    (mean * 1e4).round() / 1e4
}
