//! Sparse vectors and several vectors a document: what a search finds is what comparing every document
//! finds, through puts, deletes, seals, merges, loads and reopening, and nothing bad is taken.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use lumos_engine::{
    Collection, Doc, Element, Error, Leg, Lumos, Metric, MultiVector, Query, Schema, SparseVector,
    VectorField, like,
};
use lumos_wal::{OpenMode, SimVfs, Vfs};

#[path = "several/random.rs"]
mod random;

use random::Random;

/// Searches that are compared; `LUMOS_CASES` says how many.
fn cases() -> usize {
    let cases = std::env::var("LUMOS_CASES");
    cases.ok().and_then(|n| n.parse().ok()).unwrap_or(500)
}

fn schema() -> Schema {
    let tokens = VectorField::new(3, Metric::Dot).multi();
    Schema::new()
        .sparse_field("words")
        .vector_with("tokens", tokens)
}

fn maxsim(query: &MultiVector, doc: &MultiVector) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let best = |q: &[f32]| doc.iter().map(|d| dot(q, d)).fold(f32::MIN, f32::max);
    query.iter().map(best).sum()
}

/// The scores of a search, by key.
type Scores = BTreeMap<String, f32>;

/// Compares the hits of a query with the scores of all documents that may be found.
fn check(docs: &Collection, query: Query, filter: bool, limit: usize, scores: &Scores, at: &str) {
    let mut search = docs.search(query).limit(limit);
    if filter {
        search = search.filter("n >= 2");
    }
    let found = search.keys().unwrap();
    let mut expected: Vec<f32> = scores.values().copied().collect();
    expected.sort_by(|a, b| b.total_cmp(a));
    expected.truncate(limit);
    let told: Vec<f32> = found.iter().map(|found| found.score).collect();
    assert_eq!(told, expected, "{at}");
    for found in found {
        assert_eq!(
            Some(&found.score),
            scores.get(&found.key),
            "{at}: {}",
            found.key
        );
    }
}

fn compare(docs: &Collection, model: &BTreeMap<String, Doc>, random: &mut Random, at: &str) {
    let filter = random.below(2) == 0;
    let limit = 1 + random.below(30) as usize;
    let may_be_found = |doc: &&Doc| !filter || doc.meta["n"].as_u64() >= Some(2);
    // A filter on a field that no document has is an error.
    if model.is_empty() {
        return;
    }
    let query = random.sparse();
    let shares = |doc: &SparseVector| doc.iter().any(|(id, _)| query.weight(id) != 0.0);
    let scores = model.values().filter(may_be_found).filter_map(|doc| {
        let words = doc.sparse_field("words").filter(|words| shares(words))?;
        Some((doc.key.clone(), query.dot(words)))
    });
    check(docs, (&query).into(), filter, limit, &scores.collect(), at);
    let query = random.multi();
    let scores = model.values().filter(may_be_found).filter_map(|doc| {
        let score = maxsim(&query, doc.multi_field("tokens")?);
        Some((doc.key.clone(), score + 0.0))
    });
    check(docs, (&query).into(), filter, limit, &scores.collect(), at);
}

#[test]
fn searches_find_what_comparing_everything_finds() {
    let steps = 40;
    for life in 0..(cases() / steps).max(4) as u64 {
        let mut random = Random(life);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let open = |salt| {
            let options = Lumos::options().background(false).salt_seed(salt);
            options.open(&path).unwrap()
        };
        let mut db = open(0);
        let mut docs = db.collection_with("docs", schema()).unwrap();
        let mut model: BTreeMap<String, Doc> = BTreeMap::new();
        for step in 0..steps as u64 {
            let at = format!("life {life} step {step}");
            let key = format!("k{}", random.below(40));
            match random.below(12) {
                0 => db.flush().unwrap(),
                1 => db.compact().unwrap(),
                2 => {
                    drop(docs);
                    drop(db);
                    db = open(step);
                    docs = db.existing_collection("docs").unwrap();
                }
                3 => {
                    docs.delete(key.as_str()).unwrap();
                    model.remove(&key);
                }
                4 => {
                    let load: Vec<Doc> = (0..random.below(30))
                        .map(|n| random.doc(&format!("k{n}")))
                        .collect();
                    docs.ingest().run(load.clone()).unwrap();
                    model.extend(load.into_iter().map(|doc| (doc.key.clone(), doc)));
                }
                _ => {
                    for _ in 0..=random.below(6) {
                        let key = format!("k{}", random.below(40));
                        let doc = random.doc(&key);
                        docs.put(doc.clone()).unwrap();
                        model.insert(doc.key.clone(), doc);
                    }
                }
            }
            compare(&docs, &model, &mut random, &at);
            for (key, doc) in &model {
                assert_eq!(docs.get(key).unwrap().as_ref(), Some(doc), "{at}");
            }
        }
        let findings = db
            .doctor(&lumos_engine::Checkup::default())
            .unwrap()
            .findings;
        assert!(findings.is_empty(), "{findings:?}");

        // Copies hold the same.
        let mut lines = Vec::new();
        db.export(&mut lines).unwrap();
        let imported = Lumos::memory().unwrap();
        imported.import(&mut lines.as_slice()).unwrap();
        let copy = imported.existing_collection("docs").unwrap();
        assert_eq!(copy.schema().unwrap(), docs.schema().unwrap());
        compare(&copy, &model, &mut random, "imported");
        let backup = dir.path().join("backup");
        db.backup(&backup).unwrap();
        let restored = Lumos::open(&backup).unwrap();
        let copy = restored.existing_collection("docs").unwrap();
        compare(&copy, &model, &mut random, "backup");
        for (key, doc) in &model {
            assert_eq!(copy.get(key).unwrap().as_ref(), Some(doc));
        }
    }
}

