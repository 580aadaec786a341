//! The bytes of a graph, the same in memory and on disk.
//!
//! All integers are little-endian u32. Sections begin at multiples of 64 bytes and are padded
//! with zeros; their order and sizes follow from the header.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | `LHNW` |
//! | 4..8 | format version, 1 |
//! | 8..12 | metric: 0 cosine, 1 dot, 2 L2 |
//! | 12..16 | n, nodes at level 0 = vectors |
//! | 16..20 | links a node at level 0, 32 |
//! | 20..24 | links a node above level 0, 16 |
//! | 24..28 | `ef` of the construction |
//! | 28..36 | seed of levels and order, low word first |
//! | 36..64 | nodes at levels 1 to 7; zero where there is no level, never rising |
//! | 64..128 | zero |
//! | then | links of level 0, `u32[n][32]`: ordinals; empty slots, at the end of a row, are `u32::MAX` |
//! | then, for each level l from 1 | ordinals of its m nodes, ascending, `u32[m]` |
//! | | for l > 1: the node at level l - 1 that each node is, `u32[m]` |
//! | | links, `u32[m][16]`: numbers of nodes at level l, i.e. places in the list of ordinals |
//!
//! A search begins at node 0 of the highest level.

use super::adjacency::NONE;
use super::insert::Builder;
use super::level::MAX_LEVEL;
use super::{BASE_DEGREE, HnswParams, UPPER_DEGREE};
use crate::cache_line::{LINE, Line};
use crate::error::DecodeError;
use crate::metric::Metric;
use crate::vectors::MAX_ROWS;

// Graphs are used where they lie, as native integers.
#[cfg(target_endian = "big")]
compile_error!("lumos-index maps its graphs and needs a little-endian target");

pub(crate) const SECTION: &str = "vector graph";
const MAGIC: u32 = u32::from_le_bytes(*b"LHNW");
const VERSION: u32 = 1;
/// Words of the header.
const HEADER: usize = 32;
/// Place of the first count of an upper level in the header.
const COUNTS: usize = 9;

/// A validated header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) metric: Metric,
    pub(crate) params: HnswParams,
    pub(crate) n: usize,
    /// Nodes at levels 1, 2, ...
    counts: [usize; MAX_LEVEL],
}

/// Places of the sections of one upper level, in words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UpperSections {
    pub(crate) nodes: usize,
    pub(crate) ids: usize,
    /// `None` at level 1, where node numbers below are the ordinals.
    pub(crate) down: Option<usize>,
    pub(crate) links: usize,
}

fn invalid(word: usize, reason: &'static str) -> DecodeError {
    DecodeError::Invalid {
        section: SECTION,
        offset: word as u64 * 4,
        reason,
    }
}

impl Layout {
    /// Reads the header of a graph over `n_vectors` vectors and checks that `words` has the
    /// length it calls for, in constant time.
    pub(crate) fn read(words: &[u32], n_vectors: usize) -> Result<Layout, DecodeError> {
        let found = words.len() as u64 * 4;
        let short = DecodeError::Length {
            section: SECTION,
            needed: HEADER as u64 * 4,
            found,
        };
        let (header, _) = words.split_first_chunk::<HEADER>().ok_or(short)?;
        if header[0] != MAGIC {
            return Err(DecodeError::Magic { section: SECTION });
        }
        if header[1] != VERSION {
            let (found, supported) = (header[1], VERSION);
            return Err(DecodeError::Version {
                section: SECTION,
                found,
                supported,
            });
        }
        let metric = Metric::from_code(header[2]).ok_or(invalid(2, "unknown metric"))?;
        let n = header[3] as usize;
        if n > MAX_ROWS || n != n_vectors {
            return Err(invalid(
                3,
                "the graph has not as many nodes as there are vectors",
            ));
        }
        if header[4] as usize != BASE_DEGREE || header[5] as usize != UPPER_DEGREE {
            return Err(invalid(4, "the degree is not the one of this format"));
        }
        let seed = u64::from(header[7]) | u64::from(header[8]) << 32;
        let params = HnswParams {
            ef_construction: header[6] as usize,
            seed,
        };
        let mut counts = [0; MAX_LEVEL];
        let mut below = n;
        for (level, count) in counts.iter_mut().enumerate() {
            *count = header[COUNTS + level] as usize;
            if *count > below {
                return Err(invalid(
                    COUNTS + level,
                    "a level has more nodes than the one below",
                ));
            }
            below = *count;
        }
        let layout = Layout {
            metric,
            params,
            n,
            counts,
        };
        let needed = layout.words() as u64 * 4;
        if needed != found {
            return Err(DecodeError::Length {
                section: SECTION,
                needed,
                found,
            });
        }
        Ok(layout)
    }

