//! What a collection stores: vector fields, text fields, declared metadata types, the embedding model.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lumos_index::{
    Analyzer, Analyzers, Codes, Element, Metric, Rung, Scheme, Vectors, metadata_path,
};
use serde::{Deserialize, Serialize};

use crate::doc::{DEFAULT_TEXT_FIELD, DEFAULT_VECTOR_FIELD};
use crate::dropped::{Dropped, Was};
use crate::manifest::{ANALYZERS, DROPPED_FIELDS, ELEMENTS, SEVERAL_VECTORS};
use crate::name::MAX_DIMENSION;
use crate::{IndexKind, Seqno};

/// The analyzer of fields of which nothing is said.
pub(crate) const DEFAULT_ANALYZER: &str = "default";

/// The declared type of a metadata field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FieldType {
    /// A JSON boolean.
    Bool,
    /// A JSON number without a fraction.
    Int,
    /// Any JSON number.
    Float,
    /// A JSON string.
    Text,
    /// A string holding an RFC 3339 date or date-time.
    Date,
}

/// The small integers that stand for vectors when a graph is searched; see
/// [`VectorField::codes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CodesChoice {
    /// What a trial on each segment shows to be cheapest of those that keep nearest neighbours, four
    /// or seven bits a component, perhaps of a projection to fewer dimensions; none where no codes do.
    #[default]
    Auto,
    /// None: graphs are searched on the vectors themselves.
    None,
    /// Seven bits a component, without a trial.
    Sq8,
    /// Four bits a component, without a trial.
    Sq4,
}

impl CodesChoice {
    /// Whether nothing was chosen.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "called by serde")]
    fn is_auto(&self) -> bool {
        *self == CodesChoice::Auto
    }

    /// The bits of a component that are asked for.
    fn rung(self) -> Option<Rung> {
        match self {
            CodesChoice::Auto | CodesChoice::None => None,
            CodesChoice::Sq8 => Some(Rung::Sq8),
            CodesChoice::Sq4 => Some(Rung::Sq4),
        }
    }
}

/// A vector field: how long its vectors are, how they are compared, and what is stored of them.
///
/// ```
/// use lumos_engine::{Element, Metric, Schema, VectorField};
///
/// let field = VectorField::new(384, Metric::Cosine).element(Element::F16);
/// let schema = Schema::new().vector_with("vector", field);
/// # assert_eq!(schema.vectors["vector"].element, Element::F16);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VectorField {
    /// Numbers in a vector, 1 to 65,536.
    pub dimension: usize,
    /// How two vectors are compared.
    pub metric: Metric,
    /// What the numbers are kept as; vectors are rounded to it when they are put.
    #[serde(default, skip_serializing_if = "is_f32")]
    pub element: Element,
    /// What graphs are searched on; a segment obeys it when it is sealed or merged.
    #[serde(default, skip_serializing_if = "CodesChoice::is_auto")]
    pub codes: CodesChoice,
    /// Whether a document has several vectors in it, as of the words of a text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub multi: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "called by serde")]
fn is_f32(element: &Element) -> bool {
    *element == Element::F32
}

impl VectorField {
    /// A field of vectors of `dimension` numbers, kept as `f32`.
    #[must_use]
    pub fn new(dimension: usize, metric: Metric) -> Self {
        VectorField {
            dimension,
            metric,
            element: Element::F32,
            codes: CodesChoice::Auto,
            multi: false,
        }
    }

    /// Holds 1 to 1,024 vectors a document, as a late-interaction model makes them of its words (default:
    /// one). Documents are ranked by MaxSim: for each vector of the query the best score among those of the
    /// document, summed (ColBERT, Khattab and Zaharia 2020, section 3.3). Needs cosine or dot.
    #[must_use]
    pub fn multi(mut self) -> Self {
        self.multi = true;
        self
    }

