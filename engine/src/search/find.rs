//! Documents by their metadata alone: counted, in an order, page by page or one after the other.

use lumos_index::{Facet, FacetResult, Filter, FilterError, IntoFilter};

use super::cursor::Cursor;
use super::facets::{check, count, live};
use super::moment;
use super::order::{Order, page};
use super::plan::{bind_filter, check_path};
use super::scroll::Scroll;
use crate::database::{Lumos, check_limit};
use crate::{Collection, Doc, Error, Result, Snapshot};

/// Documents found by metadata, in an order; see [`Collection::find`].
#[derive(Debug, Clone)]
#[must_use = "finds nothing until .run()"]
pub struct Find {
    db: Lumos,
    collection: String,
    filter: Option<Filter>,
    filter_error: Option<(String, FilterError)>,
    order: Option<(String, Order)>,
    after: Option<String>,
    limit: usize,
    vectors: bool,
}

/// Some documents in their order.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Page {
    /// The documents.
    pub docs: Vec<Doc>,
    /// What [`Find::after`] takes to go on; `None` when these were the last.
    pub next: Option<String>,
}

impl Collection {
    /// Finds documents by a filter, a string or an expression, without ranking them.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, Lumos, Order};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// for (key, year) in [("a", 1999), ("b", 2026), ("c", 2020), ("d", 2026)] {
    ///     docs.put(Doc::new(key).field("year", year))?;
    /// }
    /// let newest = docs.find("year > 2000").order_by("year", Order::Desc).limit(2);
    /// let first = newest.clone().run()?;
    /// let second = newest.after(first.next.unwrap()).run()?;
    /// let keys: Vec<&str> = first.docs.iter().chain(&second.docs).map(|doc| doc.key.as_str()).collect();
    /// assert_eq!((keys, second.next), (vec!["b", "d", "c"], None));
    /// # Ok(())
    /// # }
    /// ```
    pub fn find(&self, filter: impl IntoFilter) -> Find {
        let mut find = self.find_all();
        let input = filter.input();
        match filter.into_filter() {
            Ok(filter) => find.filter = Some(filter),
            Err(error) => find.filter_error = Some((input, error)),
        }
        find
    }

    /// Finds all documents; see [`Collection::find`].
    pub fn find_all(&self) -> Find {
        Find {
            db: self.database().clone(),
            collection: self.name().to_string(),
            filter: None,
            filter_error: None,
            order: None,
            after: None,
            limit: 100,
            vectors: false,
        }
    }

    /// Counts over the documents that match a filter. Over all of them: `docs.find_all().facets(..)`.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, Facet, FacetAnswer, Lumos};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").field("price", 3).field("lang", "en"))?;
    /// docs.put(Doc::new("b").field("price", 5).field("lang", "en"))?;
    /// let found = docs.facets("lang = 'en'", &[Facet::stats("price")])?;
    /// let FacetAnswer::Stats { sum, mean, .. } = found[0].answer else { unreachable!() };
    /// assert_eq!((sum, mean), (8.0, Some(4.0)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Filter` for a bad filter or a path that no document has, `InvalidArgument` for a facet past its limits.
    pub fn facets(&self, filter: impl IntoFilter, facets: &[Facet]) -> Result<Vec<FacetResult>> {
        self.find(filter).facets(facets)
    }

    /// All documents that match a filter, one after the other, of one state of the database: commits, seals and
    /// merges meanwhile change nothing. Read from where they lie; nothing is held but the numbers of the rows.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, Lumos};
    /// let docs = Lumos::memory()?.collection("docs")?;
    /// docs.put(Doc::new("a").field("n", 1))?;
    /// docs.put(Doc::new("b").field("n", 2))?;
    /// let scroll = docs.scroll("n >= 1")?;
    /// docs.delete("b")?;
    /// let keys: Vec<String> = scroll.map(|doc| Ok(doc?.key)).collect::<lumos_engine::Result<_>>()?;
    /// assert_eq!(keys, ["a", "b"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Filter` for a bad filter or an unknown field.
    pub fn scroll(&self, filter: impl IntoFilter) -> Result<Scroll> {
        self.find(filter).scroll()
    }
}

