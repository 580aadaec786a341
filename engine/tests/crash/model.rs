//! What the database should hold.

use std::collections::BTreeMap;

use lumos_engine::{Doc, Lumos, MultiVector, Scan, SearchRequest, SparseVector, Store};

pub(crate) const COLLECTIONS: [&str; 2] = ["notes", "people"];
pub(crate) const WORDS: [&str; 8] = [
    "apple", "birch", "cedar", "dune", "ember", "frost", "grove", "heath",
];
pub(crate) const SPACE: &str = "state";

/// A repeatable source of choices (splitmix64, Steele et al. 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}

/// Documents by collection and key, and values by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    pub(crate) docs: BTreeMap<(String, String), Doc>,
    pub(crate) values: BTreeMap<String, Vec<u8>>,
}

impl Model {
    /// Everything a database holds.
    pub(crate) fn read(db: &Lumos) -> Model {
        let mut model = Model::default();
        for collection in db.collections() {
            for doc in Store::scan(db, &collection, &Scan::all().vectors(true)).unwrap() {
                model
                    .docs
                    .insert((collection.clone(), doc.key.clone()), doc);
            }
        }
        model.values = db
            .kv_scan(SPACE, &Scan::all())
            .unwrap()
            .into_iter()
            .collect();
        model
    }

    /// Compares what every leg of search finds with what the documents say.
    pub(crate) fn check_search(&self, db: &Lumos, story: &str) {
        for collection in db.collections() {
            let docs: Vec<&Doc> = self
                .docs
                .iter()
                .filter(|((c, _), _)| *c == collection)
                .map(|(_, doc)| doc)
                .collect();
            assert_eq!(
                db.count(&collection).unwrap(),
                docs.len() as u64,
                "{story}: count"
            );
            for word in &WORDS[..2] {
                let mut found = keys(db, &collection, SearchRequest::text(*word).limit(1_000));
                found.sort();
                let has = |doc: &&&Doc| doc.text_field("text").unwrap_or("").contains(word);
                let expected: Vec<String> =
                    docs.iter().filter(has).map(|doc| doc.key.clone()).collect();
                assert_eq!(found, expected, "{story}: keyword {word} in {collection}");
            }
            let terms = SparseVector::new([(1, 1.0), (2, 1.0)]).unwrap();
            let mut found = keys(
                db,
                &collection,
                SearchRequest::sparse(terms.clone()).limit(1_000),
            );
            found.sort();
            let has = |doc: &&&Doc| {
                doc.sparse_field("terms")
                    .is_some_and(|t| t.dot(&terms) > 0.0)
            };
            let expected: Vec<String> =
                docs.iter().filter(has).map(|doc| doc.key.clone()).collect();
            assert_eq!(found, expected, "{story}: sparse vectors in {collection}");
            let tokens = MultiVector::new([[1.0, 0.0]]).unwrap();
            let mut found = keys(db, &collection, SearchRequest::multi(tokens).limit(1_000));
            found.sort();
            let has = |doc: &&&Doc| doc.multi_field("tokens").is_some();
            let expected: Vec<String> =
                docs.iter().filter(has).map(|doc| doc.key.clone()).collect();
            assert_eq!(found, expected, "{story}: several vectors in {collection}");
            let with_year = docs.iter().any(|doc| doc.meta.contains_key("year"));
            let schema = Store::schema(db, &collection).unwrap().unwrap_or_default();
            // Without a default vector field, one that has others is told which.
            let by_vector = schema.vectors.is_empty() || schema.vectors.contains_key("vector");
            if with_year && by_vector {
                let request = SearchRequest::vector([1.0, 0.5]).limit(1_000);
                let mut found = keys(db, &collection, request.filter("year >= 2010").unwrap());
                found.sort();
                let has = |doc: &&&Doc| {
                    doc.meta
                        .get("year")
                        .and_then(|year| year.as_i64())
                        .is_some_and(|y| y >= 2010)
                        && doc.vector_field("vector").is_some()
                };
                let expected: Vec<String> =
                    docs.iter().filter(has).map(|doc| doc.key.clone()).collect();
                assert_eq!(found, expected, "{story}: filter in {collection}");
            }
        }
    }
}

fn keys(db: &Lumos, collection: &str, request: SearchRequest) -> Vec<String> {
    let hits = Store::search(db, collection, &request).unwrap();
    hits.into_iter().map(|hit| hit.doc.key).collect()
}