#[test]
fn several_vectors_are_compared_by_cosine_whatever_they_are_kept_as() {
    for element in [Element::F32, Element::F16, Element::I8] {
        let field = VectorField::new(2, Metric::Cosine).element(element).multi();
        let db = Lumos::memory().unwrap();
        let docs = db
            .collection_with("docs", Schema::new().vector_with("tokens", field))
            .unwrap();
        let tokens = |rows: &[[f32; 2]]| MultiVector::new(rows).unwrap();
        docs.put(Doc::new("both").multi("tokens", tokens(&[[3.0, 0.0], [0.0, 5.0]])))
            .unwrap();
        docs.put(Doc::new("one").multi("tokens", tokens(&[[1.0, 0.0]])))
            .unwrap();
        for sealed in [false, true] {
            if sealed {
                db.compact().unwrap();
            }
            let query = tokens(&[[2.0, 0.0], [0.0, 0.1]]);
            let hits = docs.search(&query).run().unwrap();
            let keys: Vec<&str> = hits.iter().map(|hit| hit.key()).collect();
            assert_eq!(keys, ["both", "one"], "{element}");
            assert!((hits[0].score - 2.0).abs() < 0.02, "{}", hits[0].score);
            assert!((hits[1].score - 1.0).abs() < 0.02, "{}", hits[1].score);
            assert_eq!(docs.search(&query).within(1.5).run().unwrap().len(), 1);
            // One vector is a query of one.
            let one = docs
                .search([0.0, 1.0])
                .vector_field("tokens")
                .run()
                .unwrap();
            assert_eq!((one[0].key(), one.len()), ("both", 2));
            let like = docs.search(like("both")).vector_field("tokens").run();
            assert_eq!(like.unwrap()[0].key(), "one");
            let explained = docs.search(&query).explain().unwrap();
            assert_eq!(explained.distances(), 2, "documents that were scored");
        }
    }
}

#[test]
fn what_cannot_be_stored_or_searched_is_refused() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection_with("docs", schema()).unwrap();
    let words = SparseVector::new([(1, 1.0)]).unwrap();
    // Nothing is there yet.
    assert!(docs.search(&words).run().unwrap().is_empty());
    let tokens = MultiVector::new([[1.0, 0.0, 0.0]]).unwrap();
    let flat = MultiVector::new([[1.0, 0.0]]).unwrap();
    let nan = MultiVector::new([[1.0, f32::NAN, 0.0]]).unwrap();
    let code = |outcome: Result<u64, Error>| outcome.unwrap_err().code();
    let put = |doc: Doc| docs.put(doc);
    assert_eq!(
        code(put(Doc::new("a").multi("tokens", flat.clone()))),
        "E2001"
    );
    assert_eq!(
        code(put(Doc::new("a").multi("tokens", nan.clone()))),
        "E2003"
    );
    assert_eq!(
        code(put(Doc::new("a").with_vector("tokens", [1.0, 0.0, 0.0]))),
        "E2007"
    );
    assert_eq!(code(put(Doc::new("a").sparse("", words.clone()))), "E2007");
    put(Doc::new("a").vector([1.0, 0.0])).unwrap();
    assert_eq!(
        code(put(Doc::new("b").multi("vector", flat.clone()))),
        "E2007"
    );
    let twice = Doc::new("b").multi("tokens", tokens.clone());
    let twice = twice.with_vector("tokens", [1.0, 0.0, 0.0]);
    assert_eq!(code(put(twice)), "E2007");
    assert_eq!(docs.count().unwrap(), 1);

    let refused = |search: lumos_engine::Search| search.run().unwrap_err();
    assert_eq!(refused(docs.search(&flat)).code(), "E2001");
    assert_eq!(refused(docs.search(&nan)).code(), "E2003");
    assert_eq!(
        refused(docs.search(&words).hybrid().text("x")).code(),
        "E2007"
    );
    assert_eq!(refused(docs.search(&words).text("x")).code(), "E2007");
    assert_eq!(
        refused(docs.search(&tokens).vector([1.0, 0.0])).code(),
        "E2007"
    );
    assert_eq!(
        refused(docs.search(&words).within(f32::NAN)).code(),
        "E2007"
    );
    let error = refused(docs.search(&words).vector_field("tokens"));
    assert_eq!(
        error.to_string(),
        "vector_field \"tokens\" is no sparse field of collection \"docs\"; it has: words"
    );
    docs.alter(|s| s.add(Schema::new().sparse_field("more")))
        .unwrap();
    let error = refused(docs.search(&words));
    assert_eq!(
        error.to_string(),
        "vector_field is missing: there is more than one, more, words"
    );
    let error = db.collection_with("docs", Schema::new().vector_field("tokens", 3, Metric::Dot));
    assert_eq!(error.unwrap_err().code(), "E2005");
    let bits = VectorField::new(8, Metric::Hamming)
        .element(Element::Bits)
        .multi();
    let error = db.collection_with("bits", Schema::new().vector_with("v", bits));
    assert_eq!(
        error.unwrap_err().to_string(),
        "metric must be Cosine or Dot for several vectors, it is Hamming"
    );
}

