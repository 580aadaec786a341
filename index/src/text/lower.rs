//! From words to terms: every part of a query in every field that it is looked for in.

use std::collections::HashMap;

use super::analyzer::{Analyzers, Piece};
use super::boost;
use super::error::TextError;
use super::expand::{Expansion, Expansions};
use super::pattern::{self, Asked, Form};
use super::plan::{Node, Numbers, Place, Plan, Purpose};
use super::query::{Bool, Expr, Kind, Leaf};
use super::slack::MOST_ELEMENTS;

/// What is worked out for one query.
pub(crate) struct Lowering<'p, 'a> {
    plan: &'p mut Plan<'a>,
    analyzers: &'p Analyzers,
    numbers: Numbers,
    purpose: Purpose,
    expansions: Expansions,
}

/// Where a part stands.
#[derive(Clone, Copy)]
struct Context<'f> {
    /// The fields that it is looked for in.
    fields: &'f [usize],
    boost: f32,
    /// Whether several terms of one word must stand together, or each counts for itself.
    together: bool,
}

impl<'p, 'a> Lowering<'p, 'a> {
    pub(crate) fn new(plan: &'p mut Plan<'a>, analyzers: &'p Analyzers, purpose: Purpose) -> Self {
        Lowering {
            plan,
            analyzers,
            numbers: Numbers::default(),
            purpose,
            expansions: Expansions::new(purpose),
        }
    }

    /// The tree of a query; `None` when there is nothing to look for.
    pub(crate) fn lower(
        &mut self,
        expr: &Expr,
        fields: &[usize],
    ) -> Result<Option<Node>, TextError> {
        let context = Context {
            fields,
            boost: 1.0,
            together: false,
        };
        self.part(expr, context)
    }

    fn part(&mut self, expr: &Expr, context: Context<'_>) -> Result<Option<Node>, TextError> {
        match expr {
            Expr::Leaf(leaf) => self.leaf(leaf, context),
            Expr::Bool(parts) => self.bool(parts, context),
            Expr::Boost { factor, part } => self.part(
                part,
                Context {
                    boost: boost::within(context.boost, *factor),
                    ..context
                },
            ),
            Expr::In { field, part, .. } => {
                let fields = self.named(field);
                let context = Context {
                    fields: &fields,
                    ..context
                };
                self.part(part, context)
            }
        }
    }

    /// The number of a field of this name, if there is one.
    fn named(&self, name: &str) -> Vec<usize> {
        let mut fields = self.plan.fields.iter();
        let number = fields.position(|planned| planned.name == name);
        number.into_iter().collect()
    }

