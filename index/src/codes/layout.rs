//! The bytes of a column of codes, the same in memory and on disk.
//!
//! All numbers are little-endian. Sections begin at multiples of 64 bytes and are padded with zeros.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | `LCOD` |
//! | 4..8 | format version, 1 |
//! | 8..12 | metric: 0 cosine, 1 dot, 2 L2 |
//! | 12..16 | n, rows |
//! | 16..20 | dimension |
//! | 20..24 | bits of a component: 8 (seven used) or 4 |
//! | 24..28 | e, rows that searches begin at |
//! | 28..32 | step of all rows under cosine, f32 |
//! | 32..64 | zero |
//! | then, under L2 | what was subtracted from every vector, `f32[dimension]` |
//! | then | ordinals of the rows that searches begin at, `u32[e]` |
//! | then | the codes of these, once more: `[e][stride]` |
//! | then | codes, `[n][stride]` |
//!
//! A row of 8 bits a component holds `dimension` codes, one of 4 bits the codes of dimensions
//! `64 b + i` and `64 b + 32 + i` in the low and the high half of byte `32 b + i`. Under dot and L2
//! the last 8 bytes of a row are its own step and its squared length, f32 each. The stride is the
//! next multiple of 64.

use super::quantizer::{Quantizer, Rung, centred, own_steps};
use super::view::CodesView;
use crate::error::DecodeError;
use crate::metric::Metric;
use crate::vectors::MAX_ROWS;

pub(crate) const SECTION: &str = "vector codes";
const MAGIC: u32 = u32::from_le_bytes(*b"LCOD");
const VERSION: u32 = 1;
const HEADER_WORDS: usize = 16;
/// More entries than this cost more to compare than they save.
const MAX_ENTRIES: usize = 4_096;

/// Where the sections are, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) metric: Metric,
    pub(crate) rung: Rung,
    pub(crate) n: usize,
    pub(crate) dim: usize,
    pub(crate) entries: usize,
    pub(crate) step: f32,
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
        }
    }

    pub(crate) fn stride(&self) -> usize {
        self.rung.stride(self.dim, own_steps(self.metric))
    }

    fn center_bytes(&self) -> usize {
        match centred(self.metric) {
            true => self.dim * 4,
            false => 0,
        }
    }

    /// Places of centre, entry ordinals, entry codes, codes, and the end.
    pub(crate) fn places(&self) -> [usize; 5] {
        let center = HEADER_WORDS * 4;
        let ordinals = center + self.center_bytes().next_multiple_of(64);
        let entry = ordinals + (self.entries * 4).next_multiple_of(64);
        let rows = entry + self.entries * self.stride();
        [center, ordinals, entry, rows, rows + self.n * self.stride()]
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
        let layout = Layout {
            metric,
            rung,
            n,
            dim,
            entries,
            step,
        };
        let [.., needed] = layout.places();
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
        let [center, ordinals, entry, rows, _] = layout.places();
        let center = &bytes[center..][..layout.center_bytes()];
        let ordinals = &bytes[ordinals..][..layout.entries * 4];
        CodesView {
            layout,
            bytes,
            center: bytemuck::cast_slice(center),
            entry_ordinals: bytemuck::cast_slice(ordinals),
            entry: &bytes[entry..rows],
            rows: &bytes[rows..],
        }
    }
}
