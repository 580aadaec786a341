//! The bytes of a column of codes, the same in memory and on disk.
//!
//! All numbers are little-endian. Sections begin at multiples of 64 bytes and are padded with zeros.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | `LCOD` |
//! | 4..8 | format version, 2 |
//! | 8..12 | metric: 0 cosine, 1 dot, 2 L2 |
//! | 12..16 | n, rows |
//! | 16..20 | dimension |
//! | 20..24 | bits of a component: 8 (seven used) or 4 |
//! | 24..28 | e, rows that searches begin at |
//! | 28..32 | step of all rows under cosine, f32 |
//! | 32..36 | m, numbers of a row that there are codes of: the dimension, or fewer after a projection |
//! | 36..40 | step of the projection, f32; 0 without one |
//! | 40..44 | candidates beyond the results that are worth comparing exactly |
//! | 44..64 | zero |
//! | then | c, what was subtracted from every vector, `f32[dimension]` |
//! | then, with a projection | its numbers, `u8[m][w]`, w being the next multiple of 64 of the dimension |
//! | then | ordinals of the rows that searches begin at, `u32[e]` |
//! | then | the codes of these, once more: `[e][stride]` |
//! | then | codes, `[n][stride]` |
//!
//! Of a vector x there are codes of `x - c`, or with a projection P of `P (x - c)`, where P is
//! `step * (number - 64)`. A row of 8 bits a component holds m codes, one of 4 bits the codes of
//! components `64 b + i` and `64 b + 32 + i` in the low and the high half of byte `32 b + i`. Under
//! dot and L2 the last 8 bytes of a row are its own step and the squared length of `x - c`, f32 each;
//! with 4 bits the last 32 bytes then have the components `64 b + i` and `64 b + 24 + i` of `i < 24`.
//! The stride is the least multiple of 64 that has room for all.

use super::projection::{Map, TOGETHER, row_bytes};
use super::quantizer::{Quantized, Quantizer, own_steps};
use super::rung::Rung;
use super::view::CodesView;
use crate::error::DecodeError;
use crate::metric::Metric;
use crate::vectors::MAX_ROWS;

pub(crate) const SECTION: &str = "vector codes";
const MAGIC: u32 = u32::from_le_bytes(*b"LCOD");
const VERSION: u32 = 2;
const HEADER_WORDS: usize = 16;
/// More entries than this cost more to compare than they save.
const MAX_ENTRIES: usize = 4_096;
/// More candidates than this are never asked for.
const MAX_EXTRA: usize = 1_024;

/// What the header says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) metric: Metric,
    pub(crate) rung: Rung,
    pub(crate) n: usize,
    pub(crate) dim: usize,
    pub(crate) entries: usize,
    pub(crate) step: f32,
    /// Components that there are codes of.
    pub(crate) kept: usize,
    /// The step of the projection; 0 without one.
    pub(crate) map_step: f32,
    pub(crate) extra: usize,
}

/// Where the sections begin, in bytes.
pub(super) struct Places {
    pub(super) center: usize,
    pub(super) matrix: usize,
    pub(super) ordinals: usize,
    pub(super) entry: usize,
    pub(super) rows: usize,
    pub(super) end: usize,
}

fn invalid(word: usize, reason: &'static str) -> DecodeError {
    DecodeError::Invalid {
        section: SECTION,
        offset: word as u64 * 4,
        reason,
    }
}

impl Layout {
    pub(crate) fn of(quantizer: &Quantizer, n: usize, entries: usize) -> Layout {
        Layout {
            metric: quantizer.metric,
            rung: quantizer.rung,
            n,
            dim: quantizer.dim,
            entries,
            step: quantizer.step,
            kept: quantizer.components(),
            map_step: quantizer.map().map_or(0.0, |map| map.step),
            extra: quantizer.extra,
        }
    }

    pub(crate) fn stride(&self) -> usize {
        self.rung.stride(self.kept, own_steps(self.metric))
    }

    fn projected(&self) -> bool {
        self.map_step > 0.0
    }

    fn matrix_bytes(&self) -> usize {
        match self.projected() {
            true => self.kept * row_bytes(self.dim),
            false => 0,
        }
    }

    pub(super) fn places(&self) -> Places {
        let center = HEADER_WORDS * 4;
        let matrix = center + (self.dim * 4).next_multiple_of(64);
        let ordinals = matrix + self.matrix_bytes();
        let entry = ordinals + (self.entries * 4).next_multiple_of(64);
        let rows = entry + self.entries * self.stride();
        Places {
            center,
            matrix,
            ordinals,
            entry,
            rows,
            end: rows + self.n * self.stride(),
        }
    }

