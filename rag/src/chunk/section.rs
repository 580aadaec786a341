//! A document cut at its headings.

use std::ops::Range;

use crate::document::{Document, Heading};

/// Sections below this many bytes are no passage of their own when a deeper one follows.
const SMALL: usize = 120;
/// Headings are cut to this many characters.
const MAX_TITLE: usize = 160;

/// The text under one heading, up to the next.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) span: Range<usize>,
    /// The heading and those above it, outermost first.
    pub(super) headings: Vec<String>,
}

/// The sections of a document; together they are all of its text.
pub(super) fn sections(document: &Document) -> Vec<Section> {
    let length = document.text.len();
    let headings = &document.outline.headings;
    let first = headings.first().map_or(length, |heading| heading.start);
    let mut sections = vec![Section {
        span: 0..first,
        headings: Vec::new(),
    }];
    let mut path: Vec<&Heading> = Vec::new();
    let mut level = None;
    for (i, heading) in headings.iter().enumerate() {
        let end = headings.get(i + 1).map_or(length, |next| next.start);
        path.retain(|above| above.level < heading.level);
        path.push(heading);
        let titles = path.iter().map(|heading| clip(&heading.title)).collect();
        // A heading without a body belongs to the section below it.
        if let Some(last) = sections.last_mut()
            && level.is_some_and(|level| level < heading.level)
            && document.text[last.span.clone()].trim().len() < SMALL
        {
            last.span.end = end;
            last.headings = titles;
        } else {
            sections.push(Section {
                span: heading.start..end,
                headings: titles,
            });
        }
        level = Some(heading.level);
    }
    sections
}

fn clip(title: &str) -> String {
    title.chars().take(MAX_TITLE).collect()
}