impl Find {
    /// The order of the documents (default: by key). Booleans come before numbers, and these before texts,
    /// dates too, which are in order as texts; documents without a value come last, and those with the same
    /// value by key.
    pub fn order_by(mut self, path: &str, order: Order) -> Self {
        self.order = Some((lumos_index::metadata_path(path), order));
        self
    }

    /// Only documents after those of a page: its [`Page::next`]. What is put or deleted between pages appears or
    /// not where its value lies; nothing else moves, whatever is sealed or merged.
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.after = Some(cursor.into());
        self
    }

    /// Documents of a page, 1 to 16,384 (default 100).
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the vectors of the documents too.
    pub fn with_vectors(mut self) -> Self {
        self.vectors = true;
        self
    }

    /// The page.
    ///
    /// # Errors
    /// `Filter` for a bad filter or a path that no document has, `InvalidArgument` for a limit outside its range
    /// or a cursor of another order.
    pub fn run(self) -> Result<Page> {
        check_limit(self.limit)?;
        let (snapshot, filter) = self.bind()?;
        let state = snapshot.state().collection(&self.collection)?;
        if let Some((path, _)) = &self.order {
            check_path(state, path, || path.clone())?;
        }
        let order = self.order.as_ref();
        let after = self.after.as_deref();
        let after = after
            .map(|cursor| Cursor::decode(cursor, order))
            .transpose()?;
        let allowed = bind_filter(state, filter.as_ref())?;
        let (places, next) = page(state, &live(&allowed), order, after.as_ref(), self.limit)?;
        let docs = places
            .into_iter()
            .map(|place| state.doc(place, self.vectors));
        Ok(Page {
            docs: docs.collect::<Result<_>>()?,
            next: next.map(|cursor| cursor.encode(order)),
        })
    }

    /// How many documents there are.
    ///
    /// # Errors
    /// `Filter` for a bad filter or a path that no document has.
    pub fn count(self) -> Result<u64> {
        let (snapshot, filter) = self.bind()?;
        let state = snapshot.state().collection(&self.collection)?;
        let allowed = bind_filter(state, filter.as_ref())?;
        Ok(allowed.iter().map(super::Allowed::len).sum())
    }

    /// Counts over the documents; see [`Collection::facets`].
    ///
    /// # Errors
    /// As there.
    pub fn facets(self, facets: &[Facet]) -> Result<Vec<FacetResult>> {
        let (snapshot, filter) = self.bind()?;
        let state = snapshot.state().collection(&self.collection)?;
        check(state, facets)?;
        let allowed = bind_filter(state, filter.as_ref())?;
        count(state, facets, &live(&allowed))
    }

    /// The documents one after the other, in no order; see [`Collection::scroll`].
    ///
    /// # Errors
    /// As there; `InvalidArgument` when an order was asked for.
    pub fn scroll(self) -> Result<Scroll> {
        if self.order.is_some() || self.after.is_some() {
            return Err(Error::InvalidArgument {
                argument: "order_by",
                detail: "has no meaning for a scroll: take pages".to_string(),
            });
        }
        let (snapshot, filter) = self.bind()?;
        let state = snapshot.state().collection(&self.collection)?;
        let allowed = bind_filter(state, filter.as_ref())?;
        let rows = live(&allowed)
            .into_iter()
            .map(|rows| rows.into_owned())
            .collect();
        Ok(Scroll::new(snapshot, self.collection, rows, self.vectors))
    }

    /// The state now, and the filter with the moment of now in it.
    fn bind(&self) -> Result<(Snapshot, Option<Filter>)> {
        if let Some((input, source)) = self.filter_error.clone() {
            return Err(Error::Filter { input, source });
        }
        let snapshot = self.db.snapshot();
        let filter = self
            .filter
            .as_ref()
            .map(|filter| moment::of_filter(filter, || snapshot.now()).into_owned());
        Ok((snapshot, filter))
    }
}
