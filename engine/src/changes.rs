//! The committed changes of a database, in order: for replicas, and for whoever derives something from it.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use lumos_wal::Log;

use crate::core::Core;
use crate::database::Lumos;
use crate::manifest::CollectionKind;
use crate::op::{self, Op};
use crate::record::{Body, Record};
use crate::recovery::{READ_ONLY_ATTEMPTS, WAL_DIR};
use crate::{Doc, Error, Result, Schema, Seqno};

/// Bytes of log that are decoded at a time.
const AHEAD: usize = 4 << 20;

/// One commit.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Commit {
    /// Its number.
    pub seqno: Seqno,
    /// What it changed, in the order in which it was applied.
    pub events: Vec<Event>,
}

/// One change of a [`Commit`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A collection came into being.
    Created {
        /// Its name.
        collection: String,
        /// Its schema.
        schema: Schema,
    },
    /// A collection has another schema.
    SchemaChanged {
        /// The collection.
        collection: String,
        /// The schema from now on.
        schema: Schema,
    },
    /// A collection was dropped with all its documents.
    Dropped {
        /// The collection.
        collection: String,
    },
    /// A document was inserted or replaced; its vectors are as they are stored.
    Put {
        /// The collection.
        collection: String,
        /// The document.
        doc: Doc,
    },
    /// A document was deleted, if there was one.
    Deleted {
        /// The collection.
        collection: String,
        /// Its key.
        key: String,
    },
    /// A value of the key-value space was set.
    KvSet {
        /// The key space.
        space: String,
        /// The key.
        key: String,
        /// The value.
        value: Vec<u8>,
    },
    /// A value of the key-value space was removed, if there was one.
    KvDeleted {
        /// The key space.
        space: String,
        /// The key.
        key: String,
    },
    /// Documents were ingested past the log: they are in the collection, and not in the feed.
    Ingested {
        /// The collection.
        collection: String,
        /// How many.
        documents: u64,
    },
}

/// An iterator over commits; see [`Lumos::changes`].
#[derive(Debug)]
pub struct Changes {
    db: Lumos,
    wal: PathBuf,
    /// The last commit that was given.
    since: Seqno,
    ready: VecDeque<Commit>,
    names: BTreeMap<u32, (CollectionKind, String)>,
    failed: bool,
}

/// Ends a replay when enough was read.
enum Stop {
    Enough,
    Failed(Error),
}

impl From<lumos_wal::Error> for Stop {
    fn from(error: lumos_wal::Error) -> Self {
        Stop::Failed(error.into())
    }
}

impl Changes {
    pub(crate) fn new(db: &Lumos, since: Seqno) -> Result<Changes> {
        let core = db.core();
        let Some(dir) = &core.dir else {
            return Err(Error::InvalidArgument {
                argument: "changes",
                detail: "of a database in memory are not kept".to_string(),
            });
        };
        let mut changes = Changes {
            db: db.clone(),
            wal: dir.join(WAL_DIR),
            since,
            ready: VecDeque::new(),
            names: BTreeMap::new(),
            failed: false,
        };
        changes.fill()?;
        Ok(changes)
    }

    fn core(&self) -> &Core {
        self.db.core()
    }

    /// Reads the next commits; none when there are no more for now.
    fn fill(&mut self) -> Result<()> {
        let upto = self.core().state().seqno;
        if self.since >= upto {
            return Ok(());
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.read(upto) {
                Err(Error::Storage(lumos_wal::Error::LogMoved { .. }))
                    if attempt < READ_ONLY_ATTEMPTS =>
                {
                    self.ready.clear();
                    let vfs = self.core().vfs.clone();
                    let oldest = Log::oldest(&*vfs, &self.wal);
                    if let Ok(oldest) = oldest {
                        let oldest = oldest.unwrap_or(upto + 1);
                        if self.since + 1 < oldest {
                            let since = self.since;
                            return Err(Error::ChangesGone { since, oldest });
                        }
                    }
                }
                outcome => return outcome,
            }
        }
    }

    fn read(&mut self, upto: Seqno) -> Result<()> {
        let vfs = self.core().vfs.clone();
        let (wal, since) = (self.wal.clone(), self.since);
        let mut bytes = 0;
        let outcome = Log::replay(&*vfs, &wal, since, |seqno, payload| {
            if seqno > upto || bytes >= AHEAD {
                return Err(Stop::Enough);
            }
            bytes += payload.len();
            let commit = self.commit(seqno, payload).map_err(Stop::Failed)?;
            self.ready.push_back(commit);
            Ok(())
        });
        match outcome {
            Err(Stop::Failed(error)) => return Err(error),
            Ok(_) | Err(Stop::Enough) => {}
        }
        // The files of the log were all released: nothing was read although there is something.
        if self.ready.is_empty() {
            let dir = wal;
            return Err(Error::Storage(lumos_wal::Error::LogMoved { dir }));
        }
        Ok(())
    }

