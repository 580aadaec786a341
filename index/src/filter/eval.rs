//! Evaluating a filter to the rows that match.

use roaring::RoaringBitmap;

use super::column::{Among, Between, Columns, Select};
use super::expr::{Filter, Node, Op, Quantifier};
use super::rows::FilterRows;
use super::side::{Side, SideKind};
use super::value::{Literal, Probe};

/// The rows that match, exactly. A filter with `now()` in it is resolved before, by
/// [`Filter::resolve`]: `now()` itself compares with nothing.
pub fn eval(filter: &Filter, rows: &FilterRows<'_>) -> RoaringBitmap {
    let holders = Holders {
        columns: rows.columns,
        count: rows.count,
        rows,
        within: Vec::new(),
    };
    let mut matches = holders.node(&filter.0);
    matches.remove_range(rows.count..);
    matches
}

/// Rows, or elements of an array that stand for rows.
struct Holders<'a> {
    columns: &'a dyn Columns,
    count: u32,
    rows: &'a FilterRows<'a>,
    /// The arrays, outermost first.
    within: Vec<&'a str>,
}

impl<'a> Holders<'a> {
    fn all(&self) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        all.insert_range(0..self.count);
        all
    }

    fn side(&self, path: &str, kind: SideKind) -> Option<&'a Side> {
        self.rows.sides?.get(&self.within, path, kind)
    }

    fn node(&self, of: &'a Node) -> RoaringBitmap {
        match of {
            Node::Compare {
                path,
                op: Op::Ne,
                value,
            } => self.columns.present(path) - self.select(path, Op::Eq, value),
            Node::Compare { path, op, value } => self.select(path, *op, value),
            Node::Between { path, low, high } => match (low.probe(), high.probe()) {
                (Some(low), Some(high)) => self.columns.between(path, Between { low, high }),
                _ => RoaringBitmap::new(),
            },
            Node::In { path, values } => {
                let mut probes: Vec<Probe<'_>> = values.iter().filter_map(Literal::probe).collect();
                probes.sort_unstable();
                probes.dedup();
                self.columns.any(path, Among { probes: &probes })
            }
            Node::Fits { path, pattern } => {
                let (prefix, all) = pattern.prefix();
                let mut fits = |text: &str| pattern.fits(text);
                let fits: Option<&mut dyn FnMut(&str) -> bool> = match all {
                    true => None,
                    false => Some(&mut fits),
                };
                self.columns.texts(path, &prefix, fits)
            }
            Node::Exists { path } => self.columns.present(path),
            Node::Length { path, op, value } => {
                match (self.side(path, SideKind::Lengths), value.num()) {
                    (Some(side), Some(value)) => side.lengths(*op, value),
                    _ => RoaringBitmap::new(),
                }
            }
            Node::Elements {
                path,
                quantifier,
                inner,
            } => self.elements(path, *quantifier, inner),
            Node::Area { path, area } => match (self.side(path, SideKind::Points), area.bounds()) {
                (Some(side), Some(area)) => side.points(&area),
                _ => RoaringBitmap::new(),
            },
            Node::Match { field, words } => match (self.rows.words, words.query()) {
                (Some(rows), Some(query)) => rows(field, query),
                _ => RoaringBitmap::new(),
            },
            Node::And(nodes) => {
                let mut found: Option<RoaringBitmap> = None;
                for inner in nodes {
                    if found.as_ref().is_some_and(RoaringBitmap::is_empty) {
                        break;
                    }
                    let next = self.node(inner);
                    found = Some(match found {
                        Some(found) => found & next,
                        None => next,
                    });
                }
                found.unwrap_or_else(|| self.all())
            }
            Node::Or(nodes) => {
                let mut found = RoaringBitmap::new();
                for inner in nodes {
                    found |= self.node(inner);
                }
                found
            }
            Node::Not(inner) => self.all() - self.node(inner),
        }
    }

    fn elements(&self, path: &'a str, quantifier: Quantifier, inner: &'a Node) -> RoaringBitmap {
        let side = self.side(path, SideKind::Elements);
        let Some(elements) = side.and_then(Side::elements) else {
            return RoaringBitmap::new();
        };
        let mut within = self.within.clone();
        within.push(path);
        let these = Holders {
            columns: elements.columns(),
            count: elements.len(),
            rows: self.rows,
            within,
        };
        let mut found = these.node(inner);
        found.remove_range(these.count..);
        match quantifier {
            Quantifier::Any => elements.holders(&found),
            Quantifier::None => self.all() - elements.holders(&found),
            Quantifier::All => {
                let all = these.all();
                let others = &all - found;
                elements.holders(&all) - elements.holders(&others)
            }
        }
    }

    fn select(&self, path: &str, op: Op, value: &Literal) -> RoaringBitmap {
        match value.probe() {
            Some(probe) => self.columns.select(path, Select { op, probe }),
            None => RoaringBitmap::new(),
        }
    }
}
