//! How long chunks are.

use serde::{Deserialize, Serialize};

/// How long chunks are and how much two neighbours share, in estimated word pieces.
///
/// The estimate is made for English and code in a BERT vocabulary and errs on the high side; a
/// Chinese, Japanese or Korean character counts three quarters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[must_use]
pub struct ChunkOptions {
    max_tokens: u32,
    overlap: u32,
}

impl Default for ChunkOptions {
    /// 200 word pieces, 24 of them shared: with its headings a chunk fits a model of 256.
    fn default() -> Self {
        Self {
            max_tokens: 200,
            overlap: 24,
        }
    }
}

impl ChunkOptions {
    /// The longest chunk, in estimated word pieces (default 200, at least 16).
    pub fn max_tokens(mut self, max_tokens: u32) -> Self {
        self.max_tokens = max_tokens.clamp(16, 1 << 20);
        self
    }

    /// What a chunk repeats of the one before it in the same section, in estimated word pieces
    /// (default 24, at most half of the longest chunk).
    pub fn overlap(mut self, overlap: u32) -> Self {
        self.overlap = overlap;
        self
    }

    /// The longest chunk in units of cost.
    pub(super) fn max_cost(self) -> u64 {
        u64::from(self.max_tokens.clamp(16, 1 << 20)) * super::cost::TOKEN
    }

    /// The longest overlap in units of cost.
    pub(super) fn overlap_cost(self) -> u64 {
        (u64::from(self.overlap) * super::cost::TOKEN).min(self.max_cost() / 2)
    }
}
