//! The rows of a segment to be written, wherever they come from.

use std::collections::BTreeMap;

use lumos_index::{Hnsw, HnswParams, Scheme, Stopped, Vectors};

use crate::manifest::CollectionKind;
use crate::{Result, VectorField};

/// One row as it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) key: &'a str,
    pub(crate) payload: &'a [u8],
    /// 0 when all rows are of one commit that is not known yet.
    pub(crate) seqno: u64,
    /// When it ends, in milliseconds since 1970; 0 for never.
    pub(crate) expires: u64,
}

/// Asked now and then, during long work, whether to go on.
pub(crate) type GoOn<'a> = &'a (dyn Fn() -> bool + Sync);

/// What a segment is written from. Each pass gives the same rows in the same order, and none of them
/// holds more than a few rows in memory.
pub(crate) trait Rows {
    fn kind(&self) -> CollectionKind;

    /// The text fields that are indexed, with the analyzer of each.
    fn text_fields(&self) -> BTreeMap<String, String>;

    /// Gives every row, the first being row 0.
    fn each(&self, visit: &mut dyn FnMut(Row<'_>) -> Result<()>) -> Result<()>;

    /// The vector fields, and how many rows have a vector in each.
    fn vectors(&self) -> Result<Vec<(String, VectorField, u32)>>;

    /// Gives the row and the vector of every row that has one in this field.
    fn each_vector(
        &self,
        field: &str,
        visit: &mut dyn FnMut(u32, &[f32]) -> Result<()>,
    ) -> Result<()>;

    /// The graph over all vectors of a field, made on codes of a scheme for as long as `go_on` says so.
    fn graph(
        &self,
        _field: &str,
        spec: VectorField,
        vectors: Vectors<'_>,
        scheme: Option<&Scheme>,
        go_on: GoOn<'_>,
    ) -> Result<Hnsw, Stopped> {
        Hnsw::build_while(vectors, spec.metric, scheme, &HnswParams::default(), go_on)
    }

    /// Bytes of the segment, about, as far as it is known.
    fn bytes(&self) -> usize {
        0
    }

    /// Whether graphs are left to the background.
    fn index_behind(&self) -> bool {
        false
    }
}
