//! What every handle of one open database shares.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

use lumos_wal::sync::{Mutex, RwLock, RwLockWriteGuard};
use lumos_wal::{Committer, Vfs, WriterLock};

use crate::checkpoint::Checkpoint;
use crate::doc::{DEFAULT_TEXT_FIELD, DEFAULT_VECTOR_FIELD};
use crate::manifest::{CollectionKind, Manifest};
use crate::op::{self, Op};
use crate::pins::Pins;
use crate::prepare::{Prepared, Preparer};
use crate::publish::Publisher;
use crate::state::DbState;
use crate::{Batch, Change, EmbedKind, Embedder, Error, OpenOptions, Result, Schema, Seqno};

/// The parts of an open database.
#[derive(Debug)]
pub(crate) struct Core {
    /// `None` for a database in memory.
    pub(crate) dir: Option<PathBuf>,
    pub(crate) vfs: Arc<dyn Vfs>,
    pub(crate) options: OpenOptions,
    pub(crate) publisher: Arc<Publisher>,
    /// `None` when read-only.
    pub(crate) committer: Option<Committer<Vec<Op>>>,
    /// Bytes of log that opening read; what a read-only handle tells of the log.
    pub(crate) replayed_bytes: AtomicU64,
    /// Shared by transactions that read nothing, exclusive for those whose reads must still hold when
    /// they commit.
    pub(crate) gate: RwLock<()>,
    /// Held by whoever seals or writes the manifest.
    pub(crate) maintenance: Mutex<Checkpoint>,
    /// Held by whoever merges, and taken before `maintenance`: seals and bulk loads go on meanwhile.
    pub(crate) merging: Mutex<()>,
    /// Features that the manifest is known to say the log may use.
    pub(crate) announced: AtomicU32,
    pub(crate) embedders: RwLock<BTreeMap<String, Arc<dyn Embedder>>>,
    /// Why the last round of background work failed.
    pub(crate) background: Mutex<Background>,
    /// What snapshots hold.
    pub(crate) pins: Arc<Pins>,
    pub(crate) _lock: Option<WriterLock>,
}

/// How the background fares.
#[derive(Debug, Default)]
pub(crate) struct Background {
    /// Why its last round failed.
    pub(crate) error: Option<String>,
    /// The same, until a write has told it.
    untold: Option<String>,
    /// What kind of failure that was.
    kind: Option<Kind>,
}

