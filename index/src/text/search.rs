//! A query run on segments.

use roaring::RoaringBitmap;

use super::analyzer::Analyzers;
use super::bm25::share;
use super::cursor::{AllTerms, Boolean, Cursor, TermCursor, Union, collect_any};
use super::error::TextError;
use super::plan::{Node, Place, Plan, PlannedField, Purpose, Term};
use super::query::TextQuery;
use super::rest::RestTerms;
use super::source::{Found, SourceField, TextSource};
use super::top::TopRows;

/// A keyword query bound to segments, with the statistics of their live rows: a score does not depend on
/// how rows are spread over segments, nor on rows that have been deleted.
///
/// ```
/// use lumos_index::{Analyzers, MemoryPostings, TextQuery, TextSearch, TextSource};
///
/// let analyzers = Analyzers::default();
/// let mut postings = MemoryPostings::new(&analyzers, &["text".to_string()]);
/// postings.add(0, &[("text", "segments are sealed")]);
/// postings.add(1, &[("text", "the log is synced")]);
/// let query = TextQuery::parse("sealed segment")?;
/// let sources = vec![Some(TextSource::memory(&postings, 2))];
/// let search = TextSearch::new(&query, &analyzers, &[], sources)?;
/// let best = search.top(10, &[None])?;
/// assert_eq!((best[0].1, best[0].2), (0, 0), "segment and row");
/// assert_eq!(search.scores(0, &[0, 1])?, [best[0].0, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TextSearch<'a> {
    sources: Vec<Option<TextSource<'a>>>,
    pub(super) plan: Plan<'a>,
}

/// How the cursors of a search are used.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// From row to row.
    Walk,
    /// Rows are asked for.
    Probe,
}

type Parts<'c> = Vec<Box<dyn Cursor + 'c>>;
type PlannedTerm<'p, 'a> = (
    &'p Term<'a>,
    &'p PlannedField<'a>,
    &'p SourceField<'a>,
    &'p Found<'a>,
);