    /// Upper levels.
    pub(crate) fn levels(&self) -> usize {
        self.counts.iter().take_while(|&&count| count > 0).count()
    }

    /// Place of the links of level 0, in words.
    pub(crate) fn base(&self) -> usize {
        HEADER
    }

    /// Places of the sections of the upper levels, level 1 first.
    pub(crate) fn upper(&self) -> impl Iterator<Item = UpperSections> {
        let mut at = HEADER + self.n * BASE_DEGREE;
        let mut take = move |words: usize| {
            let start = at;
            at += words.next_multiple_of(LINE);
            start
        };
        self.counts
            .into_iter()
            .take(self.levels())
            .enumerate()
            .map(move |(index, nodes)| {
                let ids = take(nodes);
                let down = (index > 0).then(|| take(nodes));
                UpperSections {
                    nodes,
                    ids,
                    down,
                    links: take(nodes * UPPER_DEGREE),
                }
            })
    }

    /// Words of the whole graph.
    fn words(&self) -> usize {
        let base = HEADER + self.n * BASE_DEGREE;
        self.upper()
            .last()
            .map_or(base, |last| last.links + last.nodes * UPPER_DEGREE)
    }

    /// Lays out a finished graph.
    pub(crate) fn write(
        builder: &Builder<'_>,
        metric: Metric,
        params: HnswParams,
    ) -> (Layout, Vec<Line>) {
        let mut counts = [0; MAX_LEVEL];
        for (count, layer) in counts.iter_mut().zip(&builder.upper) {
            *count = layer.ids.len();
        }
        let n = builder.base.len();
        let layout = Layout {
            metric,
            params,
            n,
            counts,
        };
        let mut lines = vec![Line::default(); layout.words() / LINE];
        let words: &mut [u32] = bytemuck::cast_slice_mut(&mut lines);
        words[0] = MAGIC;
        words[1] = VERSION;
        words[2] = metric.code();
        words[3] = n as u32;
        words[4] = BASE_DEGREE as u32;
        words[5] = UPPER_DEGREE as u32;
        words[6] = u32::try_from(params.ef_construction).unwrap_or(u32::MAX);
        words[7] = params.seed as u32;
        words[8] = (params.seed >> 32) as u32;
        for (word, count) in words[COUNTS..].iter_mut().zip(counts) {
            *word = count as u32;
        }
        write_rows(&mut words[HEADER..], &builder.base, BASE_DEGREE);
        let mut below: Option<&[u32]> = None;
        for (sections, layer) in layout.upper().zip(&builder.upper) {
            words[sections.ids..][..sections.nodes].copy_from_slice(&layer.ids);
            if let (Some(down), Some(below)) = (sections.down, below) {
                for (word, id) in words[down..].iter_mut().zip(&layer.ids) {
                    *word = below.partition_point(|other| other < id) as u32;
                }
            }
            write_rows(&mut words[sections.links..], &layer.adjacency, UPPER_DEGREE);
            below = Some(&layer.ids);
        }
        (layout, lines)
    }
}

/// Writes rows of `degree` links, padded with [`NONE`].
fn write_rows(words: &mut [u32], adjacency: &super::adjacency::Adjacency, degree: usize) {
    for (node, out) in words
        .chunks_exact_mut(degree)
        .take(adjacency.len())
        .enumerate()
    {
        let row = adjacency.row(node as u32);
        let (links, empty) = out.split_at_mut(row.len().min(degree));
        links.copy_from_slice(&row[..links.len()]);
        empty.fill(NONE);
    }
}
