//! Texts as word pieces.

use tokenizers::{Tokenizer, TruncationParams};

use super::MAX_TOKENS;

/// What of a text is looked at, in bytes: far more than the model's word pieces have in prose.
const MAX_BYTES: usize = 16 << 10;

/// The word pieces of one text, framed by the two special ones.
#[derive(Debug, Clone)]
pub(super) struct Tokens(Vec<i32>);

impl Tokens {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The ids, with zeros up to `width`.
    pub(super) fn padded(&self, width: usize) -> impl Iterator<Item = i32> + '_ {
        self.0
            .iter()
            .copied()
            .chain(std::iter::repeat(0))
            .take(width)
    }

    /// One for each id, zero for padding.
    pub(super) fn mask(&self, width: usize) -> impl Iterator<Item = i32> + '_ {
        (0..width).map(|i| i32::from(i < self.0.len()))
    }
}

/// Reads `tokenizer.json`; its own padding and truncation are replaced.
pub(super) fn tokenizer(bytes: &[u8]) -> Result<Tokenizer, String> {
    let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| error.to_string())?;
    let truncation = TruncationParams {
        max_length: MAX_TOKENS,
        ..TruncationParams::default()
    };
    tokenizer
        .with_truncation(Some(truncation))
        .map_err(|error| error.to_string())?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}

pub(super) fn encode(tokenizer: &Tokenizer, text: &str) -> Result<Tokens, String> {
    let text = text.trim_start();
    let text = text
        .get(..text.floor_char_boundary(MAX_BYTES))
        .unwrap_or(text);
    let encoding = tokenizer
        .encode_fast(text, true)
        .map_err(|error| error.to_string())?;
    let ids = encoding.get_ids().iter().map(|id| i32::try_from(*id));
    let ids = ids
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    if ids.is_empty() {
        return Err("the tokenizer adds no special tokens".to_owned());
    }
    Ok(Tokens(ids))
}
