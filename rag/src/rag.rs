//! The handle: a collection of a store with what cuts, embeds and answers.

use std::fmt::Debug;
use std::future::{Future, IntoFuture};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lumos_engine::{Embedder, Error as EngineError, Fusion, Store};

use crate::ask::Ask;
use crate::retrieve::Retrieve;
use crate::{Add, ChunkOptions, Error, Generator, Result, builtin_embedder};

/// The collection that is used when none is named.
const DEFAULT_COLLECTION: &str = "docs";

/// Documents that can be added, searched and asked. Clones are cheap and share it.
///
/// ```
/// use lumos_engine::Lumos;
/// use lumos_rag::Rag;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> lumos_rag::Result<()> {
/// # let notes = tempfile::tempdir().unwrap();
/// # let text = "# Keys\n\nRotate keys every ninety days with the rotate command.\n";
/// # std::fs::write(notes.path().join("keys.md"), text).unwrap();
/// let db = Lumos::memory()?;
/// let rag = Rag::new(&db).keywords_only().await?;
/// let report = rag.add(notes.path()).await?;
/// assert_eq!(report.added, 1);
///
/// let answer = rag.ask("How often should I rotate keys?").await?;
/// assert_eq!(answer.citations[0].lines, (3, 3));
/// assert_eq!(answer.citations[0].quote, "Rotate keys every ninety days with the rotate command.");
///
/// let answer = rag.ask("Who won the chess tournament?").await?;
/// assert!(!answer.found);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Rag {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<dyn Store>,
    collection: String,
    model: Model,
    chunking: ChunkOptions,
    generator: Option<Arc<dyn Generator>>,
    fusion: Option<Fusion>,
    /// Held while files are added: two at once would write each other's files.
    writing: Mutex<()>,
}

/// What embeds.
#[derive(Debug, Clone)]
enum Model {
    BuiltIn,
    Given(Arc<dyn Embedder>),
    None,
}

/// What can be used as a store: a reference to a handle that is cheap to clone, or a shared one.
pub trait IntoStore {
    /// The store.
    fn into_store(self) -> Arc<dyn Store>;
}

impl<S: Store + Clone> IntoStore for &S {
    fn into_store(self) -> Arc<dyn Store> {
        Arc::new(self.clone())
    }
}

impl IntoStore for Arc<dyn Store> {
    fn into_store(self) -> Arc<dyn Store> {
        self
    }
}

impl<S: Store> IntoStore for Arc<S> {
    fn into_store(self) -> Arc<dyn Store> {
        self
    }
}

/// A [`Rag`] about to be made: await it, or call [`RagBuilder::open`] from synchronous code.
#[derive(Debug, Clone)]
#[must_use = "nothing is opened until this is awaited or opened"]
pub struct RagBuilder {
    store: Arc<dyn Store>,
    collection: String,
    model: Model,
    chunking: ChunkOptions,
    generator: Option<Arc<dyn Generator>>,
    fusion: Option<Fusion>,
}

impl RagBuilder {
    /// The collection of the documents (default `docs`).
    pub fn collection(mut self, collection: impl Into<String>) -> Self {
        self.collection = collection.into();
        self
    }

    /// What turns text into vectors (default [`builtin_embedder`]).
    pub fn embedder(mut self, embedder: Arc<dyn Embedder>) -> Self {
        self.model = Model::Given(embedder);
        self
    }

    /// Works without vectors: nothing is embedded, and search is by keyword.
    pub fn keywords_only(mut self) -> Self {
        self.model = Model::None;
        self
    }

    /// How files are cut (default 200 word pieces, 24 of them shared).
    pub fn chunks(mut self, options: ChunkOptions) -> Self {
        self.chunking = options;
        self
    }

    /// What writes answers from passages (default: answers are made of quotes).
    pub fn generator(mut self, generator: Arc<dyn Generator>) -> Self {
        self.generator = Some(generator);
        self
    }