    /// Keeps the numbers as this (default [`Element::F32`]). [`Element::Bits`] goes with
    /// [`Metric::Hamming`] and [`Metric::Jaccard`], and only with them.
    #[must_use]
    pub fn element(mut self, element: Element) -> Self {
        self.element = element;
        self
    }

    /// Searches graphs on this (default [`CodesChoice::Auto`]). Codes that are asked for by name
    /// need 32 numbers and more, and cosine, dot or L2.
    #[must_use]
    pub fn codes(mut self, codes: CodesChoice) -> Self {
        self.codes = codes;
        self
    }

    /// The codes of vectors of this field that a graph over them is searched on, if any; `best` is
    /// what [`Scheme::choose`] has found.
    pub(crate) fn make_codes(&self, vectors: Vectors<'_>, best: Option<Scheme>) -> Option<Codes> {
        let scheme = match self.codes {
            CodesChoice::Auto => best,
            chosen => chosen.rung().map(Scheme::from),
        };
        scheme.map(|scheme| Codes::build(vectors, self.metric, scheme))
    }

    /// Whether the first builds of format 1 do not know its element or metric.
    pub(crate) fn is_of_later_builds(&self) -> bool {
        let known = [Metric::Cosine, Metric::Dot, Metric::L2];
        self.element != Element::F32 || !known.contains(&self.metric)
    }

    /// What is wrong with the field: the argument, and a sentence that begins after it.
    pub(crate) fn fault(&self) -> Option<(&'static str, String)> {
        let VectorField {
            dimension,
            metric,
            element,
            codes,
            multi,
        } = *self;
        if dimension == 0 || dimension > MAX_DIMENSION {
            let detail = format!("must be 1 to {MAX_DIMENSION}, it is {dimension}");
            return Some(("dimension", detail));
        }
        if !element.suits(metric) {
            let detail = match metric.is_of_sets() {
                true => format!("must be bits with metric {metric:?}, it is {element}"),
                false => format!("cannot be bits with metric {metric:?}: take Hamming or Jaccard"),
            };
            return Some(("element", detail));
        }
        if multi && ![Metric::Cosine, Metric::Dot].contains(&metric) {
            let detail = format!("must be Cosine or Dot for several vectors, it is {metric:?}");
            return Some(("metric", detail));
        }
        if codes.rung().is_some() && !Codes::suit(dimension, metric) {
            let detail = format!(
                "cannot be {codes:?} for {dimension} numbers under {metric:?}: codes need 32 \
                 numbers or more and Cosine, Dot or L2"
            );
            return Some(("codes", detail));
        }
        None
    }
}

/// A field of sparse vectors, which are compared by dot product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SparseField {}

impl SparseField {
    /// A field of sparse vectors.
    #[must_use]
    pub fn new() -> Self {
        SparseField::default()
    }
}

/// The schema of a collection. Nothing needs declaring: fields that documents bring are added at the
/// first commit that has them. What is declared is checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Schema {
    /// Vector fields by name.
    #[serde(default)]
    pub vectors: BTreeMap<String, VectorField>,
    /// Text fields by name, with the description of the analyzer of each ([`Analyzer::named`]).
    #[serde(default)]
    pub texts: BTreeMap<String, String>,
    /// Sparse vector fields by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sparse: BTreeMap<String, SparseField>,
    /// Declared metadata fields by path: a key, or keys joined by dots into nested objects.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldType>,
    /// The embedding model of the default vector field, when documents are embedded from text.
    #[serde(default)]
    pub model: Option<String>,
    /// How long a document lives after it was put, in milliseconds; for ever without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
    /// Indexes of metadata that are made in advance, by path; see [`Collection::index`](crate::Collection::index).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub indexes: BTreeMap<String, BTreeSet<IndexKind>>,
    /// Fields that were dropped, of which segments may still have something.
    #[serde(default, skip_serializing_if = "Dropped::is_empty")]
    pub(crate) dropped: Dropped,
}

