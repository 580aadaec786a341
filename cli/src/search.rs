//! `lumos search`: ranked hits with the matches marked.

use clap::Args;
use lumos::{Collection, Explained, Hit, Query, VectorRoute};
use serde_json::Value;

use crate::context::{self, Context, DEFAULT_COLLECTION};
use crate::failure::{Failure, Outcome, Result};
use crate::output::grouped;
use crate::{citation, jsonl, snippet};

/// Search by keyword, by meaning, or both.
///
/// Without a mode, a collection with a known embedding model is searched both ways (--hybrid),
/// any other by keyword (--text).
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Words or a question; "a phrase", +must, -mustnot, prefix* and fuzzy~1 work by keyword
    #[arg(required_unless_present_any = ["near", "like", "near_sparse", "near_multi"], value_name = "QUERY")]
    query: Option<String>,
    /// By keyword and by meaning, fused
    #[arg(long, group = "mode")]
    hybrid: bool,
    /// By keyword
    #[arg(long, group = "mode")]
    text: bool,
    /// By meaning: the query is embedded with the collection's model
    #[arg(long, group = "mode")]
    vector: bool,
    /// By a vector, as a JSON array of numbers
    #[arg(long, value_name = "JSON", conflicts_with_all = ["query", "mode", "like"])]
    near: Option<String>,
    /// By a sparse vector, as a JSON object of weights by dimension
    #[arg(long, value_name = "JSON", conflicts_with_all = ["query", "mode", "near", "like"])]
    near_sparse: Option<String>,
    /// By several vectors, as a JSON array of arrays: MaxSim
    #[arg(long, value_name = "JSON", conflicts_with_all = ["query", "mode", "near", "near_sparse", "like"])]
    near_multi: Option<String>,
    /// The vector field to search by vector [default: vector, or the only one of its kind]
    #[arg(long, value_name = "NAME")]
    vector_field: Option<String>,
    /// By the vector of a stored document
    #[arg(long, value_name = "KEY", conflicts_with_all = ["query", "mode"])]
    like: Option<String>,
    /// Only documents that match, such as: year >= 2025 AND lang = 'en'
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Number of hits, 1 to 16384 [default: 10, with --within 16384]
    #[arg(long, short = 'k', value_name = "N")]
    limit: Option<usize>,
    /// Width of the graph search: more finds more and takes longer
    #[arg(long, value_name = "N")]
    ef: Option<usize>,
    /// The share of the true nearest vectors to find, such as 0.99, instead of a width
    #[arg(long, value_name = "SHARE", conflicts_with = "ef")]
    recall: Option<f32>,
    /// Compare with every vector instead of using the graph
    #[arg(long)]
    exact: bool,
    /// Only hits at least this similar (at most this far away under L2), by vector alone
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    within: Option<f32>,
    /// Tell the way that the search by vector took
    #[arg(long)]
    explain: bool,
    /// The collection
    #[arg(long, short, default_value = DEFAULT_COLLECTION)]
    collection: String,
}