    pub(crate) fn header(&self) -> [u32; HEADER_WORDS] {
        let mut words = [0; HEADER_WORDS];
        let known = [
            MAGIC,
            VERSION,
            self.metric.code(),
            self.n as u32,
            self.dim as u32,
            self.rung.bits(),
            self.entries as u32,
            self.step.to_bits(),
            self.kept as u32,
            self.map_step.to_bits(),
            self.extra as u32,
        ];
        words[..known.len()].copy_from_slice(&known);
        words
    }

    /// Reads a header and checks that `bytes` has the length it calls for, in constant time.
    fn read(bytes: &[u8], n: usize, dim: usize) -> Result<Layout, DecodeError> {
        let found = bytes.len() as u64;
        let short = |needed: u64| DecodeError::Length {
            section: SECTION,
            needed,
            found,
        };
        let header = bytes
            .get(..HEADER_WORDS * 4)
            .ok_or(short(HEADER_WORDS as u64 * 4))?;
        let header: &[u32] =
            bytemuck::try_cast_slice(header).map_err(|_| DecodeError::Misaligned {
                section: SECTION,
                align: align_of::<u32>(),
            })?;
        if header[0] != MAGIC {
            return Err(DecodeError::Magic { section: SECTION });
        }
        if header[1] != VERSION {
            return Err(DecodeError::Version {
                section: SECTION,
                found: header[1],
                supported: VERSION,
            });
        }
        let metric = Metric::from_code(header[2]).filter(|metric| metric.has_codes());
        let metric = metric.ok_or(invalid(2, "unknown metric"))?;
        if header[3] as usize != n || n > MAX_ROWS {
            return Err(invalid(3, "there are not as many codes as vectors"));
        }
        if header[4] as usize != dim || dim == 0 {
            return Err(invalid(4, "the dimension is not that of the vectors"));
        }
        let rung = Rung::from_bits(header[5]).ok_or(invalid(5, "unknown number of bits"))?;
        let entries = header[6] as usize;
        if entries > MAX_ENTRIES || entries > n || (entries == 0 && n > 0) {
            return Err(invalid(6, "a number of entries that no column has"));
        }
        let step = f32::from_bits(header[7]);
        if !step.is_finite() || step <= 0.0 {
            return Err(invalid(7, "the step is not a positive number"));
        }
        let (kept, map_step) = (header[8] as usize, f32::from_bits(header[9]));
        let kept_some = kept > 0 && kept <= dim && kept.is_multiple_of(TOGETHER);
        if !(kept == dim && header[9] == 0 || kept_some && map_step.is_finite() && map_step > 0.0) {
            return Err(invalid(8, "a projection that no column has"));
        }
        let extra = header[10] as usize;
        if extra > MAX_EXTRA {
            return Err(invalid(10, "more candidates than any column needs"));
        }
        let layout = Layout {
            metric,
            rung,
            n,
            dim,
            entries,
            step,
            kept,
            map_step,
            extra,
        };
        let needed = layout.places().end;
        match needed == bytes.len() {
            true => Ok(layout),
            false => Err(short(needed as u64)),
        }
    }
}

impl<'a> CodesView<'a> {
    /// Views encoded bytes as the codes of `n` vectors of `dim` components, in constant time.
    ///
    /// `bytes` must begin at a multiple of 4 in memory, and should at a multiple of 64.
    ///
    /// # Errors
    /// [`DecodeError`] when the header or the length is not that of such codes.
    pub fn decode(bytes: &'a [u8], n: usize, dim: usize) -> Result<Self, DecodeError> {
        let layout = Layout::read(bytes, n, dim)?;
        Ok(CodesView::new(layout, bytes))
    }

    /// The view of bytes that are as long as the layout says, and aligned to 4.
    pub(crate) fn new(layout: Layout, bytes: &'a [u8]) -> Self {
        let places = layout.places();
        let center = &bytes[places.center..][..layout.dim * 4];
        let ordinals = &bytes[places.ordinals..][..layout.entries * 4];
        let map = layout.projected().then(|| Map {
            kept: layout.kept,
            step: layout.map_step,
            rows: &bytes[places.matrix..places.ordinals],
        });
        CodesView {
            layout,
            bytes,
            quantized: Quantized {
                rung: layout.rung,
                metric: layout.metric,
                step: layout.step,
                center: bytemuck::cast_slice(center),
                map,
                stride: layout.stride(),
            },
            entry_ordinals: bytemuck::cast_slice(ordinals),
            entry: &bytes[places.entry..places.rows],
            rows: &bytes[places.rows..],
        }
    }
}
