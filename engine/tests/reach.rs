//! What legs may find, how far they look for it, and what is told of it: words that demand and forbid, thresholds,
//! facets, filters, explanations.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;

use lumos_engine::{
    Doc, Facet, Hit, Leg, Lumos, Metric, MultiVector, Schema, Search, SparseVector, VectorField,
    field, like,
};

/// What is better than a leg takes stood in the way of what it takes.
#[test]
fn thresholds_of_a_leg_let_it_look_further() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    for n in 0..60_u32 {
        let at = if n < 10 {
            n as f32 / 100.0
        } else {
            1.0 + n as f32
        };
        docs.put(Doc::new(format!("k{n}")).vector([1.0, at]))
            .unwrap();
    }
    let query = [1.0, 0.0];
    let leg = || Leg::vector(query).at_most(0.9);
    let keys = |search: Search| -> Vec<String> {
        let found = search.limit(10).keys().unwrap();
        found.into_iter().map(|found| found.key).collect()
    };
    let expected = keys(docs.search(query).score_at_most(0.9));
    assert_eq!(expected.len(), 10);
    assert_eq!(keys(docs.search_legs([leg()])), expected);
    let prefetched = Leg::prefetch([leg()]);
    assert_eq!(keys(docs.search_legs([prefetched])), expected);
    // A leg that says how many it brings has brought them.
    assert!(keys(docs.search_legs([leg().depth(10)])).is_empty());
}

/// A word that was taken away made those that are only wanted necessary, and alone left no hit of any leg.
#[test]
fn words_that_are_forbidden_demand_nothing_else() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    for (key, text, vector) in [
        ("a", "turn a password", [1.0, 0.0]),
        ("b", "rotate keys", [0.0, 1.0]),
        ("c", "a draft about keys", [1.0, 0.1]),
        ("d", "the draft", [1.0, 0.2]),
    ] {
        docs.put(Doc::new(key).text(text).vector(vector)).unwrap();
    }
    let query = [1.0, 0.0];
    let of = |text: &str| {
        let plain = docs.search(text).vector(query).hybrid().run().unwrap();
        let legs = [Leg::vector(query), Leg::text(text)];
        let legs = docs.search_legs(legs).run().unwrap();
        let below = Leg::prefetch([Leg::vector(query), Leg::text(text)]);
        let below = docs.search_legs([below]).run().unwrap();
        let keys = |hits: &[Hit]| -> BTreeSet<String> {
            hits.iter().map(|hit| hit.key().to_string()).collect()
        };
        assert_eq!(keys(&plain), keys(&legs), "{text}");
        assert_eq!(keys(&plain), keys(&below), "{text}");
        keys(&plain).into_iter().collect::<Vec<_>>().join("")
    };
    assert_eq!(of("rotate keys"), "abcd");
    assert_eq!(of("rotate keys -draft"), "ab");
    assert_eq!(of("-draft"), "ab");
    assert_eq!(of("+keys rotate"), "bc");
    assert_eq!(of("+keys -draft rotate"), "b");
    // What begins as a stop word does cannot be checked, and is not demanded.
    let stop = Schema::new().text_with("text", "default stop(en)");
    let stopped = docs.database().collection_with("stopped", stop).unwrap();
    for (key, text) in [("a", "state of the art"), ("b", "keys"), ("c", "theory")] {
        stopped
            .put(Doc::new(key).text(text).vector([1.0, 0.0]))
            .unwrap();
    }
    for (text, found) in [
        ("+the* keys", 3),
        ("+the* -keys", 2),
        ("+the*", 3),
        ("keys -the*", 2),
    ] {
        let hits = stopped.search(text).vector(query).hybrid().run().unwrap();
        assert_eq!(hits.len(), found, "{text}");
        let legs = stopped.search_legs([Leg::vector(query), Leg::text(text)]);
        assert_eq!(legs.run().unwrap().len(), found, "{text}");
    }
    let typed = stopped.search("state of the").keywords().as_you_type();
    assert_eq!(typed.score_at_least(0.0).run().unwrap()[0].key(), "a");
    // What is demanded is looked for, not what is near taken out: however few the hits may be.
    let one = docs.search("-draft").vector(query).hybrid().limit(1).run();
    assert_eq!(one.unwrap()[0].key(), "a");
}