    fn parts<'e>(
        &mut self,
        parts: impl IntoIterator<Item = &'e Expr>,
        context: Context<'_>,
    ) -> Result<Vec<Node>, TextError> {
        let mut nodes = Vec::new();
        for part in parts {
            nodes.extend(self.part(part, context)?);
        }
        Ok(nodes)
    }

    fn bool(&mut self, parts: &Bool, context: Context<'_>) -> Result<Option<Node>, TextError> {
        if parts.must.is_empty() && parts.should.is_empty() {
            // There is nothing to take away from.
            return Ok(Some(Node::Nothing));
        }
        if let (true, true, [one]) = (
            parts.must.is_empty(),
            parts.not.is_empty(),
            &parts.should[..],
        ) {
            return self.part(one, context);
        }
        let together = Context {
            together: true,
            ..context
        };
        let is_open = |part: &&Expr| self.is_stop_start(part, context.fields);
        let (starts, required): (Vec<&Expr>, Vec<&Expr>) = parts.must.iter().partition(is_open);
        let mut must = self.parts(required, together)?;
        let mut starts = self.parts(starts, together)?;
        // What is taken away is worth nothing: the scale of sums leaves no room for it.
        let away = Context {
            boost: 0.0,
            ..together
        };
        let not = self.parts(&parts.not, away)?;
        let mut should = self.parts(&parts.should, context)?;
        if parts.must.is_empty() || parts.at_least > 0 {
            // Words that are passed over cannot be asked for.
            let at_least = parts.at_least.min(should.len()).max(1);
            if !should.is_empty() {
                must.push(any(std::mem::take(&mut should), at_least));
            }
        }
        if must.is_empty() {
            // All that must be there was passed over, or begins as a stop word does.
            if should.is_empty() && starts.is_empty() {
                return Ok(None);
            }
            must = match (self.purpose, should.is_empty()) {
                // Which words start so is not known of all.
                (Purpose::Demand, true) => return Ok(None),
                (Purpose::Find, true) => std::mem::take(&mut starts),
                // Whether there are other words is the same in all segments, whether they have rows is not.
                (Purpose::Find | Purpose::Demand, false) => vec![any(should, 1)],
                (Purpose::Rank, _) => match any(should, 1) {
                    Node::Nothing if !starts.is_empty() => std::mem::take(&mut starts),
                    words => vec![words],
                },
            };
            should = Vec::new();
        }
        should.extend(starts);
        Ok(Some(all(must, should, not)))
    }

    /// Whether a part asks for words that begin as a stop word does. The stop word itself is one of them, and
    /// texts may have it, of which nothing is known: beside other words such a part takes nothing away.
    fn is_stop_start(&self, expr: &Expr, fields: &[usize]) -> bool {
        match expr {
            Expr::Leaf(leaf) => {
                let mut planned = fields
                    .iter()
                    .filter_map(|field| self.plan.fields.get(*field));
                let is_start = |name: &str| pattern::is_stop_start(self.analyzers.of(name), leaf);
                !fields.is_empty() && planned.all(|field| is_start(&field.name))
            }
            Expr::Boost { part, .. } => self.is_stop_start(part, fields),
            Expr::In { field, part, .. } => self.is_stop_start(part, &self.named(field)),
            Expr::Bool(_) => false,
        }
    }

    fn leaf(&mut self, leaf: &Leaf, context: Context<'_>) -> Result<Option<Node>, TextError> {
        if context.fields.is_empty() {
            // Fields without text.
            return Ok(Some(Node::Nothing));
        }
        let mut nodes = Vec::with_capacity(context.fields.len());
        for &field in context.fields {
            let boost = match self.plan.fields.get(field) {
                Some(planned) if planned.boost > 0.0 => boost::within(planned.boost, context.boost),
                _ => context.boost,
            };
            let context = Context { boost, ..context };
            nodes.extend(self.in_field(leaf, field, context)?);
        }
        Ok((!nodes.is_empty()).then(|| any(nodes, 1)))
    }

    fn in_field(
        &mut self,
        leaf: &Leaf,
        field: usize,
        context: Context<'_>,
    ) -> Result<Option<Node>, TextError> {
        let Some(planned) = self.plan.fields.get(field) else {
            return Ok(None);
        };
        let analyzer = self.analyzers.of(&planned.name);
        let form = match pattern::form(analyzer, leaf) {
            Some(form) => form,
            None => return self.pieces(&analyzer.pieces(&leaf.text), leaf.kind, field, context),
        };
        self.expanded(form, field, context.boost).map(Some)
    }

    /// Words, each for itself or one after the other.
    fn pieces(
        &mut self,
        pieces: &[Piece],
        kind: Kind,
        field: usize,
        context: Context<'_>,
    ) -> Result<Option<Node>, TextError> {
        let slop = match kind {
            Kind::Phrase { slop, .. } => slop,
            Kind::Words if !context.together => {
                let mut nodes = Vec::new();
                for piece in pieces {
                    self.alternatives(piece, field, context.boost, &mut nodes)?;
                }
                return Ok((!nodes.is_empty()).then(|| any(nodes, 1)));
            }
            _ => 0,
        };
        let mut places = pattern::places(pieces, kind);
        places.truncate(MOST_ELEMENTS);
        if let [(_, Asked::Form(form))] = &places[..] {
            return self.expanded(form.clone(), field, context.boost).map(Some);
        }
        let mut planned = Vec::with_capacity(places.len());
        for (offset, asked) in places {
            let (terms, rest) = match asked {
                Asked::Term(term) => (vec![self.term(field, &term)?], None),
                Asked::Form(form) => {
                    let found = self.expansion(form, field)?;
                    (found.terms.to_vec(), found.rest)
                }
            };
            planned.push(Place {
                offset,
                terms,
                rest,
            });
        }
        Ok(self.phrase(planned, field, slop, context.boost))
    }

    fn phrase(
        &mut self,
        mut places: Vec<Place>,
        field: usize,
        slop: u32,
        boost: f32,
    ) -> Option<Node> {
        let first = places.first()?.offset;
        if let [place] = &places[..] {
            let is_there = |term: &&usize| {
                let term = self.plan.terms.get(**term);
                term.is_some_and(|term| term.weight > 0.0)
            };
            let terms = place.terms.iter().filter(is_there);
            let terms = terms.map(|term| Node::Term { term: *term, boost });
            return Some(any(terms.collect(), 1));
        }
        // A phrase is worth what its terms are together.
        let mut weight = 0.0;
        for place in &mut places {
            place.offset -= first;
            let weights = place.terms.iter().filter_map(|term| {
                let weight = self.plan.terms.get(*term)?.weight;
                (weight > 0.0).then_some(weight)
            });
            match weights.reduce(f32::min) {
                Some(least) => weight += least,
                None if place.rest.is_some() => {}
                None => return Some(Node::Nothing),
            }
        }
        Some(Node::Phrase {
            field,
            places,
            slop,
            weight: weight * boost,
        })
    }

    /// The terms of a piece, each for itself.
    fn alternatives(
        &mut self,
        piece: &Piece,
        field: usize,
        boost: f32,
        nodes: &mut Vec<Node>,
    ) -> Result<(), TextError> {
        match piece {
            Piece::Gap(_) => {}
            Piece::Word { term, .. } => nodes.push(self.one(field, term, boost)?),
            Piece::Run(run) => {
                if let Some(start) = &run.start {
                    nodes.push(self.expanded(Form::of_run(start), field, boost)?);
                }
                for (_, term) in &run.terms {
                    nodes.push(self.one(field, term, boost)?);
                }
            }
            Piece::Compound { whole, parts } => {
                let terms = parts.terms.iter().map(|(_, term)| term);
                for term in whole.iter().chain(terms) {
                    nodes.push(self.one(field, term, boost)?);
                }
            }
        }
        Ok(())
    }

    fn one(&mut self, field: usize, term: &str, boost: f32) -> Result<Node, TextError> {
        let term = self.term(field, term)?;
        Ok(match self.plan.terms.get(term) {
            Some(found) if found.weight > 0.0 => Node::Term { term, boost },
            _ => Node::Nothing,
        })
    }

    fn term(&mut self, field: usize, term: &str) -> Result<usize, TextError> {
        self.plan.term(field, term, &mut self.numbers)
    }

    fn expanded(&mut self, form: Form, field: usize, boost: f32) -> Result<Node, TextError> {
        let found = self.expansion(form, field)?;
        let is_there = |term: &&usize| {
            let term = self.plan.terms.get(**term);
            term.is_some_and(|term| term.weight > 0.0)
        };
        let terms = found.terms.iter().filter(is_there);
        let terms = terms.map(|term| Node::Term { term: *term, boost });
        let rest = found.rest.map(|rest| Node::Rest { rest, boost });
        Ok(any(terms.chain(rest).collect(), 1))
    }

    fn expansion(&mut self, form: Form, field: usize) -> Result<Expansion, TextError> {
        self.expansions
            .terms(self.plan, &mut self.numbers, form, field)
    }
}