impl Search {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        if self
            .query
            .as_ref()
            .is_some_and(|query| query.trim().is_empty())
        {
            return Err(Failure::argument("query", "must not be empty"));
        }
        let db = context.readable()?;
        let near = [&self.near, &self.near_sparse, &self.near_multi, &self.like];
        let collection = if self.text || near.iter().any(|near| near.is_some()) {
            // Nothing to embed: the model need not be loaded.
            db.existing_collection(&self.collection)?
        } else {
            context::with_embedder(&db, &self.collection)?
        };
        let explained = self.search(&collection)?;
        match (self.explain, context.out.is_json()) {
            (false, _) => print(&explained.hits, context),
            (true, true) => context.out.json(&explained),
            (true, false) => {
                print(&explained.hits, context)?;
                tell(&explained, context)
            }
        }
    }

    fn query(&self) -> Result<Query> {
        if let Some(vector) = &self.near {
            return Ok(Query::Vector(parse_vector(vector)?));
        }
        if let Some(text) = &self.near_sparse {
            let vector = jsonl::sparse("--near-sparse", parse_json("--near-sparse", text)?);
            let vector = vector.map_err(|detail| told("--near-sparse", &detail))?;
            return Ok(Query::Sparse(vector));
        }
        if let Some(text) = &self.near_multi {
            let vectors = jsonl::multi("--near-multi", parse_json("--near-multi", text)?);
            let vectors = vectors.map_err(|detail| told("--near-multi", &detail))?;
            return Ok(Query::Multi(vectors));
        }
        Ok(match &self.like {
            Some(key) => lumos::like(key.as_str()),
            None => self.query.as_deref().unwrap_or_default().into(),
        })
    }

    fn search(&self, collection: &Collection) -> Result<Explained> {
        let embedded = collection.schema()?.model.is_some();
        let query = self.query()?;
        let by_vector = !matches!(query, Query::Text(_));
        let mut search = collection.search(query).highlight("text");
        if let Some(field) = &self.vector_field {
            search = search.vector_field(field.as_str());
        }
        if let Some(limit) = self.limit {
            search = search.limit(limit);
        }
        if self.vector && !embedded {
            return Err(Failure::argument(
                "--vector",
                format!(
                    "needs a model, and collection \"{}\" records none",
                    collection.name()
                ),
            ));
        }
        if !by_vector {
            if self.text || (!self.hybrid && !self.vector && !embedded) {
                search = search.keywords();
            } else if !self.vector {
                search = search.hybrid();
            }
        }
        if let Some(filter) = &self.filter {
            search = search.filter(filter.as_str());
        }
        if let Some(ef) = self.ef {
            search = search.ef(ef);
        }
        if let Some(recall) = self.recall {
            search = search.recall(recall);
        }
        if self.exact {
            search = search.exact();
        }
        if let Some(score) = self.within {
            search = search.within(score);
        }
        let filter = self.filter.as_deref().unwrap_or_default();
        search
            .explain()
            .map_err(|error| Failure::with_filter(error, filter))
    }
}

fn parse_json(option: &'static str, text: &str) -> Result<Value> {
    serde_json::from_str(text)
        .map_err(|error| Failure::argument(option, format!("is not JSON: {error}")))
}

/// A fault of an option, which is named before it already.
fn told(option: &'static str, detail: &str) -> Failure {
    let named = format!("\"{option}\" ");
    Failure::argument(option, detail.strip_prefix(&named).unwrap_or(detail))
}

fn parse_vector(text: &str) -> Result<Vec<f32>> {
    let value = parse_json("--near", text)?;
    jsonl::numbers("--near", &value)
        .map_err(|_| Failure::argument("--near", "must be a JSON array of numbers"))
}

fn print(hits: &[Hit], context: &mut Context) -> Outcome {
    let colour = context.out.colour();
    for (at, hit) in hits.iter().enumerate() {
        if context.out.is_json() {
            context.out.json(hit)?;
            continue;
        }
        let place = snippet::name(&citation::place(&hit.doc));
        let score = snippet::dim(&format!("{:.3}", hit.score), colour);
        context.out.line(format!(
            "{:>2}. {}  {score}",
            at + 1,
            snippet::strong(&place, colour)
        ))?;
        let piece = snippet::of(hit, colour);
        if !piece.is_empty() {
            context.out.line(format!("    {piece}"))?;
        }
    }
    if hits.is_empty() && !context.out.is_json() {
        context.out.line("no hits")?;
    }
    Ok(())
}

/// One line a segment, and one for all.
fn tell(explained: &Explained, context: &mut Context) -> Outcome {
    context.out.line("")?;
    for segment in &explained.segments {
        let route = match segment.route {
            VectorRoute::Graph => format!("graph, ef {}", segment.ef),
            VectorRoute::TwoHop => format!("graph from match to match, ef {}", segment.ef),
            VectorRoute::Codes => "codes of every match compared, the best exactly".to_string(),
            _ => "every match compared".to_string(),
        };
        context.out.line(format!(
            "{}: {} of {} rows match; {route}; {} nodes, {} distances",
            segment.segment,
            grouped(segment.matches),
            grouped(segment.rows),
            grouped(segment.visited as u64),
            grouped(segment.distances as u64),
        ))?;
    }
    if explained.segments.is_empty() {
        context.out.line("no vectors were compared")?;
    }
    context.out.line(format!(
        "{} hits in {:.2} ms",
        explained.hits.len(),
        explained.micros as f64 / 1e3
    ))
}
