//! An HTML parser that remembers from which source line each text came.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, ParseOpts, QualName, parse_document};
use scraper::{Html, HtmlTreeSink, Node};

use super::MAX_DEPTH;

pub(super) type NodeId = <HtmlTreeSink as TreeSink>::Handle;

/// For a text node the byte offsets in it, ascending, where another source line begins.
pub(super) type Lines = HashMap<NodeId, Vec<(usize, u32)>>;

/// Bytes that are parsed between two looks at the depth.
const PIECE: usize = 4096;

/// Parses a document; broken markup is repaired as browsers do. None when it is nested too deep.
pub(super) fn parse(source: &str) -> Option<(Html, Lines)> {
    let deepest = Rc::new(Cell::new(0));
    let sink = LineSink {
        inner: HtmlTreeSink::new(Html::new_document()),
        line: Cell::new(1),
        lines: RefCell::default(),
        depths: RefCell::default(),
        deepest: Rc::clone(&deepest),
    };
    let mut parser = parse_document(sink, ParseOpts::default());
    let mut rest = source;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(rest.floor_char_boundary(PIECE));
        parser.process(StrTendril::from_slice(piece));
        if deepest.get() > MAX_DEPTH {
            return None;
        }
        rest = tail;
    }
    Some(parser.finish())
}

/// Hands everything on to scraper's sink and notes lines on the way.
struct LineSink {
    inner: HtmlTreeSink,
    line: Cell<u64>,
    lines: RefCell<Lines>,
    /// How deep each element was when it was placed, and the deepest of all.
    depths: RefCell<HashMap<NodeId, usize>>,
    deepest: Rc<Cell<usize>>,
}

impl LineSink {
    /// Notes the lines of `text`, which `node` now ends with.
    fn note(&self, node: Option<NodeId>, text: &str) {
        let Some(id) = node else { return };
        let total = {
            let html = self.inner.0.borrow();
            let Some(node) = html.tree.get(id) else {
                return;
            };
            let Node::Text(whole) = node.value() else {
                return;
            };
            whole.len()
        };
        // The parser counts a line when it has read its end, and tells the line it has reached.
        let feeds: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        let first = self.line.get().saturating_sub(feeds.len() as u64).max(1);
        let start = total.saturating_sub(text.len());
        let offsets = std::iter::once(0)
            .chain(feeds)
            .filter(|at| *at < text.len());
        let mut lines = self.lines.borrow_mut();
        let marks = lines.entry(id).or_default();
        for (offset, line) in offsets.zip(first..) {
            let line = u32::try_from(line).unwrap_or(u32::MAX);
            if marks.last().is_none_or(|(_, last)| *last != line) {
                marks.push((start + offset, line));
            }
        }
    }

    fn measure(&self, parent: &NodeId, child: &NodeOrText<NodeId>) {
        if let NodeOrText::AppendNode(id) = child {
            let mut depths = self.depths.borrow_mut();
            let depth = depths.get(parent).map_or(1, |depth| depth + 1);
            depths.insert(*id, depth);
            self.deepest.set(self.deepest.get().max(depth));
        }
    }

    fn text_of(child: &NodeOrText<NodeId>) -> Option<StrTendril> {
        match child {
            NodeOrText::AppendText(text) => Some(text.clone()),
            NodeOrText::AppendNode(_) => None,
        }
    }
}

impl TreeSink for LineSink {
    type Handle = NodeId;
    type Output = (Html, Lines);
    type ElemName<'a> = <HtmlTreeSink as TreeSink>::ElemName<'a>;

    fn finish(self) -> Self::Output {
        (self.inner.finish(), self.lines.into_inner())
    }

    fn set_current_line(&self, line: u64) {
        self.line.set(line);
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        let text = Self::text_of(&child);
        self.measure(parent, &child);
        self.inner.append(parent, child);
        if let Some(text) = text {
            let node = {
                let html = self.inner.0.borrow();
                html.tree
                    .get(*parent)
                    .and_then(|node| node.last_child())
                    .map(|node| node.id())
            };
            self.note(node, &text);
        }
    }

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        let text = Self::text_of(&child);
        self.inner.append_before_sibling(sibling, child);
        if let Some(text) = text {
            let node = {
                let html = self.inner.0.borrow();
                html.tree
                    .get(*sibling)
                    .and_then(|node| node.prev_sibling())
                    .map(|node| node.id())
            };
            self.note(node, &text);
        }
    }

    fn append_based_on_parent_node(
        &self,
        element: &NodeId,
        previous: &NodeId,
        child: NodeOrText<NodeId>,
    ) {
        let placed = {
            let html = self.inner.0.borrow();
            html.tree
                .get(*element)
                .is_some_and(|node| node.parent().is_some())
        };
        if placed {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn parse_error(&self, message: Cow<'static, str>) {
        self.inner.parse_error(message);
    }

    fn get_document(&self) -> NodeId {
        self.inner.get_document()
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Self::ElemName<'a> {
        self.inner.elem_name(target)
    }

    fn create_element(
        &self,
        name: QualName,
        attributes: Vec<Attribute>,
        flags: ElementFlags,
    ) -> NodeId {
        self.inner.create_element(name, attributes, flags)
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.inner.create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> NodeId {
        self.inner.create_pi(target, data)
    }

    fn append_doctype_to_document(&self, name: StrTendril, public: StrTendril, system: StrTendril) {
        self.inner.append_doctype_to_document(name, public, system);
    }

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        self.inner.get_template_contents(target)
    }

    fn same_node(&self, a: &NodeId, b: &NodeId) -> bool {
        self.inner.same_node(a, b)
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.inner.set_quirks_mode(mode);
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attributes: Vec<Attribute>) {
        self.inner.add_attrs_if_missing(target, attributes);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.inner.remove_from_parent(target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        self.inner.reparent_children(node, new_parent);
    }
}
