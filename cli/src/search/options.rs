//! What `lumos search` can be told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::context::DEFAULT_COLLECTION;
use crate::find;

/// Search by keyword, by meaning, or both.
///
/// Without a mode, a collection with a known embedding model is searched both ways (--hybrid),
/// any other by keyword (--text).
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Words or a question; "a phrase", +must, -mustnot, prefix* and fuzzy~1 work by keyword
    #[arg(required_unless_present_any = ["near", "near_sparse", "near_multi", "like", "leg", "batch", "order_by", "filter", "facet"], group = "words", value_name = "QUERY")]
    pub(super) query: Option<String>,
    /// The query is of the strict language: title:(wal OR "group commit"~2) AND NOT draft
    #[arg(long, requires = "words", conflicts_with_all = ["as_you_type", "near", "near_sparse", "near_multi", "like", "leg"])]
    pub(super) strict: bool,
    /// The query is being typed: its last word may go on
    #[arg(long, requires = "words", conflicts_with_all = ["near", "near_sparse", "near_multi", "like", "leg"])]
    pub(super) as_you_type: bool,
    /// Only this text field, or what it is worth beside others; again: several
    #[arg(long, value_name = "FIELD[^WORTH]")]
    pub(super) field: Vec<String>,
    /// Snippets of a hit, at most, 1 to 16 [default: 1]
    #[arg(long, value_name = "N")]
    pub(super) snippets: Option<usize>,
    /// By keyword and by meaning, fused
    #[arg(long, group = "mode")]
    pub(super) hybrid: bool,
    /// By keyword
    #[arg(long, group = "mode")]
    pub(super) text: bool,
    /// By meaning: the query is embedded with the collection's model
    #[arg(long, group = "mode")]
    pub(super) vector: bool,
    /// By a vector, as a JSON array of numbers
    #[arg(long, value_name = "JSON", conflicts_with_all = ["query", "mode", "like", "leg"])]
    pub(super) near: Option<String>,
    /// By a sparse vector, as a JSON object of weights by dimension
    #[arg(long, value_name = "JSON", conflicts_with_all = ["query", "mode", "near", "like", "leg"])]
    pub(super) near_sparse: Option<String>,
    /// By several vectors, as a JSON array of arrays: MaxSim
    #[arg(long, value_name = "JSON", conflicts_with_all = ["query", "mode", "near", "near_sparse", "like", "leg"])]
    pub(super) near_multi: Option<String>,
    /// The vector field to search by vector [default: vector, or the only one of its kind]
    #[arg(long, value_name = "NAME")]
    pub(super) vector_field: Option<String>,
    /// By the vector of a stored document; again: by several of them
    #[arg(long, value_name = "KEY", conflicts_with_all = ["query", "mode", "leg"])]
    pub(super) like: Vec<String>,
    /// Away from the vector of a stored document; may be given again
    #[arg(long, value_name = "KEY", requires = "like")]
    pub(super) unlike: Vec<String>,
    /// A leg, again: several, fused. text:WORDS, meaning:TEXT, vector:[1, 0],
    /// sparse:{"7": 1}, multi:[[1, 0]] or like:KEY; @FIELD before the
    /// colon, ^WEIGHT at the end
    #[arg(long, value_name = "LEG", conflicts_with_all = ["query", "mode"])]
    pub(super) leg: Vec<String>,
    /// Rank what the legs have found by this leg alone
    #[arg(long, value_name = "LEG", requires = "leg", conflicts_with_all = ["words", "near", "near_sparse", "near_multi", "like"])]
    pub(super) then: Option<String>,
    /// Candidates of each leg, 1 to 16384 [default: 200, or four times the limit if that is more]
    #[arg(long, value_name = "N", requires = "leg", conflicts_with_all = ["words", "near", "near_sparse", "near_multi", "like"])]
    pub(super) candidates: Option<usize>,
    /// Many queries at once: a file with one a line, or - for standard input
    #[arg(long, value_name = "FILE", group = "words", conflicts_with_all = ["near", "near_sparse", "near_multi", "like", "leg", "order_by", "after", "facet", "group_by", "explain"])]
    pub(super) batch: Option<PathBuf>,
    /// How legs are fused
    #[arg(long, value_name = "HOW")]
    pub(super) fusion: Option<FusionKind>,
    /// The constant of --fusion rrf [default: 60]
    #[arg(long, value_name = "N")]
    pub(super) rrf_k: Option<u32>,
    /// How --fusion sum scales the scores of each leg [default: min-max]
    #[arg(long, value_name = "HOW")]
    pub(super) normalise: Option<NormaliseKind>,
    /// Only documents that match, such as: year >= 2025 AND lang = 'en'
    #[arg(long, value_name = "FILTER")]
    pub(super) filter: Option<String>,
    /// Score by a formula, such as: score + 0.3 * exp_decay(created, now(), 30d)
    #[arg(long, value_name = "EXPR", allow_hyphen_values = true)]
    pub(super) score: Option<String>,
    /// Only hits with this score at least
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    pub(super) min_score: Option<f32>,
    /// Only hits with this score at most
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    pub(super) max_score: Option<f32>,
    /// Prefer hits that are unlike each other: the share of relevance, 0 to 1
    #[arg(long, value_name = "LAMBDA")]
    pub(super) mmr: Option<f32>,
    /// Score the best candidates again
    #[arg(long, value_name = "HOW")]
    pub(super) rerank: Option<RerankKind>,
    /// Put hits into groups by a field, each with its best N [default: 3]; the limit counts groups
    #[arg(long, value_name = "FIELD[:N]", conflicts_with_all = ["explain", "mmr", "facet"])]
    pub(super) group_by: Option<String>,
    /// Number of hits, 1 to 16384 [default: 10, with --within 16384]
    #[arg(long, short = 'k', value_name = "N")]
    pub(super) limit: Option<usize>,
    /// Width of the graph search: more finds more and takes longer
    #[arg(long, value_name = "N")]
    pub(super) ef: Option<usize>,
    /// The share of the true nearest vectors to find, such as 0.99, instead of a width
    #[arg(long, value_name = "SHARE", conflicts_with = "ef")]
    pub(super) recall: Option<f32>,
    /// Compare with every vector instead of using the graph
    #[arg(long)]
    pub(super) exact: bool,
    /// Only hits at least this similar (at most this far away under L2), by vector alone
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    pub(super) within: Option<f32>,
    /// Tell what every part of the search found and took
    #[arg(long)]
    pub(super) explain: bool,
    #[command(flatten)]
    pub(super) listing: find::Listing,
    /// The collection
    #[arg(long, short, default_value = DEFAULT_COLLECTION)]
    pub(super) collection: String,
}

/// The fusions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FusionKind {
    /// The weighted mean of similarities and shares of the best keyword score
    Convex,
    /// Reciprocal ranks
    Rrf,
    /// The sum of scaled scores
    Sum,
    /// Distribution-based: the sum of scores scaled by mean and three standard deviations
    Dbsf,
}

/// The scales of sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum NormaliseKind {
    /// The worst is 0, the best 1
    MinMax,
    /// Standard deviations from the mean
    ZScore,
    /// Shares of the best
    Max,
}

/// The re-rankers that need no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RerankKind {
    /// By the share of the words of the query that a document has
    Lexical,
    /// By relevance and difference in equal parts
    Mmr,
}
