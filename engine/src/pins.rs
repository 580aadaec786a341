//! What snapshots keep from being freed.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use lumos_wal::sync::Mutex;

use crate::Seqno;
use crate::memory::MemorySegment;
use crate::sealed::SealedSegment;
use crate::source::{SegmentView, Source};
use crate::state::DbState;
use crate::stats::PinnedStats;

/// The snapshots of a database, and the segments that only they can still need.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    /// How many snapshots there are of each commit.
    snapshots: Mutex<BTreeMap<Seqno, usize>>,
    retired: Mutex<Vec<Retired>>,
}

/// A segment that is not part of the current state any more; gone when nobody holds it.
#[derive(Debug)]
enum Retired {
    Memory(Weak<MemorySegment>),
    Sealed(Weak<SealedSegment>),
}

impl Retired {
    /// Its bytes, while someone holds it.
    fn bytes(&self) -> Option<u64> {
        match self {
            Retired::Memory(segment) => Some(segment.upgrade()?.bytes() as u64),
            Retired::Sealed(segment) => Some(segment.upgrade()?.bytes()),
        }
    }
}

/// A snapshot that is held.
#[derive(Debug)]
pub(crate) struct Pin {
    seqno: Seqno,
    pins: Arc<Pins>,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut snapshots = self.pins.snapshots.lock();
        if let Some(count) = snapshots.get_mut(&self.seqno) {
            *count -= 1;
            if *count == 0 {
                snapshots.remove(&self.seqno);
            }
        }
    }
}

impl Pins {
    /// Counts a snapshot until the pin is dropped.
    pub(crate) fn pin(self: &Arc<Self>, seqno: Seqno) -> Pin {
        *self.snapshots.lock().entry(seqno).or_default() += 1;
        Pin {
            seqno,
            pins: self.clone(),
        }
    }

    /// Notes the segments that are in `before` and not in `after`.
    pub(crate) fn retire(&self, before: &DbState, after: &DbState) {
        let mut retired = self.retired.lock();
        retired.retain(|segment| segment.bytes().is_some());
        for (id, collection) in &before.collections {
            let now = after.collections.get(id);
            let now = now.map_or(&[][..], |now| now.segments.as_slice());
            let gone = |view: &&SegmentView| !now.iter().any(|other| other.is_same(view));
            for view in collection.segments.iter().filter(gone) {
                retired.push(match &view.source {
                    Source::Memory(segment) => Retired::Memory(Arc::downgrade(segment)),
                    Source::Sealed(segment) => Retired::Sealed(Arc::downgrade(segment)),
                });
            }
        }
    }

    pub(crate) fn stats(&self) -> PinnedStats {
        let snapshots = self.snapshots.lock();
        let mut stats = PinnedStats {
            snapshots: snapshots.values().sum(),
            oldest_seqno: snapshots.keys().next().copied(),
            ..PinnedStats::default()
        };
        drop(snapshots);
        for bytes in self.retired.lock().iter().filter_map(Retired::bytes) {
            stats.segments += 1;
            stats.bytes += bytes;
        }
        stats
    }
}
