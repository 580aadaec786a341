//! Text, headings and source lines of an HTML document.

mod sink;
mod writer;

use scraper::Node;
use scraper::node::Element;

use crate::document::Document;
use writer::{Break, Writer};

/// Elements nested deeper than this are refused: the parser's work grows with the square of it.
pub(super) const MAX_DEPTH: usize = 1000;

/// Elements whose content is not text of the document.
const SKIPPED: &[&str] = &[
    "audio", "canvas", "embed", "iframe", "math", "noscript", "object", "script", "select",
    "style", "svg", "template", "textarea", "video",
];

/// Elements that start and end a paragraph.
const PARAGRAPHS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "details",
    "dl",
    "fieldset",
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
];

/// Elements that start and end a line.
const LINES: &[&str] = &[
    "body",
    "br",
    "caption",
    "dd",
    "div",
    "dt",
    "figcaption",
    "legend",
    "li",
    "summary",
    "tr",
];

/// Extracts what a reader sees: text in document order with a line for each block. None when
/// elements are nested deeper than [`MAX_DEPTH`].
pub(super) fn extract(source: &str) -> Option<Document> {
    let (html, lines) = sink::parse(source)?;
    let mut writer = Writer::default();
    let mut title = None;
    // The tree is walked without recursion: its depth is in the hands of the document.
    let mut node = html.tree.root();
    loop {
        let enter = match node.value() {
            Node::Element(element) if element.name() == "title" => {
                let text = node.children().filter_map(|child| child.value().as_text());
                let text: String = text.map(|text| &**text).collect();
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                title = title.or(Some(text).filter(|text| !text.is_empty()));
                false
            }
            Node::Element(element) => open(element, &mut writer),
            Node::Text(text) => {
                writer.text(text, lines.get(&node.id()).map_or(&[], Vec::as_slice));
                false
            }
            Node::Document | Node::Fragment => true,
            _ => false,
        };
        if enter && let Some(child) = node.first_child() {
            node = child;
            continue;
        }
        let mut left = enter;
        loop {
            if left && let Node::Element(element) = node.value() {
                close(element, &mut writer);
            }
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            let Some(parent) = node.parent() else {
                return Some(writer.finish(title));
            };
            node = parent;
            left = true;
        }
    }
}

/// Begins an element; false when its content is to be left out.
fn open(element: &Element, writer: &mut Writer) -> bool {
    let name = element.name();
    if SKIPPED.contains(&name) || element.attr("hidden").is_some() {
        return false;
    }
    writer.ask(gap(name));
    match name {
        "li" => writer.prefix("- "),
        "td" | "th" => writer.cell(),
        "tr" => writer.row(),
        "pre" => {
            writer.open_block();
            writer.open_pre();
        }
        "table" => writer.open_block(),
        "img" => writer.text(element.attr("alt").unwrap_or_default(), &[]),
        _ => {
            if let Some(level) = heading_level(name) {
                writer.open_heading(level);
            }
        }
    }
    true
}

fn close(element: &Element, writer: &mut Writer) {
    let name = element.name();
    match name {
        "pre" => {
            writer.close_pre();
            writer.close_block();
        }
        "table" => writer.close_block(),
        _ => {
            if heading_level(name).is_some() {
                writer.close_heading();
            }
        }
    }
    writer.ask(gap(name));
}

fn gap(name: &str) -> Break {
    if PARAGRAPHS.contains(&name) || heading_level(name).is_some() {
        Break::Paragraph
    } else if LINES.contains(&name) {
        Break::Line
    } else {
        Break::None
    }
}

fn heading_level(name: &str) -> Option<u8> {
    match name.as_bytes() {
        [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
        _ => None,
    }
}
