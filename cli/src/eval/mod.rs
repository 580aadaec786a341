//! `lumos eval`: retrieval quality on a judged collection.

mod judged;
mod measure;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use lumos::{Collection, Doc, EmbedKind, Embedder, EngineError, Fusion, Hit, Lumos};
use serde_json::{Map, Value, json};

use self::judged::{Judgements, Text};
use self::measure::Measures;
use crate::context::Context;
use crate::failure::{Outcome, Result};
use crate::output::grouped;
use crate::progress;

const COLLECTION: &str = "corpus";
/// Hits of each query that are judged.
const DEPTH: usize = 10;
/// The rank constant of reciprocal rank fusion.
const RRF_K: u32 = 60;
/// Queries embedded at once.
const QUERIES_AT_ONCE: usize = 256;

/// Measure retrieval on a judged collection: nDCG@10, Recall@1, 5, 10 and MRR@10.
///
/// The corpus is indexed in memory, with the built-in model, and searched by meaning (dense), by
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
        let documents = corpus.len();
        let embedder = lumos::rag::builtin_embedder()?;
        let collection = index(corpus, Arc::clone(&embedder))?;
        let vectors = embed(&queries, &embedder)?;

        let searches: [(&str, Search<'_>); 4] = [
            ("dense", &|at, _| collection.search(&vectors[at]).limit(DEPTH).run()),
            ("keyword", &|_, text| collection.search(text).keywords().limit(DEPTH).run()),
            ("hybrid", &|_, text| collection.search(text).hybrid().limit(DEPTH).run()),
            ("rrf", &|_, text| {
                collection.search(text).hybrid().fusion(Fusion::Rrf { k: RRF_K }).limit(DEPTH).run()
            }),
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
        print(&results, documents, queries.len(), embedder.name(), context)
    }
}

/// Finds hits for the query at a position, given its text too.
type Search<'a> = &'a dyn Fn(usize, &str) -> Result<Vec<Hit>, EngineError>;

fn index(corpus: Vec<Text>, embedder: Arc<dyn Embedder>) -> Result<Collection> {
    let db = Lumos::memory()?;
    db.set_embedder(COLLECTION, embedder)?;
    let collection = db.collection(COLLECTION)?;
    let bar = progress::bar(Some(corpus.len() as u64), "indexing");
    let docs = corpus.into_iter().map(|text| {
        bar.inc(1);
        Doc::new(text.id).text(text.text)
    });
    collection.put_all(docs)?;
    bar.finish_and_clear();
    Ok(collection)
}

fn embed(queries: &[Text], embedder: &Arc<dyn Embedder>) -> Result<Vec<Vec<f32>>> {
    let bar = progress::bar(Some(queries.len() as u64), "embedding");
    let mut vectors = Vec::with_capacity(queries.len());
    for part in queries.chunks(QUERIES_AT_ONCE) {
        let texts: Vec<&str> = part.iter().map(|query| query.text.as_str()).collect();
        vectors.extend(embedder.embed(&texts, EmbedKind::Query)?);
        bar.inc(part.len() as u64);
    }
    bar.finish_and_clear();
    Ok(vectors)
}

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
            let figures: Map<String, Value> =
                figures.map(|(name, mean)| (name.to_string(), json!(rounded(mean)))).collect();
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
