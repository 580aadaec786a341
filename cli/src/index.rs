//! `lumos index`: indexes of metadata that are made in advance.

use clap::{Args, ValueEnum};
use lumos::IndexKind;
use serde_json::json;

use crate::context::{Context, DEFAULT_COLLECTION};
use crate::failure::Outcome;

/// List the declared indexes of metadata, or declare one or take it back.
///
/// Comparisons, lists and patterns need none: every field is indexed for them.
#[derive(Debug, Args)]
pub(crate) struct Index {
    /// The field; without one the declared indexes are listed
    #[arg(requires = "kind", value_name = "FIELD")]
    path: Option<String>,
    /// What for: ANY, ALL and NONE; LENGTH; WITHIN, BOX and POLYGON; facets and orders
    #[arg(long, value_enum, requires = "path")]
    kind: Option<Kind>,
    /// Take the declaration back
    #[arg(long, requires = "path")]
    drop: bool,
    /// The collection
    #[arg(long, short, default_value = DEFAULT_COLLECTION)]
    collection: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Elements,
    Lengths,
    Points,
    Values,
}

impl From<Kind> for IndexKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Elements => IndexKind::Elements,
            Kind::Lengths => IndexKind::Lengths,
            Kind::Points => IndexKind::Points,
            Kind::Values => IndexKind::Values,
        }
    }
}

impl Index {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        if let (Some(path), Some(kind)) = (&self.path, self.kind) {
            let db = context.existing()?;
            let collection = db.existing_collection(&self.collection)?;
            match self.drop {
                true => drop(collection.drop_index(path, kind.into())?),
                false => collection.index(path, kind.into())?,
            }
            return self.list(&collection, context);
        }
        let db = context.readable()?;
        let collection = db.existing_collection(&self.collection)?;
        self.list(&collection, context)
    }

    fn list(&self, collection: &lumos::Collection, context: &mut Context) -> Outcome {
        for (path, kind) in collection.indexes()? {
            if context.out.is_json() {
                context.out.json(&json!({ "field": path, "kind": kind }))?;
            } else {
                let kind = format!("{kind:?}").to_lowercase();
                context.out.line(format!("{path}  {kind}"))?;
            }
        }
        Ok(())
    }
}
