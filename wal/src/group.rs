//! Group commit: threads that commit at the same time share one write and one sync.
//!
//! Transactions that are queued while another group is written form the next one. Who queues first leads
//! it: when the group before is logged, the leader closes its own, numbers the transactions, logs them with
//! one write, and syncs once if any of them asked for it. Then the next leader may go on, so that the disk
//! is busy again, while this one applies its group and wakes all of it at once: one call into the kernel, and
//! each that wakes finds the outcome without a lock. Groups are applied in the order in which they were
//! logged: a leader gets the right to apply before it gives up the log. A transaction is **durable, then
//! applied and published, then acknowledged**.

use std::fmt;
use std::mem;
use std::sync::Arc;

use crate::sync::{Mutex, OnceLock};

use crate::Seqno;
use crate::error::{Error, Result};
use crate::log::{Log, check_size};
use crate::poison::Poison;

/// When a commit is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// After it is on disk: it survives a power loss.
    #[default]
    Sync,
    /// After it is written: it survives a killed process but not a power loss.
    Buffered,
}

/// Makes logged transactions visible.
pub trait Apply<T>: Send + Sync {
    /// Applies and publishes a batch, in order of its seqnos; called for one batch at a time.
    ///
    /// The transactions are in the log when this is called, so it cannot refuse them. A panic poisons
    /// the committer.
    fn apply(&self, batch: Vec<(Seqno, T)>);
}

/// Commits transactions of type `T` from any number of threads.
pub struct Committer<T> {
    queue: Mutex<Queue<T>>,
    store: Mutex<Store>,
    /// Locked by a leader before it gives up the log.
    applying: Mutex<Applying>,
    apply: Arc<dyn Apply<T>>,
    poison: Poison,
}

/// How the batches before are applied.
#[derive(Default)]
struct Applying {
    /// Whether one was begun and not ended: no later one may follow it.
    broken: bool,
}

/// The group that forms.
struct Queue<T> {
    waiting: Vec<Waiting<T>>,
    group: Arc<Group>,
    before: Arc<Group>,
}

struct Waiting<T> {
    payload: Vec<u8>,
    txn: T,
    durability: Durability,
}

/// How far the transactions are that are logged together.
#[derive(Default)]
struct Group {
    /// Set when the next group may be logged.
    logged: OnceLock<()>,
    /// The seqno of the first one, or why all of them failed.
    outcome: OnceLock<Result<Seqno>>,
}

struct Store {
    log: Option<Log>,
    last: Seqno,
}

impl Store {
    fn write(&mut self, payloads: &[Vec<u8>], durability: Durability) -> Result<Seqno> {
        let first = self.last + 1;
        if let Some(log) = &mut self.log {
            log.append(first, payloads)?;
            if durability == Durability::Sync {
                log.sync()?;
            }
        }
        self.last += payloads.len() as u64;
        Ok(first)
    }
}

impl<T: Send> Committer<T> {
    /// A committer whose next transaction is `last + 1`; without a log nothing outlives the process.
    pub fn new(log: Option<Log>, last: Seqno, apply: Arc<dyn Apply<T>>) -> Self {
        let poison = log.as_ref().map(Log::poison).unwrap_or_default();
        Committer {
            queue: Mutex::new(Queue {
                waiting: Vec::new(),
                group: Arc::default(),
                before: Arc::new(Group {
                    logged: OnceLock::from(()),
                    outcome: OnceLock::new(),
                }),
            }),
            store: Mutex::new(Store { log, last }),
            applying: Mutex::default(),
            apply,
            poison,
        }
    }

