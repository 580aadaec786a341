//! Sizes and counts of a database.

use std::sync::atomic::Ordering::Relaxed;

use serde::Serialize;

use crate::core::Core;
use crate::manifest::CollectionKind;
use crate::source::{SegmentView, Source};
use crate::state::CollectionState;
use crate::{Schema, Seqno};

/// Sizes and counts of a database.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// The last commit.
    pub seqno: Seqno,
    /// Collections by name.
    pub collections: Vec<CollectionStats>,
    /// Key-value spaces by name.
    pub key_spaces: Vec<KeySpaceStats>,
    /// Bytes of log that recovery would read.
    pub log_bytes: u64,
    /// Bytes of segment files.
    pub segment_bytes: u64,
    /// What snapshots hold that the database itself does not need any more.
    pub pinned: PinnedStats,
    /// Why the last round of background work failed; it is tried again as writes go on.
    pub background_error: Option<String>,
}

/// What snapshots hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct PinnedStats {
    /// Snapshots that are held.
    pub snapshots: usize,
    /// The commit of the oldest of them.
    pub oldest_seqno: Option<Seqno>,
    /// Segments that were merged, sealed or dropped since, and are kept for a snapshot or a search.
    pub segments: usize,
    /// Their bytes, on disk or in memory, that come back when the last snapshot of them is dropped.
    pub bytes: u64,
}

/// Sizes and counts of a collection.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CollectionStats {
    /// The name.
    pub name: String,
    /// Live documents.
    pub documents: u64,
    /// Rows that were deleted or replaced and still take space.
    pub deleted_rows: u64,
    /// Rows in memory, sealed to a file later.
    pub memory_rows: u64,
    /// Sealed segments.
    pub segments: usize,
    /// Bytes of its segment files.
    pub segment_bytes: u64,
    /// Segments with a damaged graph, keyword index or column: searched all the same, and mended when
    /// they are merged or compacted.
    pub damaged_segments: usize,
    /// Vectors by field, of live and deleted rows.
    pub vectors: Vec<VectorStats>,
    /// Fields, metrics, model.
    pub schema: Schema,
}

/// The vectors of one field of a collection.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct VectorStats {
    /// The field.
    pub field: String,
    /// Vectors stored.
    pub count: u64,
    /// Those of them that a graph finds; the others are compared one by one.
    pub indexed: u64,
    /// Segments whose graph is damaged: searched exactly until they are merged.
    pub damaged_graphs: usize,
}

/// Size of a key-value space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeySpaceStats {
    /// The name.
    pub name: String,
    /// Live keys.
    pub keys: u64,
}

pub(crate) fn collect(core: &Core) -> Stats {
    let state = core.state();
    let named = |kind: CollectionKind| {
        let mut found: Vec<_> = state
            .collections
            .values()
            .filter(|collection| collection.kind == kind)
            .collect();
        found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        found
    };
    let segments = state
        .collections
        .values()
        .flat_map(|collection| &collection.segments);
    Stats {
        seqno: state.seqno,
        collections: named(CollectionKind::Documents)
            .into_iter()
            .map(|collection| of_collection(collection))
            .collect(),
        key_spaces: named(CollectionKind::Kv)
            .into_iter()
            .map(|space| KeySpaceStats {
                name: space.name.clone(),
                keys: space.live(),
            })
            .collect(),
        log_bytes: core
            .committer
            .as_ref()
            .map_or_else(|| core.replayed_bytes.load(Relaxed), |log| log.live_bytes()),
        segment_bytes: segments
            .filter_map(|view| Some(view.as_sealed()?.bytes()))
            .sum(),
        pinned: core.pins.stats(),
        background_error: core.background.lock().error.clone(),
    }
}

fn of_collection(collection: &CollectionState) -> CollectionStats {
    let views = || collection.segments.iter();
    let rows: u64 = views().map(|view| u64::from(view.rows)).sum();
    let sealed = || views().filter_map(SegmentView::as_sealed);
    let live = collection.live();
    CollectionStats {
        name: collection.name.clone(),
        documents: live,
        deleted_rows: rows - live,
        memory_rows: views()
            .filter(|view| view.as_memory().is_some())
            .map(|view| u64::from(view.rows))
            .sum(),
        segments: sealed().count(),
        segment_bytes: sealed().map(|segment| segment.bytes()).sum(),
        damaged_segments: sealed().filter(|segment| segment.needs_mending()).count(),
        vectors: collection
            .schema
            .vectors
            .keys()
            .map(|field| of_vectors(collection, field))
            .collect(),
        schema: (*collection.schema).clone(),
    }
}

fn of_vectors(collection: &CollectionState, field: &str) -> VectorStats {
    let mut stats = VectorStats {
        field: field.to_string(),
        count: 0,
        indexed: 0,
        damaged_graphs: 0,
    };
    for view in &collection.segments {
        match &view.source {
            Source::Memory(memory) => memory.read(|rows| {
                if let Some(column) = rows.vectors.get(field) {
                    stats.count += column.len() as u64;
                    let indexed = column.indexed.as_ref();
                    stats.indexed += indexed.map_or(0, |indexed| indexed.rows.len() as u64);
                }
            }),
            Source::Sealed(sealed) => {
                if let Some(vectors) = sealed.vectors().get(field) {
                    stats.count += vectors.len() as u64;
                    if vectors.graph().is_some() {
                        stats.indexed += vectors.len() as u64;
                    }
                    stats.damaged_graphs += usize::from(vectors.graph_is_damaged());
                }
            }
        }
    }
    stats
}