/// As legs they are fused with others, rank what others found, and give every candidate its own score.
#[test]
fn legs_of_both_kinds_score_every_candidate() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection_with("docs", schema()).unwrap();
    let mut random = Random(9);
    let all: Vec<Doc> = (0..60).map(|n| random.doc(&format!("k{n}"))).collect();
    docs.put_all(all.clone()).unwrap();
    for sealed in [false, true] {
        if sealed {
            db.compact().unwrap();
        }
        let (words, tokens) = (random.sparse(), random.multi());
        let legs = [
            Leg::sparse(words.clone()).depth(5),
            Leg::multi(tokens.clone()).depth(5),
            Leg::text("words").depth(5),
        ];
        let hits = docs.search_legs(legs).limit(20).run().unwrap();
        assert!(hits.len() > 5, "{}", hits.len());
        for hit in &hits {
            let doc = all.iter().find(|doc| doc.key == hit.key()).unwrap();
            let of = |name: &str| {
                let leg = hit.legs.iter().find(|leg| leg.name == name);
                leg.map(|leg| leg.score)
            };
            let shares = |v: &&SparseVector| v.iter().any(|(id, _)| words.weight(id) != 0.0);
            let sparse = doc.sparse_field("words").filter(shares);
            assert_eq!(of("sparse"), sparse.map(|v| words.dot(v)));
            let multi = doc.multi_field("tokens").map(|d| maxsim(&tokens, d) + 0.0);
            assert_eq!(of("multi"), multi);
        }
        let ranked = Leg::prefetch([Leg::text("words").depth(40)]).then(Leg::multi(tokens.clone()));
        let hits = docs.search_legs([ranked]).limit(40).run().unwrap();
        let with_both = |doc: &&Doc| !doc.texts.is_empty() && !doc.multi.is_empty();
        assert_eq!(hits.len(), all.iter().filter(with_both).count());
        assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
        let least = docs
            .search(&tokens)
            .score_at_least(3.0)
            .limit(60)
            .run()
            .unwrap();
        let expected = docs.search(&tokens).within(3.0).limit(60).run().unwrap();
        let keys = |hits: &[lumos_engine::Hit]| -> Vec<String> {
            hits.iter().map(|hit| hit.key().to_string()).collect()
        };
        assert_eq!(keys(&least), keys(&expected));
    }
}

/// Fields of both kinds are dropped like others.
#[test]
fn dropped_fields_of_both_kinds_are_gone() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection_with("docs", schema()).unwrap();
    let words = SparseVector::new([(1, 1.0)]).unwrap();
    let tokens = MultiVector::new([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).unwrap();
    let doc = |key: &str| {
        let doc = Doc::new(key).sparse("words", words.clone());
        doc.multi("tokens", tokens.clone())
    };
    docs.put(doc("a")).unwrap();
    docs.alter(|s| s.drop_field("words").drop_field("tokens"))
        .unwrap();
    assert_eq!(docs.get("a").unwrap(), Some(Doc::new("a")));
    assert_eq!(docs.dropped_fields().unwrap(), ["tokens", "words"]);
    docs.alter(|s| s.add(schema())).unwrap();
    docs.put(doc("b")).unwrap();
    for _ in 0..2 {
        for query in [Query::from(&words), Query::from(&tokens)] {
            let found = docs.search(query).keys().unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].key, "b");
        }
        assert_eq!(docs.get("a").unwrap(), Some(Doc::new("a")));
        assert_eq!(docs.get("b").unwrap(), Some(doc("b")));
        db.compact().unwrap();
        assert!(docs.dropped_fields().unwrap().is_empty());
    }
}

