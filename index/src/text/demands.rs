//! What a keyword query demands of documents that are found by other means.

use roaring::RoaringBitmap;

use super::analyzer::Analyzers;
use super::error::TextError;
use super::plan::Purpose;
use super::query::TextQuery;
use super::search::TextSearch;
use super::source::TextSource;

/// The rows of a segment that have what a query says must be there, and nothing of what must not.
#[derive(Clone, Debug, PartialEq)]
pub struct Demands {
    only: Option<RoaringBitmap>,
    without: RoaringBitmap,
}

impl Demands {
    /// What a query demands in each of some segments; `None` when it demands nothing, or nothing but words that
    /// are passed over. Words that are neither necessary nor forbidden demand nothing.
    ///
    /// ```
    /// use lumos_index::{Analyzers, Demands, MemoryPostings, TextQuery, TextSource};
    ///
    /// let analyzers = Analyzers::default();
    /// let mut postings = MemoryPostings::new(&analyzers, &["text".to_string()]);
    /// postings.add(0, &[("text", "a draft")]);
    /// postings.add(1, &[("text", "something else")]);
    /// let query = TextQuery::parse("keys -draft")?;
    /// let demands = Demands::new(&query, &analyzers, &[], || {
    ///     vec![Some(TextSource::memory(&postings, 2))]
    /// })?;
    /// let mut rows = (0..2).collect();
    /// demands.unwrap()[0].narrow(&mut rows);
    /// assert_eq!(rows, [1].into_iter().collect());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A sealed index that cannot be read.
    pub fn new<'a>(
        query: &TextQuery,
        analyzers: &Analyzers,
        fields: &[(String, f32)],
        sources: impl Fn() -> Vec<Option<TextSource<'a>>>,
    ) -> Result<Option<Vec<Demands>>, TextError> {
        let bind = |purpose, expr| -> Result<Option<TextSearch<'a>>, TextError> {
            let query = TextQuery { expr };
            let search = TextSearch::planned_for(purpose, &query, analyzers, fields, sources())?;
            Ok(Some(search).filter(|search| !search.plan.passed_over))
        };
        let required = query.expr.required();
        let required = required.map(|expr| bind(Purpose::Demand, expr));
        let required = required.transpose()?.flatten();
        let forbidden = query.expr.forbidden();
        let forbidden = forbidden.map(|expr| bind(Purpose::Find, expr));
        let forbidden = forbidden.transpose()?.flatten();
        if required.is_none() && forbidden.is_none() {
            return Ok(None);
        }
        let rows = |search: &Option<TextSearch<'_>>, segment: usize| {
            let search = search.as_ref();
            search.map(|search| search.matches(segment)).transpose()
        };
        let demands = (0..sources().len()).map(|segment| {
            Ok(Demands {
                only: rows(&required, segment)?,
                without: rows(&forbidden, segment)?.unwrap_or_default(),
            })
        });
        demands.collect::<Result<_, _>>().map(Some)
    }

    /// Takes out the rows that are not as demanded.
    pub fn narrow(&self, rows: &mut RoaringBitmap) {
        if let Some(only) = &self.only {
            *rows &= only;
        }
        *rows -= &self.without;
    }
}
