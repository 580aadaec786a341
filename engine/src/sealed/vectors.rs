//! The vectors of one field in a sealed segment, read where they lie.
//!
//! Sections of field `f`, all little-endian:
//!
//! | section | bytes |
//! |---|---|
//! | `vec.f` | `u32 dimension`, `u8 metric` (0 cosine, 1 dot, 2 l2, 3 l1, 4 hamming, 5 jaccard), `u8 element` (0 f32, 1 f16, 2 bf16, 3 i8, 4 bits), `u8 multi` (1 when a row may have several vectors), a zero byte, `u32 n`, zeros to 64; then the vectors as [`Packer`](lumos_index::Packer) gives them |
//! | `vrow.f` | `u32[n]`: the row of every vector, ascending, again for each further vector of a row; absent when vector i belongs to row i |
//! | `codes.f` | the vectors as small integers, which the graph is walked on; absent without a graph, and where they would be too coarse |
//! | `widths.f` | how wide the graph has to be searched for a recall; with every graph since this was measured |
//! | `graph.f` | the encoded graph over the `n` vectors; absent below 4,096 vectors, and as long as the background has not made it |

use std::borrow::Cow;
use std::ops::Range;

use lumos_index::{
    CodesView, Element, GraphQuery, HnswView, Horizon, MAX_MULTI_VECTORS, Metric, Neighbor,
    VectorError, Vectors, Widths, exact_distances, exact_search,
};
use ownedbytes::OwnedBytes;

use crate::VectorField;
use crate::memory::GRAPH_MIN_ROWS;
use crate::search::{Allowed, VectorQuery, Visit, Width};

/// Bytes before the numbers.
pub(crate) const HEADER_BYTES: usize = 64;

/// The vectors of one field.
#[derive(Clone)]
pub(crate) struct SealedVectors {
    pub(crate) field: VectorField,
    count: usize,
    data: OwnedBytes,
    rows: Option<OwnedBytes>,
    graph: Option<OwnedBytes>,
    codes: Option<OwnedBytes>,
    widths: Option<OwnedBytes>,
    /// Whether a graph was written; the background makes one that was not.
    has_graph: bool,
}

impl std::fmt::Debug for SealedVectors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedVectors")
            .field("field", &self.field)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// The header of a `vec` section.
pub(crate) fn encode_header(field: VectorField, count: u32) -> [u8; HEADER_BYTES] {
    let mut header = [0u8; HEADER_BYTES];
    header[0..4].copy_from_slice(&(field.dimension as u32).to_le_bytes());
    header[4] = field.metric.code() as u8;
    header[5] = field.element.code();
    header[6] = field.multi.into();
    header[8..12].copy_from_slice(&count.to_le_bytes());
    header
}

impl SealedVectors {
    /// Reads the sections of a field in a segment of `row_count` rows; `has_graph` says whether there is a
    /// section of a graph, sound or not.
    ///
    /// # Errors
    /// What does not fit.
    pub(crate) fn open(
        section: OwnedBytes,
        rows: Option<OwnedBytes>,
        [graph, codes, widths]: [Option<OwnedBytes>; 3],
        has_graph: bool,
        row_count: u32,
    ) -> Result<Self, String> {
        let header = section
            .as_slice()
            .get(..HEADER_BYTES)
            .ok_or("vector header is cut")?;
        let u32_at = |at: usize| {
            let bytes = header
                .get(at..at + 4)
                .and_then(|bytes| bytes.try_into().ok());
            bytes.map(u32::from_le_bytes).unwrap_or_default()
        };
        let dimension = u32_at(0) as usize;
        let code = |at: usize| header.get(at).copied().unwrap_or_default();
        let metric = Metric::from_code(code(4).into())
            .ok_or_else(|| format!("unknown metric {}", code(4)))?;
        let element =
            Element::from_code(code(5)).ok_or_else(|| format!("unknown element {}", code(5)))?;
        let mut field = VectorField::new(dimension, metric).element(element);
        field.multi = match code(6) {
            0 => false,
            1 => true,
            other => return Err(format!("unknown kind of vectors {other}")),
        };
        if let Some((argument, detail)) = field.fault() {
            return Err(format!("{argument} {detail}"));
        }
        let count = u32_at(8) as usize;
        let most = row_count as usize * if field.multi { MAX_MULTI_VECTORS } else { 1 };
        if count > most {
            return Err(format!("{count} vectors for {row_count} rows"));
        }
        let data = section.slice(HEADER_BYTES..section.len());
        Vectors::packed(element, dimension, count, &data).map_err(|error| error.to_string())?;
        match &rows {
            Some(rows) => {
                let rows: &[u32] = bytemuck::try_cast_slice(rows)
                    .map_err(|_| "vector rows are not aligned".to_string())?;
                let ascending = match field.multi {
                    true => rows.is_sorted(),
                    false => rows.is_sorted_by(|a, b| a < b),
                };
                if rows.len() != count || !ascending || rows.last() >= Some(&row_count) {
                    return Err("vector rows do not ascend within the segment".to_string());
                }
            }
            None if field.multi || count != row_count as usize => {
                return Err(format!(
                    "{count} vectors for {row_count} rows, and no row list"
                ));
            }
            None => {}
        }
        Ok(SealedVectors {
            field,
            count,
            data,
            rows,
            graph,
            codes,
            widths,
            has_graph,
        })
    }

