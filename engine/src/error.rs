//! Every way the engine can fail, with a stable code and a hint for each.

use std::path::PathBuf;

use lumos_index::{AnalyzerError, FilterError, FormulaError, VectorError};

/// The result of an engine call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. `Display` is a sentence; [`Error::code`] is stable; [`Error::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file, lock or log operation failed.
    #[error(transparent)]
    Storage(#[from] lumos_wal::Error),
    /// Stored bytes do not decode or fail their checksum.
    #[error("{} is damaged at offset {offset}: {detail}", file.display())]
    Corruption {
        /// The damaged file.
        file: PathBuf,
        /// Where in the file, in bytes.
        offset: u64,
        /// What does not fit.
        detail: String,
    },
    /// The directory was written by a later version.
    #[error("{} has format version {found}, this build reads up to {supported}", file.display())]
    FormatVersion {
        /// The file that carries the version.
        file: PathBuf,
        /// The version found.
        found: u32,
        /// The newest version this build reads.
        supported: u32,
    },
    /// The file was written by a later version that uses what this build does not know.
    #[error("{} needs features that this build does not have (bits {features:#x})", file.display())]
    UnknownFeatures {
        /// The file that needs them.
        file: PathBuf,
        /// Their bits.
        features: u32,
    },
    /// No database at this path, and it may not be created.
    #[error("there is no Lumos database at {}", path.display())]
    NotFound {
        /// The path that was opened.
        path: PathBuf,
    },
    /// The handle may not write.
    #[error("this database is open read-only")]
    ReadOnly,
    /// A collection that does not exist.
    #[error("there is no collection \"{name}\"")]
    UnknownCollection {
        /// The name asked for.
        name: String,
        /// The collections that exist.
        existing: Vec<String>,
    },
    /// A vector of the wrong length.
    #[error("vector has {got} numbers, collection \"{collection}\" stores {expected}{}", model_suffix(.model))]
    DimensionMismatch {
        /// The collection.
        collection: String,
        /// The length the collection stores.
        expected: usize,
        /// The length given.
        got: usize,
        /// The embedding model recorded with the collection.
        model: Option<String>,
    },
    /// The collection was embedded with another model.
    #[error(
        "collection \"{collection}\" was embedded with \"{stored}\", this handle embeds with \"{given}\""
    )]
    ModelMismatch {
        /// The collection.
        collection: String,
        /// The model recorded with the collection.
        stored: String,
        /// The model of this handle.
        given: String,
    },
    /// A vector that cannot be stored or searched: NaN, infinite, too large, or zero under cosine.
    #[error("vector of \"{collection}\" cannot be used: {source}")]
    Vector {
        /// The collection.
        collection: String,
        /// What is wrong with it.
        source: VectorError,
    },
    /// A metadata value that the declared schema does not allow.
    #[error("field \"{field}\" of document \"{key}\" must be {expected}, it is {got}")]
    FieldType {
        /// The document.
        key: String,
        /// The metadata field.
        field: String,
        /// The declared type.
        expected: &'static str,
        /// The JSON type found.
        got: &'static str,
    },
    /// A schema that contradicts the one stored.
    #[error("collection \"{collection}\" exists with another schema: {detail}")]
    SchemaMismatch {
        /// The collection.
        collection: String,
        /// What differs.
        detail: String,
    },
    /// A field that is added again as another than it was when it was dropped, while segments have bytes of it.
    #[error(
        "{field} of collection \"{collection}\" was dropped as another and is still in {segments} segment{}",
        if *segments == 1 { "" } else { "s" }
    )]
    DroppedField {
        /// The collection.
        collection: String,
        /// The kind of field and its name.
        field: String,
        /// Segments that have bytes of it.
        segments: usize,
    },
    /// The description of an analyzer that does not parse.
    #[error("analyzer: {source}")]
    Analyzer {
        /// The description.
        input: String,
        /// What is wrong and where.
        source: AnalyzerError,
    },
    /// Another analyzer for a text field of a collection that has documents.
    #[error(
        "text field \"{field}\" of collection \"{collection}\" has analyzer \"{stored}\" and documents, \
         \"{wanted}\" was asked for"
    )]
    AnalyzerChange {
        /// The collection.
        collection: String,
        /// The text field.
        field: String,
        /// The analyzer that it has.
        stored: String,
        /// The analyzer that was asked for.
        wanted: String,
    },
    /// A filter that does not parse or names an unknown field.
    #[error("filter: {source}")]
    Filter {
        /// The filter text.
        input: String,
        /// What is wrong and where.
        source: FilterError,
    },
    /// A score formula that does not parse or names an unknown leg.
    #[error("score: {source}")]
    Formula {
        /// The text of the formula.
        input: String,
        /// What is wrong and where.
        source: FormulaError,
    },
    /// A score formula that has no value for a document: a field is missing, or no finite number comes out.
    #[error("score of document \"{key}\": {source}")]
    Score {
        /// The document.
        key: String,
        /// The text of the formula.
        input: String,
        /// What is wrong and where in the formula.
        source: FormulaError,
    },
    /// A re-ranker failed, or gave scores that cannot be used.
    #[error("re-ranking with \"{name}\" failed: {detail}")]
    Reranker {
        /// The re-ranker.
        name: String,
        /// What is wrong.
        detail: String,
    },
    /// A keyword query with a mistake, or past its limits.
    #[error("query: {0}")]
    Query(#[from] lumos_index::TextQueryError),
    /// The keyword index of a segment cannot be read or built.
    #[error("keyword index: {0}")]
    Keywords(lumos_index::TextError),
    /// An argument outside its limits.
    #[error("{argument} {detail}")]
    InvalidArgument {
        /// The argument.
        argument: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// Sealing or merging in the background failed. Nothing was written by the call that says so, and
    /// the next one is admitted: what failed is tried again.
    #[error("background work failed, nothing was written: {detail}")]
    Background {
        /// What failed.
        detail: String,
    },
    /// A line of an import that is not what was exported.
    #[error("line {line} of the import: {detail}")]
    ImportLine {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        detail: String,
    },
    /// Changes that the log does not hold any more were asked for.
    #[error("the changes after commit {since} are gone, the log begins with commit {oldest}")]
    ChangesGone {
        /// The commit that was asked for.
        since: u64,
        /// The oldest commit that the log holds.
        oldest: u64,
    },
    /// A precondition of a transaction did not hold; nothing was written.
    #[error("conflict on \"{key}\": {detail}")]
    Conflict {
        /// The document or state key.
        key: String,
        /// The precondition that failed.
        detail: String,
    },
    /// An embedder failed.
    #[error("embedding with \"{model}\" failed: {detail}")]
    Embedder {
        /// The model.
        model: String,
        /// What it said.
        detail: String,
    },
    /// A stored JSON value does not fit the type it was read into.
    #[error("cannot read \"{key}\": {source}")]
    Json {
        /// The document or state key.
        key: String,
        /// What serde said.
        source: serde_json::Error,
    },
}

fn model_suffix(model: &Option<String>) -> String {
    model
        .as_ref()
        .map(|model| format!(" (model \"{model}\")"))
        .unwrap_or_default()
}

impl From<lumos_index::TextError> for Error {
    fn from(error: lumos_index::TextError) -> Self {
        match error {
            lumos_index::TextError::Query(mistake) => Error::Query(mistake),
            error => Error::Keywords(error),
        }
    }
}

impl Error {
    /// The stable code of this error: `E1xxx` storage, `E2xxx` data and queries.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Storage(lumos_wal::Error::Locked { .. }) => "E1003",
            Error::Storage(lumos_wal::Error::Corruption { .. }) | Error::Corruption { .. } => {
                "E1010"
            }
            Error::Keywords(_) => "E1012",
            Error::Storage(lumos_wal::Error::FormatVersion { .. })
            | Error::FormatVersion { .. }
            | Error::Storage(lumos_wal::Error::UnknownFeatures { .. })
            | Error::UnknownFeatures { .. } => "E1011",
            Error::Storage(lumos_wal::Error::Poisoned { .. }) => "E1005",
            Error::Storage(lumos_wal::Error::UnsupportedFileSystem { .. }) => "E1006",
            Error::Storage(_) => "E1001",
            Error::Background { .. } => "E1007",
            Error::NotFound { .. } => "E1002",
            Error::ReadOnly => "E1004",
            Error::DimensionMismatch { .. } | Error::ModelMismatch { .. } => "E2001",
            Error::UnknownCollection { .. } => "E2002",
            Error::Vector { .. } => "E2003",
            Error::FieldType { .. } => "E2004",
            Error::SchemaMismatch { .. }
            | Error::DroppedField { .. }
            | Error::AnalyzerChange { .. } => "E2005",
            Error::Conflict { .. } => "E2006",
            Error::InvalidArgument { .. } => "E2007",
            Error::ChangesGone { .. } => "E2009",
            Error::ImportLine { .. } => "E2010",
            Error::Json { .. } => "E2008",
            Error::Filter { .. } => "E2104",
            Error::Query(_) => "E2105",
            Error::Formula { .. } => "E2106",
            Error::Score { .. } => "E2107",
            Error::Analyzer { .. } => "E2108",
            Error::Embedder { .. } => "E3001",
            Error::Reranker { .. } => "E3017",
        }
    }

    /// What the caller can do about it, with a command or a line of code.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::Storage(lumos_wal::Error::Locked { .. }) => {
                "open it read-only with Lumos::options().read_only(true), or stop that process"
                    .to_string()
            }
            Error::Storage(lumos_wal::Error::Poisoned { .. }) => {
                "reads go on; reopen the database to write again".to_string()
            }
            Error::Storage(lumos_wal::Error::UnsupportedFileSystem { .. }) => {
                "keep the database on a local disk".to_string()
            }
            Error::Storage(lumos_wal::Error::Corruption { .. })
            | Error::Corruption { .. }
            | Error::Keywords(_) => {
                "keep a copy of the directory, then restore a backup".to_string()
            }
            Error::Storage(lumos_wal::Error::FormatVersion { .. })
            | Error::FormatVersion { .. }
            | Error::Storage(lumos_wal::Error::UnknownFeatures { .. })
            | Error::UnknownFeatures { .. } => "open it with a newer Lumos".to_string(),
            Error::Storage(_) => {
                "check that the path exists, that it is a directory, and its permissions"
                    .to_string()
            }
            Error::Background { .. } => {
                "make room on the disk or mend what it names, then write again".to_string()
            }
            Error::NotFound { .. } => {
                "add something first: lumos add ./docs, or check the path".to_string()
            }
            Error::ReadOnly => "open it with Lumos::open(path) to write".to_string(),
            Error::UnknownCollection { existing, .. } if existing.is_empty() => {
                "the database holds no collection yet; put a document first".to_string()
            }
            Error::UnknownCollection { existing, .. } => {
                format!("it holds: {}", existing.join(", "))
            }
            Error::DimensionMismatch {
                collection,
                model: Some(_),
                ..
            }
            | Error::ModelMismatch { collection, .. } => format!(
                "embed with the same model, or add the documents to a new collection instead of \"{collection}\""
            ),
            Error::DimensionMismatch { expected, .. } => {
                format!("give vectors of {expected} numbers, or use another collection")
            }
            Error::Vector { .. } => "check the embedder that made it".to_string(),
            Error::FieldType { .. } => "mend the document, or declare another type".to_string(),
            Error::SchemaMismatch { .. } => {
                "open it with the stored schema, or use another collection name".to_string()
            }
            Error::DroppedField { .. } => {
                "merge the segments first: lumos compact, or db.compact()".to_string()
            }
            Error::Filter { source, .. } => return source.hint(),
            Error::Analyzer { source, .. } => return source.hint(),
            Error::AnalyzerChange { .. } => {
                "keep the analyzer, or put the documents into a collection that declares the other one"
                    .to_string()
            }
            Error::Formula { source, .. } | Error::Score { source, .. } => return source.hint(),
            Error::Reranker { .. } => "check the re-ranker or its service".to_string(),
            Error::ImportLine { .. } => {
                "mend the line and import again: what was imported before is replaced by itself"
                    .to_string()
            }
            Error::ChangesGone { .. } => {
                "read a snapshot and go on from its seqno; open with keep_changes to keep more"
                    .to_string()
            }
            Error::Conflict { .. } => "read again and retry the transaction".to_string(),
            Error::Query(error) => return error.hint(),
            Error::InvalidArgument { .. } | Error::Json { .. } => return None,
            Error::Embedder { .. } => "check the model's files or its service".to_string(),
        };
        Some(hint)
    }
}