impl<'a> TextSearch<'a> {
    /// Binds a query to segments, of which some may have no text; `fields` are those searched with what
    /// they are worth, all alike when empty.
    ///
    /// # Errors
    /// A sealed index that cannot be read; patterns that stand for too many terms together.
    pub fn new(
        query: &TextQuery,
        analyzers: &Analyzers,
        fields: &[(String, f32)],
        sources: Vec<Option<TextSource<'a>>>,
    ) -> Result<TextSearch<'a>, TextError> {
        TextSearch::planned_for(Purpose::Rank, query, analyzers, fields, sources)
    }

    /// The same for another purpose than to rank rows.
    pub(super) fn planned_for(
        purpose: Purpose,
        query: &TextQuery,
        analyzers: &Analyzers,
        fields: &[(String, f32)],
        sources: Vec<Option<TextSource<'a>>>,
    ) -> Result<TextSearch<'a>, TextError> {
        let plan = Plan::new(query, analyzers, fields, &sources, purpose)?;
        Ok(TextSearch { sources, plan })
    }

    /// The best `k` rows: score, segment and row, best first, then by place. Of each segment only the rows
    /// of `accept` are found, when it has some.
    ///
    /// # Errors
    /// A sealed index that cannot be read.
    pub fn top(
        &self,
        k: usize,
        accept: &[Option<&RoaringBitmap>],
    ) -> Result<Vec<(f32, usize, u32)>, TextError> {
        let mut top = TopRows::new(k);
        if k > 0 {
            self.raise(k, accept, &mut top)?;
        }
        for (segment, source) in self.sources.iter().enumerate() {
            let only = accept.get(segment).copied().flatten();
            if let Some(source) = source
                && only.is_none_or(|only| !only.is_empty())
            {
                top.enter(segment);
                self.collect(segment, source, only, &mut top)?;
            }
        }
        let score = |sum| self.plan.scale.score(sum);
        Ok(top
            .into_sorted()
            .map(|(sum, segment, row)| (score(sum), segment, row))
            .collect())
    }

    /// What rows of a single term reach, in a segment of which all may be found, is what the best of all
    /// reach at least.
    pub(super) fn raise(
        &self,
        k: usize,
        accept: &[Option<&RoaringBitmap>],
        top: &mut TopRows,
    ) -> Result<(), TextError> {
        let root = std::slice::from_ref(&self.plan.root);
        let parts = match &self.plan.root {
            Node::Any { parts, at_least: 1 } => parts,
            Node::Term { .. } => root,
            _ => return Ok(()),
        };
        for (segment, source) in self.sources.iter().enumerate() {
            let filtered = accept.get(segment).copied().flatten().is_some();
            if filtered || source.is_none_or(|source| source.is_partial()) {
                continue;
            }
            for part in parts {
                if let Node::Term { term, boost } = part
                    && let Some(reached) = self.reached(*term, *boost, segment, k)?
                {
                    top.raise(reached.saturating_sub(1));
                }
            }
        }
        Ok(())
    }

    /// What `k` rows that have a term are worth at least, if it is known.
    fn reached(
        &self,
        term: usize,
        boost: f32,
        segment: usize,
        k: usize,
    ) -> Result<Option<u32>, TextError> {
        let Some((term, field, part, found)) = self.planned(term, segment) else {
            return Ok(None);
        };
        let bounds = part.bounds(&term.text, found, field.saturation)?;
        let weight = self.plan.scale.weight(term.weight * boost);
        let reached = bounds.and_then(|bounds| bounds.reached(k));
        Ok(reached.map(|reached| share(weight, reached)))
    }

    fn collect(
        &self,
        segment: usize,
        source: &TextSource<'a>,
        only: Option<&RoaringBitmap>,
        top: &mut TopRows,
    ) -> Result<(), TextError> {
        let rows = source.rows();
        let deletes = source.deletes();
        let live = |row: u32| deletes.is_none_or(|deletes| !deletes.contains(row));
        if let Some(only) = only
            && only.len().saturating_mul(4) < self.count(&self.plan.root, segment)
        {
            let Some(mut cursor) = self.cursor(&self.plan.root, segment, Mode::Probe)? else {
                return Ok(());
            };
            for row in only {
                if let Some(score) = cursor.probe(row)
                    && score > top.floor()
                    && row < rows
                    && live(row)
                {
                    top.push(score, row);
                }
            }
            return Ok(());
        }
        let mut accept = |row: u32| only.is_none_or(|only| only.contains(row)) && live(row);
        match &self.plan.root {
            Node::Any { parts, at_least: 1 } => {
                let mut parts = self.parts(parts, segment, Mode::Walk)?;
                collect_any(&mut parts, rows, top, &mut accept);
            }
            // What must not be there is asked of rows that are good enough.
            Node::All { must, should, not } if should.is_empty() && !not.is_empty() => {
                let mut not = self.parts(not, segment, Mode::Probe)?;
                let mut accept =
                    |row: u32| accept(row) && !not.iter_mut().any(|part| part.probe(row).is_some());
                match &must[..] {
                    [Node::Any { parts, at_least: 1 }] => {
                        let mut parts = self.parts(parts, segment, Mode::Walk)?;
                        collect_any(&mut parts, rows, top, &mut accept);
                    }
                    [one] => self.walk(one, segment, top, &mut accept)?,
                    _ => {
                        let all = Node::All {
                            must: must.clone(),
                            should: Vec::new(),
                            not: Vec::new(),
                        };
                        self.walk(&all, segment, top, &mut accept)?;
                    }
                }
            }
            root => self.walk(root, segment, top, &mut accept)?,
        }
        Ok(())
    }

    fn walk(
        &self,
        node: &Node,
        segment: usize,
        top: &mut TopRows,
        accept: &mut dyn FnMut(u32) -> bool,
    ) -> Result<(), TextError> {
        let source = self.sources.get(segment).and_then(Option::as_ref);
        let rows = source.map_or(0, TextSource::rows);
        if let Node::Term { term, boost } = node {
            if let Some(mut cursor) = self.term(*term, *boost, segment)? {
                cursor.collect(rows, top, accept);
            }
            return Ok(());
        }
        if let Some(mut cursor) = self.cursor(node, segment, Mode::Walk)? {
            cursor.collect(rows, top, accept);
        }
        Ok(())
    }

    /// The scores of rows of a segment, which ascend; 0 for rows that do not match.
    ///
    /// # Errors
    /// A sealed index that cannot be read.
    pub fn scores(&self, segment: usize, rows: &[u32]) -> Result<Vec<f32>, TextError> {
        let cursor = self.cursor(&self.plan.root, segment, Mode::Probe)?;
        let Some(mut cursor) = cursor else {
            return Ok(vec![0.0; rows.len()]);
        };
        let source = self.sources.get(segment).and_then(Option::as_ref);
        let visible = source.map_or(0, TextSource::rows);
        let score = |row: &u32| match cursor.probe(*row) {
            Some(sum) if *row < visible => self.plan.scale.score(sum),
            _ => 0.0,
        };
        Ok(rows.iter().map(score).collect())
    }

    /// All live rows of a segment that match.
    ///
    /// # Errors
    /// A sealed index that cannot be read.
    pub fn matches(&self, segment: usize) -> Result<RoaringBitmap, TextError> {
        let mut rows = RoaringBitmap::new();
        let Some(source) = self.sources.get(segment).and_then(Option::as_ref) else {
            return Ok(rows);
        };
        if let Some(mut cursor) = self.cursor(&self.plan.root, segment, Mode::Walk)? {
            let mut row = cursor.row();
            while row < source.rows() {
                rows.insert(row);
                row = cursor.advance();
            }
        }
        if let Some(deletes) = source.deletes() {
            rows -= deletes;
        }
        Ok(rows)
    }

    /// About how many rows of a segment have something to do with a part.
    fn count(&self, node: &Node, segment: usize) -> u64 {
        let found = |term: &usize| {
            let found = self.plan.terms.get(*term)?.found.get(segment)?.as_ref();
            found.map(|found| u64::from(found.rows()))
        };
        match node {
            Node::Nothing => 0,
            Node::Term { term, .. } => found(term).unwrap_or(0),
            Node::Rest { rest, .. } => {
                let rest = self.plan.rests.get(*rest);
                rest.map_or(0, RestTerms::count)
            }
            Node::Phrase { places, .. } => {
                let rows = |place: &Place| place.terms.iter().filter_map(found).sum();
                places.iter().map(rows).min().unwrap_or(0)
            }
            Node::Any { parts, .. } => parts.iter().map(|part| self.count(part, segment)).sum(),
            Node::All { must, .. } => {
                let counts = must.iter().map(|part| self.count(part, segment));
                counts.min().unwrap_or(0)
            }
        }
    }

    fn parts(&self, nodes: &[Node], segment: usize, mode: Mode) -> Result<Parts<'_>, TextError> {
        let mut parts = Vec::with_capacity(nodes.len());
        for node in nodes {
            parts.extend(self.cursor(node, segment, mode)?);
        }
        Ok(parts)
    }

    /// The rows of a part in a segment; `None` when there are none.
    fn cursor(
        &self,
        node: &Node,
        segment: usize,
        mode: Mode,
    ) -> Result<Option<Box<dyn Cursor + '_>>, TextError> {
        Ok(match node {
            Node::Nothing => None,
            Node::Term { term, boost } => self
                .term(*term, *boost, segment)?
                .map(|cursor| Box::new(cursor) as Box<dyn Cursor>),
            Node::Rest { rest, boost } => self.rest(*rest, *boost, segment)?,
            Node::Phrase {
                field,
                places,
                slop,
                weight,
            } => self.phrase(*field, places, (*slop, *weight), segment)?,
            Node::Any { parts, at_least } => {
                let mut parts = self.parts(parts, segment, mode)?;
                match (parts.len(), mode) {
                    (len, _) if len < *at_least => None,
                    (1, _) => parts.pop(),
                    (_, Mode::Walk) => Some(Box::new(Union::walked(parts, *at_least))),
                    (_, Mode::Probe) => Some(Box::new(Union::probed(parts, *at_least))),
                }
            }
            Node::All { must, should, not } => {
                let wanted = must.len();
                if mode == Mode::Walk
                    && should.is_empty()
                    && not.is_empty()
                    && let Some(terms) = self.all_terms(must, segment)?
                {
                    return Ok(terms.map(|all| Box::new(all) as Box<dyn Cursor>));
                }
                let must = self.parts(must, segment, mode)?;
                if must.len() < wanted {
                    return Ok(None);
                }
                let should = self.parts(should, segment, Mode::Probe)?;
                let not = self.parts(not, segment, Mode::Probe)?;
                Some(match mode {
                    Mode::Walk => Box::new(Boolean::walked(must, should, not)),
                    Mode::Probe => Box::new(Boolean::probed(must, should, not)),
                })
            }
        })
    }

    /// A term with its field and its postings in a segment that has some.
    fn planned(&self, term: usize, segment: usize) -> Option<PlannedTerm<'_, 'a>> {
        let term = self.plan.terms.get(term)?;
        let field = self.plan.fields.get(term.field)?;
        let part = field.parts.get(segment)?.as_ref()?;
        Some((term, field, part, term.found.get(segment)?.as_ref()?))
    }

    fn term(
        &self,
        term: usize,
        boost: f32,
        segment: usize,
    ) -> Result<Option<TermCursor<'_>>, TextError> {
        let Some((term, field, part, found)) = self.planned(term, segment) else {
            return Ok(None);
        };
        Ok(Some(TermCursor::new(
            part.blocks(found)?,
            part.norms(),
            field.saturation,
            self.plan.scale.weight(term.weight * boost),
            part.bounds(&term.text, found, field.saturation)?,
            found.rows(),
        )))
    }

    /// The rows that have all of some terms, when they are terms; `Some(None)` when one is not there.
    #[allow(clippy::option_option, reason = "terms or not, rows or none")]
    fn all_terms(
        &self,
        must: &[Node],
        segment: usize,
    ) -> Result<Option<Option<AllTerms<'_>>>, TextError> {
        let mut terms = Vec::with_capacity(must.len());
        for node in must {
            let Node::Term { term, boost } = node else {
                return Ok(None);
            };
            match self.term(*term, *boost, segment)? {
                Some(cursor) => terms.push(cursor),
                None => return Ok(Some(None)),
            }
        }
        Ok(Some(AllTerms::new(terms)))
    }
}