/// Facets were over every document where a leg found only some.
#[test]
fn facets_are_over_what_a_leg_finds() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    for (key, text, id) in [("a", "snow", 1), ("b", "rain", 2), ("c", "snow draft", 1)] {
        let sparse = SparseVector::new([(id, 1.0)]).unwrap();
        let doc = Doc::new(key).text(text).sparse("terms", sparse);
        docs.put(doc.vector([1.0, 0.5]).field("lang", "en"))
            .unwrap();
    }
    let matches = |search: Search| {
        let found = search.facet(Facet::terms("lang")).faceted().unwrap();
        (found.hits.len() as u64, found.matches)
    };
    let sparse = || SparseVector::new([(1, 1.0)]).unwrap();
    assert_eq!(matches(docs.search_legs([Leg::text("snow")])), (2, 2));
    assert_eq!(matches(docs.search(sparse())), (2, 2));
    assert_eq!(matches(docs.search_legs([Leg::sparse(sparse())])), (2, 2));
    let own = Leg::text("snow").filter("text MATCH 'draft'");
    assert_eq!(matches(docs.search_legs([own])), (1, 1));
    let vector = || Leg::vector([1.0, 0.0]);
    assert_eq!(matches(docs.search_legs([vector()])), (3, 3));
    assert_eq!(
        matches(docs.search_legs([vector(), Leg::text("rain -draft")])),
        (2, 2)
    );
    assert_eq!(
        matches(docs.search("+snow").vector([1.0, 0.0]).hybrid()),
        (2, 2)
    );
    let below = Leg::prefetch([vector(), Leg::text("rain -draft")]);
    assert_eq!(matches(docs.search_legs([below])), (2, 2));
    assert_eq!(
        matches(docs.search_legs([Leg::prefetch([Leg::text("snow")])])),
        (2, 2)
    );
    // A document that others shall be like is none of them.
    assert_eq!(
        matches(docs.search(like("a")).vector_field("terms")),
        (1, 1)
    );
    assert_eq!(matches(docs.search_legs([Leg::like("a")])), (2, 2));
}

/// Hits by sparse vectors, or by several, were told apart by the vectors of another field.
#[test]
fn hits_are_diversified_by_the_vectors_that_are_searched() {
    let several = VectorField::new(2, Metric::Dot).multi();
    let schema = Schema::new()
        .vector_field("vector", 2, Metric::Cosine)
        .vector_with("tokens", several)
        .sparse_field("terms");
    let docs = Lumos::memory()
        .unwrap()
        .collection_with("docs", schema)
        .unwrap();
    // By `vector` all are alike; by the others the first two are.
    for (key, id, weight, token) in [
        ("a", 1, 1.0, [1.0, 0.0]),
        ("b", 1, 0.99, [1.0, 0.0]),
        ("c", 2, 0.5, [0.0, 1.0]),
    ] {
        let doc = Doc::new(key)
            .vector([1.0, 0.0])
            .sparse(
                "terms",
                SparseVector::new([(9, weight), (id, 3.0)]).unwrap(),
            )
            .multi("tokens", MultiVector::new([token]).unwrap());
        docs.put(doc).unwrap();
    }
    let first = |search: Search| -> Vec<String> {
        let hits = search.diversify(0.4).limit(2).keys().unwrap();
        hits.into_iter().map(|found| found.key).collect()
    };
    assert_eq!(
        first(docs.search(SparseVector::new([(9, 1.0)]).unwrap())),
        ["a", "c"]
    );
    let tokens = MultiVector::new([[1.0, 0.1]]).unwrap();
    assert_eq!(
        first(docs.search(tokens).vector_field("tokens")),
        ["a", "c"]
    );
}

