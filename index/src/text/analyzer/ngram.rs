//! Runs of folded characters, and their grams.

use std::ops::Range;

use super::class::{Class, class};
use super::fold::fold;

/// A run of letters and digits, folded, each with the place of the character that it comes from.
pub(super) type Chars = Vec<(char, Range<usize>)>;

/// Gives `each` the runs of a text, in order.
pub(super) fn runs(text: &str, each: &mut impl FnMut(&Chars)) {
    let mut run = Chars::new();
    let mut letter = [0; 4];
    for (at, c) in text.char_indices() {
        let span = at..at + c.len_utf8();
        if class(c) != Class::Other {
            let folded = fold(c.encode_utf8(&mut letter));
            run.extend(folded.chars().map(|c| (c, span.clone())));
        } else if !run.is_empty() {
            each(&run);
            run.clear();
        }
    }
    if !run.is_empty() {
        each(&run);
    }
}

/// Some characters of a run, and where they come from.
pub(super) fn gram(chars: &[(char, Range<usize>)]) -> (String, Range<usize>) {
    let start = chars.first().map_or(0, |(_, span)| span.start);
    let end = chars.last().map_or(0, |(_, span)| span.end);
    (chars.iter().map(|(c, _)| *c).collect(), start..end)
}
