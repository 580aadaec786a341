//! Group commit: threads that commit at the same time share one write and one sync.
//!
//! Each committer queues its transaction. One of them, the leader, takes the whole queue, numbers the
//! transactions, logs them with one write, syncs once if any of them asked for it, and applies them in
//! order. It then makes the first of those that queued meanwhile the next leader, so that the disk is busy
//! again, and only then wakes those whose transactions it committed: each waits at a place of its own, and
//! none of them gets in another's way. A transaction is **durable, then applied and published, then
//! acknowledged**.

use std::fmt;
use std::mem;
use std::sync::Arc;

use crate::sync::{Condvar, Mutex};

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
    apply: Arc<dyn Apply<T>>,
    poison: Poison,
}

struct Queue<T> {
    waiting: Vec<Waiting<T>>,
    led: bool,
}

struct Waiting<T> {
    payload: Vec<u8>,
    txn: T,
    durability: Durability,
    seat: Arc<Seat>,
}

/// Where one committer waits.
#[derive(Default)]
struct Seat {
    standing: Mutex<Standing>,
    changed: Condvar,
}

/// How it stands with a committer.
#[derive(Default)]
enum Standing {
    #[default]
    Waits,
    Leads,
    Decided(Result<Seqno>),
}

impl Seat {
    fn tell(&self, standing: Standing) {
        *self.standing.lock() = standing;
        self.changed.notify_one();
    }

    /// Waits for the outcome; `None` when it is this committer's turn to lead.
    fn wait(&self) -> Option<Result<Seqno>> {
        let mut standing = self.standing.lock();
        loop {
            match mem::take(&mut *standing) {
                Standing::Waits => self.changed.wait(&mut standing),
                Standing::Leads => return None,
                Standing::Decided(outcome) => return Some(outcome),
            }
        }
    }
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
                led: false,
            }),
            store: Mutex::new(Store { log, last }),
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
        let seat: Arc<Seat> = Arc::default();
        let led = {
            let mut queue = self.queue.lock();
            queue.waiting.push(Waiting {
                payload,
                txn,
                durability,
                seat: seat.clone(),
            });
            mem::replace(&mut queue.led, true)
        };
        if led && let Some(outcome) = seat.wait() {
            return outcome;
        }
        let batch = mem::take(&mut self.queue.lock().waiting);
        self.lead(batch);
        seat.wait().unwrap_or_else(|| Err(undecided()))
    }

    fn lead(&self, batch: Vec<Waiting<T>>) {
        let mut turn = Turn {
            committer: self,
            seats: Vec::with_capacity(batch.len()),
        };
        let mut payloads = Vec::with_capacity(batch.len());
        let mut txns = Vec::with_capacity(batch.len());
        let mut durability = Durability::Buffered;
        for waiting in batch {
            turn.seats.push(waiting.seat);
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
        let first = written.inspect(|first| {
            self.apply.apply((*first..).zip(txns).collect());
        });
        let seats = mem::take(&mut turn.seats);
        drop(turn);
        for (n, seat) in (0..).zip(seats) {
            seat.tell(Standing::Decided(match &first {
                Ok(first) => Ok(first + n),
                Err(error) => Err(error.duplicate()),
            }));
        }
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
}

impl<T> fmt::Debug for Committer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committer")
            .field("poisoned", &self.poison.is_set())
            .finish_non_exhaustive()
    }
}

/// The leader's turn: it ends, and the others are told, even when the leader panics.
struct Turn<'a, T> {
    committer: &'a Committer<T>,
    /// Of the transactions whose fate is not decided.
    seats: Vec<Arc<Seat>>,
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        if !self.seats.is_empty() {
            let error = self.committer.poison.because(undecided());
            for seat in &self.seats {
                seat.tell(Standing::Decided(Err(error.duplicate())));
            }
        }
        let mut queue = self.committer.queue.lock();
        queue.led = !queue.waiting.is_empty();
        if let Some(next) = queue.waiting.first() {
            next.seat.tell(Standing::Leads);
        }
    }
}

fn undecided() -> Error {
    Error::Poisoned {
        detail: "a thread panicked while it committed".to_string(),
    }
}

#[cfg(test)]
mod tests;
