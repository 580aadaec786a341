//! What every command works with: the store's place and standard output.

use std::future::Future;
use std::path::{Path, PathBuf};

use lumos::rag::{Rag, RagBuilder};
use lumos::{Collection, Lumos};

use crate::args::Cli;
use crate::failure::{Failure, Result};
use crate::model;
use crate::output::Output;

/// Log that is left to be replayed, in bytes: some hundredths of a second at the next opening.
const SETTLED_BYTES: u64 = 2 << 20;
/// The collection that commands use when none is named.
pub(crate) const DEFAULT_COLLECTION: &str = "docs";

/// The store's place and standard output.
#[derive(Debug)]
pub(crate) struct Context {
    directory: PathBuf,
    pub(crate) out: Output,
}

impl Context {
    pub(crate) fn new(cli: &Cli) -> Self {
        Context {
            directory: cli.db.clone(),
            out: Output::new(cli.json),
        }
    }

    /// The database directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Opens the database for writing, creating it when missing.
    pub(crate) fn writable(&self) -> Result<Lumos> {
        Ok(Lumos::open(&self.directory)?)
    }

    /// After a command that wrote: seals what the next command would otherwise have to replay.
    pub(crate) fn settle(db: &Lumos) -> Result<()> {
        if db.stats().log_bytes >= SETTLED_BYTES {
            db.flush()?;
        }
        Ok(())
    }

    /// Opens an existing database for writing.
    pub(crate) fn existing(&self) -> Result<Lumos> {
        Ok(Lumos::options().create(false).open(&self.directory)?)
    }

    /// Opens an existing database without the writer lock, so that it works beside a writer.
    pub(crate) fn readable(&self) -> Result<Lumos> {
        Ok(Lumos::options()
            .read_only(true)
            .create(false)
            .open(&self.directory)?)
    }
}

/// The collection, with the built-in model behind it when that is what embedded it.
pub(crate) fn with_embedder(db: &Lumos, name: &str) -> Result<Collection> {
    let collection = db.existing_collection(name)?;
    if let Some(model) = collection.schema()?.model {
        let embedder = model::embedder()?;
        if embedder.name() == model {
            db.set_embedder(name, embedder)?;
        }
    }
    Ok(collection)
}

/// The documents of a collection that exists, to be searched and asked as they were embedded.
pub(crate) fn documents(db: &Lumos, name: &str) -> Result<RagBuilder> {
    let model = db.existing_collection(name)?.schema()?.model;
    let rag = Rag::new(db).collection(name);
    Ok(if model.is_some() {
        rag.embedder(model::embedder()?)
    } else {
        rag.keywords_only()
    })
}

/// Runs what is asynchronous to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::runtime)?
        .block_on(work)
}
