//! Documents as structs.

use std::marker::PhantomData;

use crate::collection::Selection;
use crate::database::Lumos;
use crate::search::{Query, Search};
use crate::{Collection, DEFAULT_VECTOR_FIELD, Doc, Result, Scan, Schema, Seqno, VectorField};

/// A struct that a collection stores. Derive it: `#[derive(Document)]`, of the crate `lumos`.
///
/// ```
/// use lumos_engine::{Doc, Document, Lumos, Result, Schema};
///
/// struct Note {
///     id: u64,
///     body: String,
/// }
///
/// // What the macro writes.
/// impl Document for Note {
///     fn schema() -> Schema {
///         Schema::new().text_field("body")
///     }
///     fn into_doc(self) -> Result<Doc> {
///         Ok(Doc::new(self.id.to_string()).with_text("body", self.body))
///     }
///     fn from_doc(mut doc: Doc) -> Result<Self> {
///         let body = doc.texts.remove("body").unwrap_or_default();
///         Ok(Note { id: doc.key.parse().unwrap_or_default(), body })
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let notes = Lumos::memory()?.documents::<Note>("notes")?;
/// notes.put(Note { id: 7, body: "rotate the keys".to_string() })?;
/// assert_eq!(notes.get("7")?.map(|note| note.body).as_deref(), Some("rotate the keys"));
/// # Ok(())
/// # }
/// ```
pub trait Document: Sized {
    /// What the collection must hold.
    fn schema() -> Schema;

    /// The document that is stored.
    ///
    /// # Errors
    /// `Json` when a value does not serialise, `Vector` for vectors that are none.
    fn into_doc(self) -> Result<Doc>;

    /// The struct of a stored document. A hit brings its vectors only when asked
    /// ([`Search::with_vectors`]).
    ///
    /// # Errors
    /// `Json` when a field is missing or has another type.
    fn from_doc(doc: Doc) -> Result<Self>;
}

/// A collection of documents of one type; see [`Lumos::documents`].
pub struct Documents<T> {
    collection: Collection,
    vector_field: Option<String>,
    of: PhantomData<fn() -> T>,
}

impl<T> std::fmt::Debug for Documents<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut told = f.debug_struct("Documents");
        told.field("collection", &self.collection.name())
            .finish_non_exhaustive()
    }
}

impl<T> Clone for Documents<T> {
    fn clone(&self) -> Self {
        Documents {
            collection: self.collection.clone(),
            vector_field: self.vector_field.clone(),
            of: PhantomData,
        }
    }
}

impl Lumos {
    /// A collection of documents of one type, created when missing; a stored schema must agree with that of
    /// the type, and is widened by what it has not.
    ///
    /// # Errors
    /// As [`Lumos::collection_with`].
    pub fn documents<T: Document>(&self, name: &str) -> Result<Documents<T>> {
        let schema = T::schema();
        let vector_field = match schema.vectors.contains_key(DEFAULT_VECTOR_FIELD) {
            true => None,
            false => only(&schema, |field| !field.multi).or_else(|| only(&schema, |_| true)),
        };
        Ok(Documents {
            collection: self.collection_with(name, schema)?,
            vector_field,
            of: PhantomData,
        })
    }
}

/// The name of the one vector field that is so.
fn only(schema: &Schema, is: impl Fn(&VectorField) -> bool) -> Option<String> {
    let mut fields = schema.vectors.iter().filter(|(_, field)| is(field));
    let (name, _) = fields.next()?;
    fields.next().is_none().then(|| name.clone())
}

impl<T: Document> Documents<T> {
    /// The collection, whatever is in it.
    pub fn collection(&self) -> &Collection {
        &self.collection
    }

    /// Inserts or replaces a document, as its own commit.
    ///
    /// # Errors
    /// Those of [`Document::into_doc`], and as [`Collection::put`].
    pub fn put(&self, document: T) -> Result<Seqno> {
        self.collection.put(document.into_doc()?)
    }

    /// Inserts or replaces documents, 1,000 a commit; returns how many.
    ///
    /// # Errors
    /// As [`Documents::put`]; the commits before the one that failed stay.
    pub fn put_all(&self, documents: impl IntoIterator<Item = T>) -> Result<u64> {
        let mut fault = None;
        let docs = documents.into_iter().map_while(|document| {
            let doc = document.into_doc();
            doc.map_err(|error| fault = Some(error)).ok()
        });
        let count = self.collection.put_all(docs)?;
        match fault {
            Some(error) => Err(error),
            None => Ok(count),
        }
    }

    /// The document of a key.
    ///
    /// # Errors
    /// `Json` when what is stored does not fit the type.
    pub fn get(&self, key: &str) -> Result<Option<T>> {
        self.collection.get(key)?.map(T::from_doc).transpose()
    }

    /// Documents in key order, with their vectors.
    ///
    /// # Errors
    /// As [`Documents::get`].
    pub fn scan(&self, scan: &Scan) -> Result<Vec<T>> {
        let scan = scan.clone().vectors(true);
        let docs = self.collection.scan(&scan)?;
        docs.into_iter().map(T::from_doc).collect()
    }

    /// Deletes a document by key, or all that match a filter; returns how many there were.
    ///
    /// # Errors
    /// As [`Collection::delete`].
    pub fn delete(&self, selection: impl Into<Selection>) -> Result<u64> {
        self.collection.delete(selection)
    }

    /// Number of documents.
    ///
    /// # Errors
    /// `UnknownCollection` when it was dropped.
    pub fn count(&self) -> Result<u64> {
        self.collection.count()
    }

    /// Starts a search as [`Collection::search`] does, by vector in the one vector field of the type, or in the
    /// one of them that has one vector a document. Hits are read with [`Hit::parse`](crate::Hit::parse) or [`Hit::document`](crate::Hit::document).
    pub fn search(&self, query: impl Into<Query>) -> Search {
        let query = query.into();
        // Those search fields of their own kind.
        let others = matches!(query, Query::Sparse(_) | Query::Multi(_));
        let search = self.collection.search(query);
        match self.vector_field.as_ref().filter(|_| !others) {
            Some(field) => search.vector_field(field),
            None => search,
        }
    }
}