    /// Number of vectors.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// All vectors, `[n, dimension]`.
    pub(crate) fn data(&self) -> Result<Vectors<'_>, VectorError> {
        let VectorField {
            dimension, element, ..
        } = self.field;
        Vectors::packed(element, dimension, self.count, &self.data)
    }

    /// The row of every vector, `None` when vector i belongs to row i.
    pub(crate) fn row_list(&self) -> Option<&[u32]> {
        self.rows
            .as_ref()
            .and_then(|rows| bytemuck::try_cast_slice(rows).ok())
    }

    /// The row of vector `ordinal`.
    #[inline]
    pub(crate) fn row(&self, ordinal: u32) -> u32 {
        match self.row_list() {
            Some(rows) => rows.get(ordinal as usize).copied().unwrap_or(u32::MAX),
            None => ordinal,
        }
    }

    /// The vector number of a row.
    pub(crate) fn ordinal(&self, row: u32) -> Option<u32> {
        match self.row_list() {
            Some(rows) => rows.binary_search(&row).ok().map(|at| at as u32),
            None => ((row as usize) < self.count).then_some(row),
        }
    }

    /// The numbers of the vectors of a row that may have several.
    pub(crate) fn ordinals(&self, row: u32) -> Range<u32> {
        let rows = self.row_list().unwrap_or_default();
        let [from, to] =
            [row, row.saturating_add(1)].map(|row| rows.partition_point(|at| *at < row) as u32);
        from..to
    }

    /// All numbers of the vectors of a row, one after the other.
    pub(crate) fn numbers(&self, row: u32) -> Option<Vec<f32>> {
        if !self.field.multi {
            return self.vector(row).map(Cow::into_owned);
        }
        let (data, ordinals) = (self.data().ok()?, self.ordinals(row));
        let vectors = ordinals.filter_map(|ordinal| data.get(ordinal));
        let numbers = vectors.fold(Vec::new(), |mut all, vector| {
            all.extend_from_slice(&vector);
            all
        });
        (!numbers.is_empty()).then_some(numbers)
    }

    /// The vector of a row.
    pub(crate) fn vector(&self, row: u32) -> Option<Cow<'_, [f32]>> {
        self.data().ok()?.get(self.ordinal(row)?)
    }

    /// The distances of rows that have a vector.
    pub(crate) fn distances(&self, query: &VectorQuery, rows: &[u32]) -> Vec<Option<f32>> {
        let mut distances = vec![None; rows.len()];
        let places = (0..).zip(rows);
        let (places, ordinals): (Vec<usize>, Vec<u32>) = places
            .filter_map(|(at, row)| Some((at, self.ordinal(*row)?)))
            .unzip();
        let exact = |data| exact_distances(data, query.metric, &query.vector, &ordinals);
        let exact = self.data().and_then(exact).unwrap_or_default();
        for (at, distance) in places.into_iter().zip(exact) {
            if let Some(slot) = distances.get_mut(at) {
                *slot = Some(distance);
            }
        }
        distances
    }

    /// The graph, `None` when there is none or its header is damaged: search is exact then.
    pub(crate) fn graph(&self) -> Option<HnswView<'_>> {
        let graph = HnswView::decode(self.graph.as_ref()?, self.count).ok()?;
        match self.codes() {
            Some(codes) => Some(graph.with_codes(codes)),
            None => Some(graph),
        }
    }

    /// The codes that the graph is walked on, if there are some and their header is sound.
    pub(crate) fn codes(&self) -> Option<CodesView<'_>> {
        CodesView::decode(self.codes.as_ref()?, self.count, self.field.dimension).ok()
    }

    /// What a recall takes on this graph.
    fn widths(&self) -> Widths {
        let bytes = self.widths.as_ref();
        let widths = bytes.and_then(|bytes| Widths::decode(bytes).ok());
        widths.unwrap_or_default()
    }

    /// The candidates to keep for a search, `None` when all vectors are to be compared.
    pub(crate) fn ef(&self, width: Width, k: usize) -> Option<usize> {
        match width {
            Width::Ef(ef) => Some(ef.max(k)),
            Width::Recall(recall) => self.widths().ef(recall, k),
            Width::Exact => None,
        }
    }

    /// The nearest allowed rows, nearest first.
    ///
    /// # Errors
    /// A query of another dimension.
    pub(crate) fn nearest(
        &self,
        query: &VectorQuery,
        k: usize,
        allowed: &Allowed<'_>,
        horizon: &mut Horizon,
    ) -> Result<(Vec<Neighbor>, Visit), VectorError> {
        let vectors = self.data()?;
        let metric = query.metric;
        let graph = self.graph().zip(self.ef(query.width, k));
        let (mut found, visit) = match graph {
            Some((graph, ef)) => {
                let counts = [self.count, self.count];
                let ordinals = allowed.ordinals(&query.field, counts, |row| self.ordinal(row));
                let asked = GraphQuery {
                    vector: &query.vector,
                    k,
                    ef,
                    allowed: ordinals.as_deref(),
                };
                let (found, stats) = graph.search_beside(vectors, metric, asked, horizon)?;
                (found, Visit { ef, stats })
            }
            None => {
                let mut compared = 0;
                let all = 0..self.count as u32;
                let permitted = all
                    .filter(|&ordinal| allowed.permits(self.row(ordinal)))
                    .inspect(|_| compared += 1);
                let found = exact_search(vectors, metric, &query.vector, k, permitted)?;
                horizon.add(found.iter().map(|neighbor| neighbor.distance));
                (found, Visit::scan(compared))
            }
        };
        for neighbor in &mut found {
            neighbor.row = self.row(neighbor.row);
        }
        Ok((found, visit))
    }

    /// The same for several queries of one width.
    ///
    /// # Errors
    /// As [`SealedVectors::nearest`].
    pub(crate) fn nearest_all(
        &self,
        queries: &[&VectorQuery],
        k: usize,
        allowed: &Allowed<'_>,
        horizons: &mut [Horizon],
    ) -> Result<Vec<(Vec<Neighbor>, Visit)>, VectorError> {
        let Some(first) = queries.first() else {
            return Ok(Vec::new());
        };
        let Some((graph, ef)) = self.graph().zip(self.ef(first.width, k)) else {
            let all = queries.iter().zip(horizons);
            return all
                .map(|(query, horizon)| self.nearest(query, k, allowed, horizon))
                .collect();
        };
        let counts = [self.count, self.count];
        let ordinals = allowed.ordinals(&first.field, counts, |row| self.ordinal(row));
        let asked: Vec<GraphQuery<'_>> = (queries.iter())
            .map(|query| GraphQuery {
                vector: &query.vector,
                k,
                ef,
                allowed: ordinals.as_deref(),
            })
            .collect();
        let all = graph.search_block(self.data()?, first.metric, &asked, horizons)?;
        let visited = all.into_iter().map(|(mut found, stats)| {
            for neighbor in &mut found {
                neighbor.row = self.row(neighbor.row);
            }
            (found, Visit { ef, stats })
        });
        Ok(visited.collect())
    }

    /// Whether a graph was written and cannot be read.
    pub(crate) fn graph_is_damaged(&self) -> bool {
        self.has_graph && self.graph().is_none()
    }

    /// Whether there are so many vectors that a graph is due, and none was written.
    pub(crate) fn awaits_graph(&self) -> bool {
        !self.has_graph && self.count >= GRAPH_MIN_ROWS
    }
}
