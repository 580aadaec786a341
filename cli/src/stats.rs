//! `lumos stats`: sizes and counts.

use clap::Args;
use lumos::CollectionStats;

use crate::context::Context;
use crate::failure::Outcome;
use crate::output::{bytes, counted, grouped};

/// Show what is stored, and how large it is.
#[derive(Debug, Args)]
pub(crate) struct Stats {}

impl Stats {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let db = context.readable()?;
        let stats = db.stats();
        if context.out.is_json() {
            return context.out.json(&stats);
        }
        for collection in &stats.collections {
            context.out.line(collection_line(collection))?;
            for vectors in &collection.vectors {
                let mut line = format!(
                    "  {}: {}, {} in a graph",
                    vectors.field,
                    counted(vectors.count, "vector"),
                    grouped(vectors.indexed)
                );
                if vectors.damaged_graphs > 0 {
                    let graphs = counted(vectors.damaged_graphs as u64, "damaged graph");
                    line.push_str(&format!(", {graphs}: rebuild with lumos compact"));
                }
                context.out.line(line)?;
            }
        }
        for space in &stats.key_spaces {
            context.out.line(format!(
                "key space {}: {}",
                space.name,
                counted(space.keys, "key")
            ))?;
        }
        context.out.line(format!(
            "{} in segments, commit {}",
            bytes(stats.segment_bytes),
            grouped(stats.seqno)
        ))
    }
}

fn collection_line(collection: &CollectionStats) -> String {
    let mut line = format!(
        "{}: {} ({} in memory), {}, {}",
        collection.name,
        counted(collection.documents, "document"),
        counted(collection.memory_rows, "row"),
        counted(collection.segments as u64, "segment"),
        bytes(collection.segment_bytes)
    );
    if collection.deleted_rows > 0 {
        let rows = counted(collection.deleted_rows, "deleted row");
        line.push_str(&format!(", {rows}: reclaim with lumos compact"));
    }
    if let Some(model) = &collection.schema.model {
        line.push_str(&format!(", model {model}"));
    }
    line
}