/// A search by a sparse vector called its leg that of a vector, and no formula could name it so.
#[test]
fn legs_are_called_what_they_are() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    let sparse = || SparseVector::new([(1, 1.0)]).unwrap();
    docs.put(Doc::new("a").sparse("terms", sparse())).unwrap();
    let hits = docs.search(sparse()).run().unwrap();
    assert_eq!(hits[0].legs[0].name, "sparse");
    let scored = docs
        .search(sparse())
        .score("leg(sparse) * 2")
        .run()
        .unwrap();
    assert_eq!(scored[0].score, 2.0);
    let explained = docs.search(sparse()).explain().unwrap();
    assert_eq!(explained.legs[0].leg, "sparse");
}

/// All within a score are asked for in rounds: each was told as a segment of its own.
#[test]
fn segments_are_explained_once() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    for n in 0..300_u32 {
        docs.put(Doc::new(format!("k{n}")).vector([1.0, n as f32 / 1e3]))
            .unwrap();
    }
    for search in [
        docs.search([1.0, 0.0]).within(0.5),
        docs.search([1.0, 0.0]).score_at_most(0.96),
    ] {
        let explained = search.explain().unwrap();
        assert_eq!(explained.segments.len(), 1);
        assert!(explained.segments[0].distances > 300, "all rounds count");
    }
}

/// Filters of a search and of its legs were one filter, too long where each by itself was not.
#[test]
fn filters_of_legs_have_limits_of_their_own() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    for n in 0..3 {
        docs.put(
            Doc::new(format!("k{n}"))
                .text("snow")
                .field("n", n)
                .field("m", n),
        )
        .unwrap();
    }
    let listed = |name: &str, from: i64| field(name).is_in(from..from + 16_000);
    let leg = Leg::text("snow").filter(listed("m", 1));
    let outer = Leg::prefetch([leg]).filter(listed("m", 0));
    let search = docs.search_legs([outer]).filter(listed("n", -15_998));
    let keys: Vec<String> = search
        .keys()
        .unwrap()
        .into_iter()
        .map(|found| found.key)
        .collect();
    assert_eq!(keys, ["k1"]);
}

/// A band of scores that few hits are in was looked for to the end, though what is behind it was seen.
#[test]
fn a_leg_looks_no_further_than_its_threshold() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    for n in 0..2_000_u32 {
        docs.put(Doc::new(format!("k{n}")).vector([1.0, n as f32 / 100.0]))
            .unwrap();
    }
    let leg = Leg::vector([1.0, 0.0]).at_most(0.9999).at_least(0.9995);
    let explained = docs.search_legs([leg]).limit(10).explain().unwrap();
    assert_eq!((explained.hits.len(), explained.legs[0].depth), (2, 10));
    // What another leg brings says nothing of how far this one has come.
    docs.put(Doc::new("far").text("snow").vector([0.0, 1.0]))
        .unwrap();
    let leg = Leg::vector([1.0, 0.0]).at_most(0.2).at_least(0.15);
    let both = docs.search_legs([leg, Leg::text("snow").weight(0.0)]);
    assert_eq!(both.limit(10).run().unwrap().len(), 10);
}

/// A leg by keyword says what its fields are worth.
#[test]
fn text_fields_of_a_leg_are_boosted() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    let doc =
        |key: &str, title: &str, text: &str| Doc::new(key).with_text("title", title).text(text);
    docs.put(doc("title", "wal", "page")).unwrap();
    docs.put(doc("text", "page", "wal")).unwrap();
    for (title, text, first) in [(3.0, 1.0, "title"), (1.0, 3.0, "text")] {
        let leg = Leg::text("wal").boost("title", title).boost("text", text);
        let hits = docs.search_legs([leg]).run().unwrap();
        assert_eq!((hits.len(), hits[0].key()), (2, first));
        assert!((hits[0].score / hits[1].score - 3.0).abs() < 1e-4);
    }
    let one = docs
        .search_legs([Leg::text("wal").field("title").boost("title", 0.5)])
        .run()
        .unwrap();
    let whole = docs.search("wal").text_field("title").run().unwrap();
    assert_eq!((one.len(), one[0].score), (1, whole[0].score * 0.5));
}