/// Any of these, at least so many.
fn any(mut parts: Vec<Node>, at_least: usize) -> Node {
    if parts.len() == 1 && at_least == 1 {
        return parts.pop().unwrap_or(Node::Nothing);
    }
    let mut kept = Alternatives::default();
    for part in parts {
        match part {
            Node::Nothing => {}
            Node::Any { parts, at_least: 1 } if at_least == 1 => {
                parts.into_iter().for_each(|part| kept.add(part));
            }
            part if at_least == 1 => kept.add(part),
            part => kept.parts.push(part),
        }
    }
    let mut kept = kept.parts;
    match kept.len() {
        len if len < at_least => Node::Nothing,
        1 => kept.pop().unwrap_or(Node::Nothing),
        _ => Node::Any {
            parts: kept,
            at_least,
        },
    }
}

/// Parts of which any may match, each term once.
#[derive(Default)]
struct Alternatives {
    parts: Vec<Node>,
    /// Where the terms are, from the first that is not among the first few.
    terms: HashMap<usize, usize>,
}

/// Parts that are looked at one by one.
const FEW: usize = 16;

impl Alternatives {
    /// Adds a part; a word that is there twice is worth twice as much.
    fn add(&mut self, part: Node) {
        let Node::Term { term, boost } = &part else {
            self.parts.push(part);
            return;
        };
        let is_same =
            |other: &Node| matches!(other, Node::Term { term: other, .. } if other == term);
        let among_few = self.parts.iter().take(FEW).position(is_same);
        let known = among_few.or_else(|| self.terms.get(term).copied());
        match known.and_then(|at| self.parts.get_mut(at)) {
            Some(Node::Term { boost: sum, .. }) => *sum += boost,
            _ => {
                if self.parts.len() >= FEW {
                    self.terms.insert(*term, self.parts.len());
                }
                self.parts.push(part);
            }
        }
    }
}

/// All of `must`, better with `should`, without `not`.
fn all(must: Vec<Node>, should: Vec<Node>, not: Vec<Node>) -> Node {
    let some = |nodes: Vec<Node>| -> Vec<Node> {
        let some = nodes.into_iter().filter(|node| *node != Node::Nothing);
        some.collect()
    };
    if must.contains(&Node::Nothing) {
        return Node::Nothing;
    }
    let (mut must, should, not) = (must, some(should), some(not));
    match (must.len(), should.is_empty(), not.is_empty()) {
        (1, true, true) => must.pop().unwrap_or(Node::Nothing),
        _ => Node::All { must, should, not },
    }
}