/// The manifest says that a build must know such vectors before the log has the first of them, whether a
/// schema or a document brings it.
#[test]
fn a_build_that_does_not_know_them_is_kept_out() {
    const SEVERAL: u32 = 1 << 2;
    for declared in [false, true] {
        let disk = SimVfs::new(1);
        let open = |disk: &SimVfs, salt| {
            let options = Lumos::options().vfs(std::sync::Arc::new(disk.clone()));
            options.background(false).salt_seed(salt).open("db")
        };
        let db = open(&disk, 1).unwrap();
        let docs = db.collection("docs").unwrap();
        docs.put(("plain", "text")).unwrap();
        if declared {
            db.collection_with("docs", schema()).unwrap();
        }
        let words = SparseVector::new([(1, 1.0)]).unwrap();
        db.write(|tx| tx.put("docs", Doc::new("a").sparse("words", words.clone())))
            .unwrap();
        let mut seen = [0; 2];
        for crash in 0..=disk.operations() {
            let image = disk.crash_image(crash, crash);
            let mut header = [0; 16];
            if let Ok(file) = image.open(std::path::Path::new("db/MANIFEST"), OpenMode::Read) {
                file.read_full_at(&mut header, 0).unwrap();
            }
            let features = u32::from_le_bytes(header[12..16].try_into().unwrap());
            let Ok(db) = open(&image, 2) else { continue };
            let Ok(docs) = db.existing_collection("docs") else {
                continue;
            };
            let used = docs.schema().unwrap().sparse.contains_key("words");
            assert!(!used || features & SEVERAL != 0, "crash {crash}");
            seen[usize::from(used)] += 1;
        }
        assert!(seen.iter().all(|times| *times > 0), "{seen:?}");

        // A transaction that has read cannot write a manifest; it can once the field is declared.
        let fresh = open(&SimVfs::new(2), 1).unwrap();
        let late = |tx: &mut lumos_engine::Transaction<'_>| {
            tx.get("docs", "a")?;
            tx.put("docs", Doc::new("a").sparse("words", words.clone()))
        };
        assert_eq!(fresh.write(late).unwrap_err().code(), "E2007");
        fresh.collection_with("docs", schema()).unwrap();
        fresh.write(late).unwrap();
    }
}

/// With many documents the graph over all vectors brings candidates: most of the best are among them, with
/// their exact scores, whatever the filter is; `exact` brings all.
#[test]
fn a_graph_brings_most_of_the_best() {
    let db = Lumos::options().background(false);
    let dir = tempfile::tempdir().unwrap();
    let db = db.open(dir.path().join("db")).unwrap();
    let docs = db
        .collection_with(
            "docs",
            Schema::new().vector_with("tokens", VectorField::new(8, Metric::Cosine).multi()),
        )
        .unwrap();
    let mut random = Random(3);
    let mut tokens = |count: u64| {
        let row = |random: &mut Random| [0; 8].map(|_: u8| random.below(1_000) as f32 - 499.5);
        let rows: Vec<[f32; 8]> = (0..count).map(|_| row(&mut random)).collect();
        MultiVector::new(rows).unwrap()
    };
    let load: Vec<Doc> = (0..9_000)
        .map(|n| {
            let doc = Doc::new(format!("k{n}")).field("even", n % 2 == 0);
            let doc = doc.field("few", n % 6 == 0);
            doc.multi("tokens", tokens(1 + n % 3))
        })
        .collect();
    docs.ingest().run(load).unwrap();
    docs.delete("k77").unwrap();
    let (mut found, mut all) = (0, 0);
    for n in 0..30 {
        let query = tokens(4);
        let search = || {
            let search = docs.search(&query).limit(10);
            match n % 3 {
                0 => search.filter("even = true OR even = false"),
                _ => search,
            }
        };
        let near = search().explain().unwrap();
        assert_eq!(near.hits.len(), 10);
        assert!(near.segments[0].visited > 0, "{:?}", near.segments);
        let exact = search().exact().keys().unwrap();
        for hit in &near.hits {
            if let Some(same) = exact.iter().find(|other| other.key == hit.key()) {
                assert_eq!(same.score, hit.score);
                found += 1;
            }
        }
        all += exact.len();
    }
    assert!(found * 10 >= all * 9, "{found} of {all}");
    let few = docs
        .search(tokens(2))
        .filter("few = true")
        .explain()
        .unwrap();
    assert_eq!(few.segments[0].visited, 0, "few enough to compare all");
}