    /// Commits a transaction: logs `payload`, applies `txn`, and returns its seqno.
    ///
    /// # Errors
    /// [`Error::TooLarge`], and [`Error::Io`] with `StorageFull` before anything was written, leave
    /// everything as it was. After any other [`Error::Io`] it is unknown whether the transaction will be
    /// there when the database is opened again; until then every commit is [`Error::Poisoned`].
    pub fn commit(&self, payload: Vec<u8>, txn: T, durability: Durability) -> Result<Seqno> {
        self.poison.check()?;
        check_size(&payload)?;
        let (place, group, leads_after) = {
            let mut queue = self.queue.lock();
            let place = queue.waiting.len();
            let leads_after = (place == 0).then(|| queue.before.clone());
            queue.waiting.push(Waiting {
                payload,
                txn,
                durability,
            });
            (place, queue.group.clone(), leads_after)
        };
        if let Some(before) = leads_after {
            before.logged.wait();
            let batch = {
                let mut queue = self.queue.lock();
                queue.before = mem::take(&mut queue.group);
                mem::take(&mut queue.waiting)
            };
            self.lead(batch, &group);
        }
        match group.outcome.wait() {
            Ok(first) => Ok(first + place as Seqno),
            Err(error) => Err(error.duplicate()),
        }
    }

    fn lead(&self, batch: Vec<Waiting<T>>, group: &Group) {
        let _turn = Turn {
            group,
            poison: &self.poison,
        };
        let mut payloads = Vec::with_capacity(batch.len());
        let mut txns = Vec::with_capacity(batch.len());
        let mut durability = Durability::Buffered;
        for waiting in batch {
            payloads.push(waiting.payload);
            txns.push(waiting.txn);
            if waiting.durability == Durability::Sync {
                durability = Durability::Sync;
            }
        }
        let written = match self.poison.check() {
            Ok(()) => self.store.lock().write(&payloads, durability),
            Err(error) => Err(error),
        };
        let mut applying = self.applying.lock();
        let _first = group.logged.set(());
        let applied = written.and_then(|first| {
            if mem::replace(&mut applying.broken, true) {
                return Err(undecided());
            }
            self.apply.apply((first..).zip(txns).collect());
            applying.broken = false;
            Ok(first)
        });
        drop(applying);
        let _first = group.outcome.set(applied);
    }

    /// Makes every commit that was acknowledged so far durable.
    ///
    /// # Errors
    /// [`Error::Io`], which poisons; [`Error::Poisoned`].
    pub fn sync(&self) -> Result<()> {
        self.poison.check()?;
        self.store.lock().log.as_mut().map_or(Ok(()), Log::sync)
    }

    /// Gives up log files, see [`Log::release`].
    ///
    /// # Errors
    /// As [`Log::release`].
    pub fn release(&self, upto: Seqno) -> Result<()> {
        self.store
            .lock()
            .log
            .as_mut()
            .map_or(Ok(()), |log| log.release(upto))
    }

    /// Unlinks spare log files, see [`Log::trim`].
    ///
    /// # Errors
    /// As [`Log::trim`].
    pub fn trim(&self) -> Result<()> {
        let mut store = self.store.lock();
        store.log.as_mut().map_or(Ok(()), Log::trim)
    }

    /// The bytes of frames in log files that are not released.
    pub fn live_bytes(&self) -> u64 {
        self.store.lock().log.as_ref().map_or(0, Log::live_bytes)
    }

    /// The bytes that the files of the log take, spares included.
    pub fn disk_bytes(&self) -> u64 {
        self.store.lock().log.as_ref().map_or(0, Log::disk_bytes)
    }

    /// The seqno of the last logged commit.
    pub fn last_seqno(&self) -> Seqno {
        self.store.lock().last
    }

    /// Whether an earlier failure stopped all writing.
    pub fn poisoned(&self) -> bool {
        self.poison.is_set()
    }

    #[cfg(test)]
    fn queued(&self) -> usize {
        self.queue.lock().waiting.len()
    }

    /// Whether a group is being logged.
    #[cfg(test)]
    fn logging(&self) -> bool {
        self.queue.lock().before.logged.get().is_none()
    }
}

impl<T> fmt::Debug for Committer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committer")
            .field("poisoned", &self.poison.is_set())
            .finish_non_exhaustive()
    }
}

/// The leader's turn: when it ends, by a panic even, the next one may lead and nobody waits.
struct Turn<'a> {
    group: &'a Group,
    poison: &'a Poison,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.group.outcome.get().is_none() {
            let error = self.poison.because(undecided());
            let _first = self.group.outcome.set(Err(error));
        }
        let _again = self.group.logged.set(());
    }
}

fn undecided() -> Error {
    Error::Poisoned {
        detail: "a thread panicked while it committed".to_string(),
    }
}

#[cfg(test)]
mod tests;