    /// How the legs of a search are fused (default convex, weighted by the embedder).
    pub fn fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = Some(fusion);
        self
    }

    /// Makes the handle. Nothing is written, and the built-in model is not loaded before it is needed.
    ///
    /// # Errors
    /// `ModelMismatch` (`E2001`) when the collection was embedded with another model than the one given.
    pub fn open(self) -> Result<Rag> {
        if let Model::Given(embedder) = &self.model {
            let schema = self.store.schema(&self.collection)?;
            check_model(
                &self.collection,
                schema.and_then(|schema| schema.model),
                embedder.name(),
            )?;
        }
        let shared = Shared {
            store: self.store,
            collection: self.collection,
            model: self.model,
            chunking: self.chunking,
            generator: self.generator,
            fusion: self.fusion,
            writing: Mutex::new(()),
        };
        Ok(Rag {
            shared: Arc::new(shared),
        })
    }
}

impl IntoFuture for RagBuilder {
    type Output = Result<Rag>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    /// Makes the handle on a blocking thread.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(blocking(move || self.open()))
    }
}

impl Rag {
    /// Documents of a store: `Rag::new(&db).await?`, or `Rag::new(&db).collection("notes").open()?`.
    #[allow(clippy::new_ret_no_self)] // Awaiting what it returns gives the handle.
    pub fn new(store: impl IntoStore) -> RagBuilder {
        RagBuilder {
            store: store.into_store(),
            collection: DEFAULT_COLLECTION.to_string(),
            model: Model::BuiltIn,
            chunking: ChunkOptions::default(),
            generator: None,
            fusion: None,
        }
    }

    /// Adds a file, or the files of a folder: what is new, what has changed, and the removal of what is
    /// gone from there.
    pub fn add(&self, path: impl AsRef<Path>) -> Add {
        self.add_all([path])
    }

    /// Adds several files and folders; see [`Rag::add`].
    pub fn add_all<P: AsRef<Path>>(&self, paths: impl IntoIterator<Item = P>) -> Add {
        let roots: Vec<PathBuf> = paths
            .into_iter()
            .map(|path| path.as_ref().to_path_buf())
            .collect();
        Add::new(self.clone(), roots)
    }

    /// The `k` passages that fit a query best: by meaning and by keyword where the collection is embedded
    /// and the model speaks the query's language, else by keyword.
    pub fn search(&self, query: impl Into<String>, k: usize) -> Retrieve {
        Retrieve::new(self.clone(), query.into(), k)
    }

    /// Answers a question from the documents, with citations whose quotes were found in their sources.
    pub fn ask(&self, question: impl Into<String>) -> Ask {
        Ask::new(self.clone(), question.into())
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        &*self.shared.store
    }

    /// The name of the collection.
    pub fn collection(&self) -> &str {
        &self.shared.collection
    }

    /// What embeds new documents; `None` for keywords only. Loads the built-in model when that is it.
    pub(crate) fn embedder(&self) -> Result<Option<Arc<dyn Embedder>>> {
        match &self.shared.model {
            Model::BuiltIn => Ok(Some(builtin_embedder()?)),
            Model::Given(embedder) => Ok(Some(Arc::clone(embedder))),
            Model::None => Ok(None),
        }
    }

    /// What embeds queries; `None` when the collection has no vectors to compare with.
    pub(crate) fn query_embedder(&self) -> Result<Option<Arc<dyn Embedder>>> {
        if matches!(self.shared.model, Model::None) {
            return Ok(None);
        }
        let schema = self.store().schema(self.collection())?;
        let Some(stored) = schema.and_then(|schema| schema.model) else {
            return Ok(None);
        };
        let embedder = self.embedder()?;
        if let Some(embedder) = &embedder {
            check_model(self.collection(), Some(stored), embedder.name())?;
        }
        Ok(embedder)
    }

    pub(crate) fn chunking(&self) -> ChunkOptions {
        self.shared.chunking
    }

    pub(crate) fn generator(&self) -> Option<Arc<dyn Generator>> {
        self.shared.generator.clone()
    }

    pub(crate) fn fusion(&self) -> Option<Fusion> {
        self.shared.fusion
    }

    pub(crate) fn writing(&self) -> MutexGuard<'_, ()> {
        // Nothing is kept under the lock that a panic could have left half done.
        self.shared
            .writing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_model(collection: &str, stored: Option<String>, given: &str) -> Result<()> {
    match stored {
        Some(stored) if stored != given => Err(EngineError::ModelMismatch {
            collection: collection.to_string(),
            stored,
            given: given.to_string(),
        }
        .into()),
        _ => Ok(()),
    }
}

/// Runs what blocks on a blocking thread.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Task {
            detail: error.to_string(),
        })?
}
