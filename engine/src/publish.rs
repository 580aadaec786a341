//! The current state, and the one place that replaces it.

use std::sync::Arc;
use std::time::Duration;

use lumos_wal::Apply;
use lumos_wal::sync::{Condvar, Mutex, MutexGuard, RwLock};

use crate::op::Op;
use crate::state::DbState;
use crate::{Error, Result, Seqno};

/// Frozen segments that may wait for their seal before commits wait for them.
const MAX_FROZEN: usize = 4;
/// How long nothing is committed before the database counts as idle, and the time between two looks for
/// documents that ended.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a writer that waits for memory sleeps before it looks again.
const MOMENT: Duration = Duration::from_millis(10);
/// The worker is woken each time this many rows were added, not at every commit.
const NOTIFY_ROWS: u64 = 1_024;

/// Holds the current state; readers clone the pointer, writers replace it one at a time.
#[derive(Debug)]
pub(crate) struct Publisher {
    current: RwLock<Arc<DbState>>,
    /// Held while a new state is derived from the current one.
    turn: Mutex<()>,
    failed: Mutex<Option<String>>,
    work: Work,
}

/// Tells the background worker that there may be something to do, and writers that it caught up.
#[derive(Debug, Default)]
pub(crate) struct Work {
    state: Mutex<WorkState>,
    changed: Condvar,
}

/// Why the worker is woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    /// There may be something to do.
    Due,
    /// Documents may have ended.
    Tick,
    /// Nothing was committed for a while.
    Idle,
    /// The database closes.
    Stop,
}

#[derive(Debug, Default)]
struct WorkState {
    due: bool,
    /// Batches that were applied, counting the opening as one, and how many of them had been when the
    /// database was last idle.
    applied: u64,
    settled: u64,
    /// Whether a collection has documents that end.
    ticking: bool,
    stop: bool,
    /// Whether a thread answers; without one nobody waits.
    attended: bool,
    frozen: usize,
}

impl Work {
    pub(crate) fn notify(&self) {
        self.state.lock().due = true;
        self.changed.notify_all();
    }

    /// Says whether the background keeps up; while it does not, as on a full disk, nobody waits for it.
    pub(crate) fn attend(&self, attended: bool) {
        self.state.lock().attended = attended;
        self.changed.notify_all();
    }

    pub(crate) fn stop(&self) {
        let mut state = self.state.lock();
        state.stop = true;
        state.attended = false;
        self.changed.notify_all();
    }

    pub(crate) fn stopping(&self) -> bool {
        self.state.lock().stop
    }

    /// Waits for work.
    pub(crate) fn wait(&self) -> Wake {
        let mut state = self.state.lock();
        loop {
            if state.stop {
                return Wake::Stop;
            }
            if std::mem::take(&mut state.due) {
                return Wake::Due;
            }
            let applied = state.applied;
            if applied == state.settled && !state.ticking {
                self.changed.wait(&mut state);
                continue;
            }
            if !self.changed.wait_for(&mut state, PAUSE).timed_out() {
                continue;
            }
            if applied == state.applied && applied != state.settled {
                state.settled = applied;
                return Wake::Idle;
            }
            if state.ticking {
                return Wake::Tick;
            }
        }
    }

    fn applied(&self, ticking: bool) {
        let mut state = self.state.lock();
        let rested = state.applied == state.settled;
        state.applied += 1;
        state.ticking = ticking;
        if rested {
            self.changed.notify_all();
        }
    }

    /// Waits a moment for the background to get on; false when nobody is at work.
    pub(crate) fn wait_a_moment(&self) -> bool {
        let mut state = self.state.lock();
        if state.attended && !state.stop {
            self.changed.wait_for(&mut state, MOMENT);
        }
        state.attended && !state.stop
    }

    fn set_frozen(&self, frozen: usize) {
        let mut state = self.state.lock();
        if state.frozen != frozen {
            state.frozen = frozen;
            self.changed.notify_all();
        }
    }

    /// Holds a writer back while too many frozen segments wait for their seal.
    pub(crate) fn wait_for_room(&self) {
        let mut state = self.state.lock();
        while state.attended && !state.stop && state.frozen > MAX_FROZEN {
            self.changed.wait(&mut state);
        }
    }
}

impl Publisher {
    pub(crate) fn new(state: DbState) -> Self {
        Publisher {
            current: RwLock::new(Arc::new(state)),
            turn: Mutex::new(()),
            failed: Mutex::new(None),
            work: Work {
                state: Mutex::new(WorkState {
                    applied: 1,
                    ..WorkState::default()
                }),
                changed: Condvar::new(),
            },
        }
    }

    pub(crate) fn current(&self) -> Arc<DbState> {
        self.current.read().clone()
    }

    pub(crate) fn work(&self) -> &Work {
        &self.work
    }

    /// The right to derive and publish the next state.
    pub(crate) fn turn(&self) -> Turn<'_> {
        Turn {
            publisher: self,
            _guard: self.turn.lock(),
        }
    }

    /// Refuses writes after a commit that was logged could not be applied.
    pub(crate) fn check(&self) -> Result<()> {
        match &*self.failed.lock() {
            None => Ok(()),
            Some(detail) => Err(Error::Storage(lumos_wal::Error::Poisoned {
                detail: detail.clone(),
            })),
        }
    }

    /// Refuses writes from now on.
    pub(crate) fn fail(&self, error: &Error) {
        self.failed.lock().get_or_insert_with(|| error.to_string());
        self.work.stop();
    }
}

/// See [`Publisher::turn`].
pub(crate) struct Turn<'a> {
    publisher: &'a Publisher,
    _guard: MutexGuard<'a, ()>,
}

impl Turn<'_> {
    pub(crate) fn current(&self) -> Arc<DbState> {
        self.publisher.current()
    }

    pub(crate) fn publish(&self, state: DbState) {
        let frozen: usize = state
            .collections
            .values()
            .map(|state| {
                let memory = state
                    .segments
                    .iter()
                    .filter(|view| view.as_memory().is_some());
                memory.count().saturating_sub(1)
            })
            .sum();
        *self.publisher.current.write() = Arc::new(state);
        self.publisher.work.set_frozen(frozen);
    }
}

impl Apply<Vec<Op>> for Publisher {
    fn apply(&self, batch: Vec<(Seqno, Vec<Op>)>) {
        let turn = self.turn();
        let mut state = (*turn.current()).clone();
        let (before, mut frozen) = (active_rows(&state), false);
        for (seqno, ops) in batch {
            if self.failed.lock().is_some() {
                break;
            }
            if let Err(error) = state.apply(seqno, ops) {
                self.fail(&error);
                // A part of a transaction may be in this state: nobody is to see it. The log has the
                // whole batch, and none of it is acknowledged.
                return;
            }
            frozen |= state.freeze_full();
        }
        let ticking = state.has_ttl();
        let due = frozen || before / NOTIFY_ROWS != active_rows(&state) / NOTIFY_ROWS;
        turn.publish(state);
        drop(turn);
        self.work.applied(ticking);
        if due {
            self.work.notify();
        }
    }
}

fn active_rows(state: &DbState) -> u64 {
    let active = state
        .collections
        .values()
        .filter_map(|state| state.segments.last());
    active.map(|view| u64::from(view.rows)).sum()
}