    fn commit(&mut self, seqno: Seqno, payload: &[u8]) -> Result<Commit> {
        let ops = op::decode(payload).map_err(|(offset, detail)| Error::Corruption {
            file: self.wal.clone(),
            offset: offset as u64,
            detail: format!("commit {seqno}: {detail}"),
        })?;
        let mut events = Vec::with_capacity(ops.len());
        for op in ops {
            self.event(op, &mut events)?;
        }
        Ok(Commit { seqno, events })
    }

    fn event(&mut self, op: Op, events: &mut Vec<Event>) -> Result<()> {
        let id = op.collection();
        if let Op::Create { kind, name, .. } | Op::Drop { kind, name, .. } = &op {
            self.names.insert(id, (*kind, name.clone()));
        }
        let Some((kind, name)) = self.name(id)? else {
            // Nothing was ever there, or what was is dropped: neither matters to anybody.
            return Ok(());
        };
        let documents = kind == CollectionKind::Documents;
        match op {
            Op::Create { schema, .. } if documents => events.push(Event::Created {
                collection: name,
                schema,
            }),
            Op::SetSchema { schema, .. } if documents => events.push(Event::SchemaChanged {
                collection: name,
                schema,
            }),
            Op::Drop { .. } if documents => events.push(Event::Dropped { collection: name }),
            Op::Create { .. } | Op::SetSchema { .. } | Op::Drop { .. } => {}
            Op::Ingest { rows, .. } => events.push(Event::Ingested {
                collection: name,
                documents: u64::from(rows),
            }),
            Op::Upsert { record, .. } if documents => events.push(Event::Put {
                collection: name,
                doc: doc(*record)?,
            }),
            Op::Upsert { record, .. } => events.push(Event::KvSet {
                space: name,
                key: record.key.to_string(),
                value: record.payload,
            }),
            Op::Delete { key, .. } => events.push(deleted(documents, &name, &key)),
            Op::DeleteMany { keys, .. } => {
                events.extend(keys.iter().map(|key| deleted(documents, &name, key)));
            }
        }
        Ok(())
    }

    /// The name of a collection that is or was there.
    fn name(&mut self, id: u32) -> Result<Option<(CollectionKind, String)>> {
        if let Some(known) = self.names.get(&id) {
            return Ok(Some(known.clone()));
        }
        let state = self.core().state();
        if let Some(there) = state.collections.get(&id) {
            let known = (there.kind, there.name.clone());
            self.names.insert(id, known.clone());
            return Ok(Some(known));
        }
        // It is dropped later in the log, which says what it was.
        let vfs = self.core().vfs.clone();
        let (wal, since, names) = (self.wal.clone(), self.since, &mut self.names);
        Log::replay(&*vfs, &wal, since, |_, payload| {
            for op in op::decode(payload).unwrap_or_default() {
                if let Op::Drop { id, kind, name } = op {
                    names.entry(id).or_insert((kind, name));
                }
            }
            Ok::<_, Error>(())
        })?;
        Ok(self.names.get(&id).cloned())
    }
}

fn deleted(document: bool, name: &str, key: &str) -> Event {
    let (name, key) = (name.to_string(), key.to_string());
    match document {
        true => Event::Deleted {
            collection: name,
            key,
        },
        false => Event::KvDeleted { space: name, key },
    }
}

fn doc(record: Record) -> Result<Doc> {
    let key = Arc::clone(&record.key).to_string();
    let body = Body::parse(&key, &record.payload)?;
    let mut doc = Doc {
        key,
        meta: body.meta,
        texts: body.texts,
        sparse: body.sparse,
        ..Doc::default()
    };
    doc.set_vectors(record.vectors, &body.counts);
    Ok(doc)
}

impl Iterator for Changes {
    type Item = Result<Commit>;

    fn next(&mut self) -> Option<Result<Commit>> {
        if self.failed {
            return None;
        }
        if self.ready.is_empty()
            && let Err(error) = self.fill()
        {
            self.failed = true;
            return Some(Err(error));
        }
        let commit = self.ready.pop_front()?;
        self.since = commit.seqno;
        Some(Ok(commit))
    }
}
