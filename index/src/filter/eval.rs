//! Evaluating a filter to the rows that match.

use roaring::RoaringBitmap;

use super::column::{Columns, Select};
use super::expr::{Filter, Node, Op};
use super::value::Literal;

/// The rows below `rows` that match, exactly.
pub fn eval(filter: &Filter, columns: &dyn Columns, rows: u32) -> RoaringBitmap {
    let mut matches = node(&filter.0, columns, rows);
    matches.remove_range(rows..);
    matches
}

fn all(rows: u32) -> RoaringBitmap {
    let mut all = RoaringBitmap::new();
    all.insert_range(0..rows);
    all
}

fn node(of: &Node, columns: &dyn Columns, rows: u32) -> RoaringBitmap {
    match of {
        Node::Compare {
            path,
            op: Op::Ne,
            value,
        } => columns.present(path) - select(path, Op::Eq, value, columns),
        Node::Compare { path, op, value } => select(path, *op, value, columns),
        Node::In { path, values } => {
            let mut found = RoaringBitmap::new();
            for value in values {
                found |= select(path, Op::Eq, value, columns);
            }
            found
        }
        Node::Exists { path } => columns.present(path),
        Node::And(nodes) => {
            let mut found: Option<RoaringBitmap> = None;
            for inner in nodes {
                if found.as_ref().is_some_and(RoaringBitmap::is_empty) {
                    break;
                }
                let next = node(inner, columns, rows);
                found = Some(match found {
                    Some(found) => found & next,
                    None => next,
                });
            }
            found.unwrap_or_else(|| all(rows))
        }
        Node::Or(nodes) => {
            let mut found = RoaringBitmap::new();
            for inner in nodes {
                found |= node(inner, columns, rows);
            }
            found
        }
        Node::Not(inner) => all(rows) - node(inner, columns, rows),
    }
}

fn select(path: &str, op: Op, value: &Literal, columns: &dyn Columns) -> RoaringBitmap {
    match value.probe() {
        Some(probe) => columns.select(path, Select { op, probe }),
        None => RoaringBitmap::new(),
    }
}