impl Schema {
    /// A schema that declares nothing.
    #[must_use]
    pub fn new() -> Self {
        Schema::default()
    }

    /// Declares the default vector field.
    #[must_use]
    pub fn vector(self, dimension: usize, metric: Metric) -> Self {
        self.vector_field(DEFAULT_VECTOR_FIELD, dimension, metric)
    }

    /// Declares a vector field by name.
    #[must_use]
    pub fn vector_field(self, name: &str, dimension: usize, metric: Metric) -> Self {
        self.vector_with(name, VectorField::new(dimension, metric))
    }

    /// Declares a vector field by name, with what is stored of its vectors.
    ///
    /// For a field that exists, a choice of codes other than [`CodesChoice::Auto`] takes the place of the
    /// one before, for segments that are written from then on; everything else must be as it was.
    #[must_use]
    pub fn vector_with(mut self, name: &str, field: VectorField) -> Self {
        self.vectors.insert(name.to_string(), field);
        self
    }

    /// Declares the default text field.
    #[must_use]
    pub fn text(self) -> Self {
        self.text_field(DEFAULT_TEXT_FIELD)
    }

    /// Declares a text field by name, with the default analyzer.
    #[must_use]
    pub fn text_field(mut self, name: &str) -> Self {
        self.texts
            .insert(name.to_string(), DEFAULT_ANALYZER.to_string());
        self
    }

