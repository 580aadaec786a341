//! Pieces of text with the matches marked, for a terminal.

use lumos::Hit;

/// Longest piece printed of a text without matches, in bytes.
const PREVIEW_BYTES: usize = 200;
const ON: &str = "\x1b[1;33m";
const OFF: &str = "\x1b[0m";
const DIM: &str = "\x1b[2m";

/// The pieces of a hit, each on one line, with the matches in colour if asked for.
pub(crate) fn all(hit: &Hit, colour: bool) -> Vec<String> {
    let marked = hit.highlights.iter();
    let mut pieces: Vec<String> = marked.map(|piece| piece.marked("\u{1}", "\u{2}")).collect();
    if pieces.is_empty() {
        pieces.push(preview(hit.text()).to_string());
    }
    let lines = pieces.iter().map(|piece| coloured(piece, colour));
    lines.filter(|line| !line.is_empty()).collect()
}

/// A piece on one line.
fn coloured(piece: &str, colour: bool) -> String {
    let (before, after) = if colour { (ON, OFF) } else { ("", "") };
    // Control characters of a document must not reach the terminal; the marks are set afterwards.
    let mut line = String::with_capacity(piece.len() + 32);
    let mut space = false;
    for c in piece.chars() {
        if c.is_whitespace() {
            space = !line.is_empty();
            continue;
        }
        if std::mem::take(&mut space) {
            line.push(' ');
        }
        match c {
            '\u{1}' => line.push_str(before),
            '\u{2}' => line.push_str(after),
            c if c.is_control() => line.push('\u{fffd}'),
            c => line.push(c),
        }
    }
    line
}

/// Text of a document on one line, without what would steer the terminal.
pub(crate) fn one_line(text: &str) -> String {
    plain(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A text in the colour of things of lesser weight.
pub(crate) fn dim(text: &str, colour: bool) -> String {
    if colour {
        format!("{DIM}{text}{OFF}")
    } else {
        text.to_string()
    }
}

/// A text that stands out.
pub(crate) fn strong(text: &str, colour: bool) -> String {
    if colour {
        format!("\x1b[1m{text}{OFF}")
    } else {
        text.to_string()
    }
}

/// A key or a place, on one line and without what would steer the terminal.
pub(crate) fn name(text: &str) -> String {
    let visible = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(visible).collect()
}

/// Text of a document without what would steer the terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

fn preview(text: &str) -> &str {
    match text.char_indices().nth(PREVIEW_BYTES) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
