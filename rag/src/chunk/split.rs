//! A section cut into spans of bounded size.

use std::ops::Range;

use super::boundary::{Ahead, Boundary, Strength, look_ahead};
use super::cost::cost;
use super::options::ChunkOptions;
use crate::document::{Document, Format};

/// Indentation kept at the start of a chunk, in bytes.
const MAX_INDENT: usize = 64;

/// Cuts `section` into spans in ascending order that cover all but white space.
pub(super) fn split(
    document: &Document,
    section: Range<usize>,
    options: &ChunkOptions,
) -> Vec<Range<usize>> {
    let text = &document.text;
    let (limit, overlap) = (options.max_cost(), options.overlap_cost());
    let blocks = whole_blocks(document, &section, limit);
    let mut spans = Vec::new();
    // Everything before `covered` is in a span; `start` is before it by the overlap.
    let (mut covered, mut start) = (section.start, section.start);
    while let Some(first) = skip_space(text, start..section.end) {
        start = first;
        if document.format != Format::Html {
            start = indented(text, section.start, first);
        }
        let ahead = look_ahead(text, start..section.end, limit, &blocks, document.format);
        if ahead.rest.is_some_and(|rest| rest <= limit) {
            spans.push(trimmed(text, start..section.end));
            break;
        }
        let Some(cut) = best(&ahead, covered.max(first), limit, overlap) else {
            if start < covered {
                // The overlap and what follows it do not fit: go on without it.
                start = covered;
                continue;
            }
            // One character above the limit: it is a chunk.
            let width = text[first..].chars().next().map_or(1, char::len_utf8);
            spans.push(start..first + width);
            (covered, start) = (first + width, first + width);
            continue;
        };
        spans.push(trimmed(text, start..cut.at));
        let Some(next) = skip_space(text, cut.at..section.end) else {
            break;
        };
        covered = next;
        start = repeated(&ahead, &cut, overlap).map_or(next, |boundary| boundary.at);
    }
    spans
}

/// Where to end a chunk: outside of blocks, not too early, at the strongest boundary, and of equal
/// ones at the one nearest to where the rest comes out even.
fn best(ahead: &Ahead, done: usize, limit: u64, overlap: u64) -> Option<Boundary> {
    let (low, target) = match ahead.rest {
        Some(rest) if rest + overlap <= 2 * limit => (
            (rest * 2 / 5).max((rest + overlap).saturating_sub(limit)),
            rest / 2,
        ),
        _ => (limit / 2, limit),
    };
    ahead
        .boundaries
        .iter()
        .filter(|boundary| boundary.at > done)
        .copied()
        .max_by_key(|boundary| {
            let late = boundary.cost >= low;
            let outside = !boundary.inside && (late || boundary.strength >= Strength::Wrap);
            let near = u64::MAX - boundary.cost.abs_diff(target);
            (outside, late, boundary.strength, near)
        })
}

/// Where the next chunk starts to repeat the end of this one: the strongest boundary within the
/// overlap, the earliest of equal ones.
fn repeated(ahead: &Ahead, cut: &Boundary, overlap: u64) -> Option<Boundary> {
    let mut chosen: Option<Boundary> = None;
    for boundary in &ahead.boundaries {
        let near = boundary.at < cut.at && cut.cost - boundary.cost <= overlap;
        let clean = !boundary.inside && boundary.strength >= Strength::Glyph;
        if near && clean && chosen.is_none_or(|best| boundary.strength > best.strength) {
            chosen = Some(*boundary);
        }
    }
    chosen
}

/// The blocks of a section that fit a chunk, so that cutting them can be avoided.
fn whole_blocks(document: &Document, section: &Range<usize>, limit: u64) -> Vec<Range<usize>> {
    let blocks = &document.outline.blocks;
    let first = blocks.partition_point(|block| block.start < section.start);
    blocks[first..]
        .iter()
        .take_while(|block| block.start < section.end)
        .filter(|block| block.end <= section.end)
        // A byte costs more than one unit on average, so long blocks need no count.
        .filter(|block| block.len() as u64 <= limit)
        .filter(|block| cost(&document.text[(*block).clone()]) <= limit)
        .cloned()
        .collect()
}

/// The first byte in `span` that is not white space.
fn skip_space(text: &str, span: Range<usize>) -> Option<usize> {
    let rest = text.get(span.clone())?.trim_start();
    (!rest.is_empty()).then(|| span.end - rest.len())
}

fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    span.start..span.start + text[span.clone()].trim_end().len()
}

/// The start of the line, when only a short indentation lies between.
fn indented(text: &str, section: usize, first: usize) -> usize {
    let before = &text.as_bytes()[section..first];
    let indent = before
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let line = before.len() == indent || before[before.len() - indent - 1] == b'\n';
    if line && indent <= MAX_INDENT {
        first - indent
    } else {
        first
    }
}