    /// Declares a text field by name, with a description of its analyzer as [`Analyzer::named`] reads it. A
    /// description that it does not read is refused when the collection is opened with the schema.
    ///
    /// The analyzer of a field stays what it is as long as the collection has documents.
    ///
    /// ```
    /// # fn main() -> lumos_engine::Result<()> {
    /// use lumos_engine::{Doc, Lumos, Schema};
    /// let schema = Schema::new().text().text_with("symbol", "code");
    /// let docs = Lumos::memory()?.collection_with("functions", schema)?;
    /// docs.put(Doc::new("a").text("Finds a user.").with_text("symbol", "getUserName()"))?;
    /// assert_eq!(docs.search("user name").text_field("symbol").keywords().run()?[0].key(), "a");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn text_with(mut self, name: &str, analyzer: &str) -> Self {
        self.texts.insert(name.to_string(), analyzer.to_string());
        self
    }

    /// Declares a field of sparse vectors by name.
    #[must_use]
    pub fn sparse_field(mut self, name: &str) -> Self {
        self.sparse.insert(name.to_string(), SparseField::new());
        self
    }

    /// Declares a metadata field; documents whose value has another type are refused. The name is a path
    /// as in a filter: `author.born` is the key `born` of the objects at `author`, in arrays too; a key
    /// with a dot in it stands in backticks.
    #[must_use]
    pub fn field(mut self, name: &str, kind: FieldType) -> Self {
        self.fields.insert(metadata_path(name), kind);
        self
    }

    /// Deletes documents this long after they were put. Putting one again starts its time anew; a
    /// change of the schema holds for documents that are put from then on.
    ///
    /// Deleting is done in the background about once a second (see [`Lumos::expire`](crate::Lumos::expire)),
    /// as ordinary commits: until then a document is found, and snapshots keep it.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl_ms = Some(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// The default vector field for a model that makes vectors of `dimension` numbers: compared by cosine,
    /// and kept as the field of this schema keeps them, if there is one.
    #[must_use]
    pub fn embedded(&self, dimension: usize) -> VectorField {
        let stored = self.vectors.get(DEFAULT_VECTOR_FIELD);
        let element = stored.map(|field| field.element);
        let element = element.filter(|element| element.suits(Metric::Cosine));
        VectorField::new(dimension, Metric::Cosine).element(element.unwrap_or_default())
    }

    /// The names of all declared fields, sorted.
    pub(crate) fn field_names(&self) -> Vec<&str> {
        let names = self.vectors.keys().chain(self.sparse.keys());
        let names = names.chain(self.texts.keys()).chain(self.fields.keys());
        let mut names: Vec<&str> = names.map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.vectors.contains_key(name)
            || self.sparse.contains_key(name)
            || self.texts.contains_key(name)
            || self.fields.contains_key(self.declared(name).as_ref())
    }

    /// The spelling in which a metadata field is declared: as it is given, which is how earlier builds kept
    /// it, or as columns spell it.
    fn declared<'a>(&self, name: &'a str) -> Cow<'a, str> {
        match self.fields.contains_key(name) {
            true => Cow::Borrowed(name),
            false => Cow::Owned(metadata_path(name)),
        }
    }

    /// Drops the fields of a name: rows up to the commit `at` have lost them.
    pub(crate) fn drop_field(&mut self, name: &str, at: Seqno) {
        fn drop<T>(
            from: &mut BTreeMap<String, T>,
            to: &mut BTreeMap<String, Was<T>>,
            name: &str,
            at: Seqno,
        ) -> bool {
            let was = from.remove(name).map(|was| Was { was, at });
            let found = was.is_some();
            to.extend(was.map(|was| (name.to_string(), was)));
            found
        }
        let declared = self.declared(name).into_owned();
        let dropped = &mut self.dropped;
        if drop(&mut self.vectors, &mut dropped.vectors, name, at) && name == DEFAULT_VECTOR_FIELD {
            self.model = None;
        }
        drop(&mut self.texts, &mut dropped.texts, name, at);
        drop(&mut self.fields, &mut dropped.fields, &declared, at);
        drop(&mut self.sparse, &mut dropped.sparse, name, at);
    }

    /// The analyzer of each text field.
    pub(crate) fn analyzers(&self) -> Analyzers {
        analyzers(&self.texts)
    }

    /// What a build must know to read documents of this schema; see [`crate::manifest`].
    pub(crate) fn features(&self) -> u32 {
        let mut features = 0;
        if self.vectors.values().any(VectorField::is_of_later_builds) {
            features |= ELEMENTS;
        }
        if !self.sparse.is_empty() || self.vectors.values().any(|field| field.multi) {
            features |= SEVERAL_VECTORS;
        }
        if !self.dropped.is_empty() {
            features |= DROPPED_FIELDS;
        }
        let is_default = |text: &String| {
            text == DEFAULT_ANALYZER || Analyzer::named(text).is_ok_and(|it| it.is_default())
        };
        if !self.texts.values().all(is_default) {
            features |= ANALYZERS;
        }
        features
    }

    /// What a schema read from a file must keep to.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, field) in &self.vectors {
            if let Some((argument, detail)) = field.fault() {
                return Err(format!("{argument} of vector field \"{name}\" {detail}"));
            }
        }
        for (name, analyzer) in &self.texts {
            Analyzer::named(analyzer)
                .map_err(|error| format!("analyzer of text field \"{name}\": {error}"))?;
        }
        Ok(())
    }

    /// Records the embedding model of the default vector field.
    #[must_use]
    pub fn model(mut self, name: &str) -> Self {
        self.model = Some(name.to_string());
        self
    }
}

/// Whether two descriptions are of the same analyzer: earlier builds may have written one differently.
pub(crate) fn is_same_analyzer(a: &str, b: &str) -> bool {
    let read = |description| Analyzer::named(description).ok();
    a == b || read(a).is_some_and(|a| read(b) == Some(a))
}

/// The analyzers of text fields, given as descriptions that were checked before.
pub(crate) fn analyzers(texts: &BTreeMap<String, String>) -> Analyzers {
    let texts = texts
        .iter()
        .filter(|(_, analyzer)| *analyzer != DEFAULT_ANALYZER);
    texts.fold(Analyzers::default(), |all, (name, analyzer)| {
        all.with(name, Analyzer::named(analyzer).unwrap_or_default())
    })
}
