//! What is like a document that is stored: by whatever kind of vector it has, and with words beside it.
#![allow(clippy::unwrap_used, missing_docs)]

use lumos_engine::{
    Collection, Doc, Lumos, Metric, MultiVector, Schema, Search, SparseVector, Strategy,
    VectorField, like, recommend,
};

fn docs() -> Collection {
    let db = Lumos::memory().unwrap();
    let tokens = VectorField::new(2, Metric::Dot).multi();
    let schema = Schema::new()
        .vector_field("vector", 2, Metric::Cosine)
        .vector_with("tokens", tokens)
        .sparse_field("terms");
    let docs = db.collection_with("docs", schema).unwrap();
    for n in 0..8u32 {
        let at = n as f32 / 10.0;
        let several = MultiVector::new([[at, 1.0], [1.0, at]]).unwrap();
        let doc = Doc::new(format!("k{n}"))
            .vector([1.0, at])
            .multi("tokens", several)
            .sparse("terms", SparseVector::new([(n / 2, 1.0), (9, at)]).unwrap())
            .text(if n == 7 { "snow storm" } else { "rain" });
        docs.put(doc).unwrap();
    }
    docs
}

fn keys(search: Search) -> Vec<String> {
    let found = search.keys().unwrap();
    found.into_iter().map(|found| found.key).collect()
}

/// A step that follows does not take the words away.
#[test]
fn words_beside_a_document_count_whatever_follows() {
    let docs = docs();
    let search = || docs.search(like("k0")).text("snow").hybrid().limit(3);
    let due = keys(search());
    assert!(due.contains(&"k7".to_string()), "{due:?}");
    let hits = search().run().unwrap();
    let nearest = hits
        .iter()
        .filter_map(|hit| hit.vector_rank)
        .map(|leg| leg.rank);
    assert_eq!(nearest.min(), Some(1), "without the document itself");
    assert_eq!(
        hits[0]
            .legs
            .iter()
            .find(|leg| leg.name == "text")
            .unwrap()
            .rank,
        1
    );
    assert_eq!(keys(search().score("score")), due);
    assert_eq!(keys(search().score_at_least(0.0)), due);
    let words = search().score("leg(text)").run().unwrap();
    assert_eq!(
        (words[0].key(), words[0].text_rank.unwrap().rank),
        ("k7", 1)
    );
    let groups = search().group_by("nothing", 1).run();
    assert!(groups.is_err() || groups.unwrap().is_empty());
    let missing = docs.search(like("k0")).hybrid().score("score").run();
    assert!(missing.unwrap_err().to_string().contains("query"));
}

#[test]
fn a_document_is_like_others_by_any_kind_of_vector() {
    let docs = docs();
    for field in ["vector", "tokens", "terms"] {
        let search = || docs.search(like("k2")).vector_field(field).limit(3);
        let due = keys(search());
        assert_eq!(due.len(), 3, "{field}");
        assert!(!due.contains(&"k2".to_string()));
        assert_eq!(keys(search().score("score")), due, "{field}");
    }
    let none = docs.search(like("nobody")).vector_field("tokens");
    assert!(none.score("score").run().is_err());
    assert!(docs.search(like("k2")).limit(0).keys().is_err());
    assert!(docs.search(like("k2")).limit(99_999).keys().is_err());
}

/// One of several vectors would be compared, and which one would depend on where the document lies.
#[test]
fn the_best_score_is_not_taken_where_a_document_has_several_vectors() {
    let docs = docs();
    let best = recommend([vec![1.0f32, 0.0]], [""; 0]).strategy(Strategy::BestScore);
    let error = docs.search(best).vector_field("tokens").run().unwrap_err();
    assert!(error.to_string().contains("several vectors"), "{error}");
}

/// The only field of sparse vectors need not be named, and was to be for a document that others shall be like.
#[test]
fn the_only_field_need_not_be_named() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    for (key, id) in [("a", 1), ("b", 2), ("c", 1)] {
        let sparse = SparseVector::new([(id, 1.0)]).unwrap();
        docs.put(Doc::new(key).sparse("terms", sparse)).unwrap();
    }
    assert_eq!(keys(docs.search(like("a"))), ["c"]);
    assert_eq!(keys(docs.search(like("a")).score_at_least(0.5)), ["c"]);
}
