//! The parts of an identifier.

use std::ops::Range;

/// Cuts an identifier where its author did: at underscores and hyphens, where small letters end and a
/// capital begins (`getUser`), before the last capital of several (`HTTPServer`), and between letters and
/// digits. The `s` of several acronyms (`URLs`) is of the acronym.
pub(super) fn parts(word: &str) -> Vec<Range<usize>> {
    let chars: Vec<(usize, char)> = word.char_indices().collect();
    let at = |n: usize| chars.get(n).map(|(_, c)| *c);
    let mut parts = Vec::new();
    let mut start = None;
    for (n, (place, c)) in chars.iter().enumerate() {
        if is_mark(*c) {
            parts.extend(start.take().map(|start| start..*place));
            continue;
        }
        let Some(from) = start else {
            start = Some(*place);
            continue;
        };
        let before = n.checked_sub(1).and_then(at);
        if before.is_some_and(|before| divides(before, *c, at(n + 1), at(n + 2))) {
            parts.push(from..*place);
            start = Some(*place);
        }
    }
    parts.extend(start.map(|start| start..word.len()));
    parts
}

fn is_mark(c: char) -> bool {
    matches!(c, '_' | '-')
}

/// Whether a part ends between two characters.
fn divides(before: char, here: char, next: Option<char>, second: Option<char>) -> bool {
    if is_accent(here) {
        return false;
    }
    if before.is_numeric() != here.is_numeric() {
        return !is_accent(before);
    }
    if !here.is_uppercase() {
        return false;
    }
    if !before.is_uppercase() {
        return true;
    }
    let plural = next == Some('s') && !second.is_some_and(char::is_lowercase);
    next.is_some_and(char::is_lowercase) && !plural
}

/// A combining accent is of the letter before it.
fn is_accent(c: char) -> bool {
    matches!(u32::from(c), 0x300..=0x36f)
}