/// The code of an error, and the operating system's kind of it. Its text may name another file each time.
type Kind = (&'static str, Option<std::io::ErrorKind>);

fn kind(error: &Error) -> Kind {
    let source = match error {
        Error::Storage(lumos_wal::Error::Io { source, .. }) => Some(source.kind()),
        _ => None,
    };
    (error.code(), source)
}

impl Background {
    /// Notes the outcome of a round. What fails the same way again is told once.
    pub(crate) fn note(&mut self, outcome: Result<()>) {
        let error = outcome.err();
        let kind = error.as_ref().map(kind);
        self.error = error.map(|error| error.to_string());
        if self.kind != kind {
            self.untold.clone_from(&self.error);
            self.kind = kind;
        }
    }
}

impl Core {
    /// What has no directory, no log and no lock.
    pub(crate) fn new(options: OpenOptions, publisher: Arc<Publisher>) -> Self {
        Core {
            dir: None,
            vfs: options.vfs.clone(),
            options,
            publisher,
            committer: None,
            replayed_bytes: AtomicU64::new(0),
            gate: RwLock::new(()),
            maintenance: Mutex::new(Checkpoint::new(Manifest::default())),
            merging: Mutex::default(),
            announced: AtomicU32::new(0),
            embedders: RwLock::default(),
            background: Mutex::default(),
            pins: Arc::default(),
            _lock: None,
        }
    }

    /// The current state.
    pub(crate) fn state(&self) -> Arc<DbState> {
        self.publisher.current()
    }

    pub(crate) fn committer(&self) -> Result<&Committer<Vec<Op>>> {
        self.committer.as_ref().ok_or(Error::ReadOnly)
    }

    /// Commits changes that depend on nothing read before.
    pub(crate) fn write(&self, changes: &[Change]) -> Result<Seqno> {
        self.committer()?;
        {
            let _shared = self.gate.read();
            let prepared = self.prepare(changes)?;
            if !prepared.exclusive {
                return self.commit(prepared.ops);
            }
        }
        let exclusive = self.exclusive();
        self.write_exclusive(&exclusive, changes)
    }

    /// Keeps every other transaction out until the guard is dropped.
    pub(crate) fn exclusive(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write()
    }

    /// Commits changes that depend on what was read under the guard.
    pub(crate) fn write_exclusive(
        &self,
        _guard: &RwLockWriteGuard<'_, ()>,
        changes: &[Change],
    ) -> Result<Seqno> {
        self.commit(self.prepare(changes)?.ops)
    }

    /// Commits operations that were resolved under the guard.
    pub(crate) fn commit_exclusive(
        &self,
        _guard: &RwLockWriteGuard<'_, ()>,
        ops: Vec<Op>,
    ) -> Result<Seqno> {
        self.commit(ops)
    }

    /// Has the manifest say that the log may use these features, before it does: a build that does not know
    /// them must not read it. Whoever calls this holds no lock.
    pub(crate) fn announce(&self, features: u32) -> Result<()> {
        if self.has_announced(features) {
            return Ok(());
        }
        let mut checkpoint = self.maintenance.lock();
        let known = checkpoint.manifest().features();
        if known & features != features {
            checkpoint.announce(features);
            if let Err(error) = crate::seal::publish(self, &mut checkpoint, |_| true) {
                checkpoint.withdraw(features & !known);
                return Err(error);
            }
        }
        self.announced.fetch_or(features, Relaxed);
        Ok(())
    }

    /// Whether the log may use these features.
    pub(crate) fn has_announced(&self, features: u32) -> bool {
        self.dir.is_none() || features & !self.announced.load(Relaxed) == 0
    }

    /// Creates or widens a collection.
    pub(crate) fn ensure(&self, collection: &str, schema: &Schema) -> Result<()> {
        let missing = |state: &DbState| -> Result<Prepared> {
            let mut preparer = Preparer::new(state);
            preparer.ensure(collection, schema)?;
            Ok(preparer.finish())
        };
        if missing(&self.state())?.ops.is_empty() {
            return Ok(());
        }
        self.committer()?;
        self.announce(schema.features())?;
        let _exclusive = self.exclusive();
        let ops = missing(&self.state())?.ops;
        if !ops.is_empty() {
            self.commit(ops)?;
        }
        Ok(())
    }

    /// Checks changes, makes the collections fit them, and returns what is left to do.
    pub(crate) fn resolve(&self, changes: &[Change]) -> Result<Vec<Op>> {
        let split = |ops: Vec<Op>| ops.into_iter().partition(Op::is_of_catalog);
        let (catalog, rows): (Vec<Op>, Vec<Op>) = split(self.prepare(changes)?.ops);
        if catalog.is_empty() {
            return Ok(rows);
        }
        let _exclusive = self.exclusive();
        let (catalog, rows) = split(self.prepare(changes)?.ops);
        self.commit(catalog)?;
        Ok(rows)
    }

    fn prepare(&self, changes: &[Change]) -> Result<Prepared> {
        let state = self.state();
        let mut preparer = Preparer::new(&state);
        for change in changes {
            preparer.change(change)?;
        }
        Ok(preparer.finish())
    }

    /// Logs, applies and publishes operations; returns when they are as durable as configured.
    pub(crate) fn commit(&self, ops: Vec<Op>) -> Result<Seqno> {
        let committer = self.committer()?;
        self.publisher.check()?;
        if ops.is_empty() {
            return Ok(self.state().seqno);
        }
        let payload = op::encode(&ops).map_err(|source| Error::Json {
            key: "schema".to_string(),
            source,
        })?;
        let seqno = committer.commit(payload, ops, self.options.durability)?;
        self.publisher.check()?;
        Ok(seqno)
    }

    /// What every write does first: waits while the background is too far behind, outside of all locks,
    /// and says once what it could not do.
    pub(crate) fn admit(&self) -> Result<()> {
        self.committer()?;
        self.publisher.work().wait_for_room();
        if let Some(limit) = self.options.memory_limit {
            crate::memory_limit::keep(self, limit / 2)?;
        }
        match self.background.lock().untold.take() {
            Some(detail) => {
                // Perhaps the reason is gone.
                self.publisher.work().notify();
                Err(Error::Background { detail })
            }
            None => Ok(()),
        }
    }

    /// The embedder registered for a collection.
    pub(crate) fn embedder(&self, collection: &str) -> Option<Arc<dyn Embedder>> {
        self.embedders.read().get(collection).cloned()
    }

    /// Embeds the default text of documents that bring no default vector, where an embedder is set.
    pub(crate) fn embed(&self, batch: Batch) -> Result<Vec<Change>> {
        let mut changes = batch.into_changes();
        let embedders = self.embedders.read().clone();
        for (collection, embedder) in &embedders {
            let mut due: Vec<(usize, String)> = Vec::new();
            for (at, change) in changes.iter().enumerate() {
                if let Change::Put {
                    collection: target,
                    doc,
                } = change
                    && target == collection
                    && !doc.vectors.contains_key(DEFAULT_VECTOR_FIELD)
                    && let Some(text) = doc.text_field(DEFAULT_TEXT_FIELD)
                    && !text.trim().is_empty()
                {
                    due.push((at, text.to_string()));
                }
            }
            for part in due.chunks(embedder.batch_size().max(1)) {
                let texts: Vec<&str> = part.iter().map(|(_, text)| text.as_str()).collect();
                let vectors = embedder.embed(&texts, EmbedKind::Document)?;
                if vectors.len() != texts.len() {
                    return Err(Error::Embedder {
                        model: embedder.name().to_string(),
                        detail: format!("{} vectors for {} texts", vectors.len(), texts.len()),
                    });
                }
                for ((at, _), vector) in part.iter().zip(vectors) {
                    if let Some(Change::Put { doc, .. }) = changes.get_mut(*at) {
                        doc.vectors.insert(DEFAULT_VECTOR_FIELD.to_string(), vector);
                    }
                }
            }
        }
        Ok(changes)
    }

    /// The value of a key in a key space.
    pub(crate) fn kv_get(
        &self,
        state: &DbState,
        space: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>> {
        match state.named(CollectionKind::Kv, space) {
            Some(state) => state.value(key),
            None => Ok(None),
        }
    }
}
