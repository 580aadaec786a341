//! What follows the fusion: formulas, re-rankers, thresholds, difference, groups, and what is told of it all.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;

use crash::model::Random;
use lumos_engine::{
    Candidate, Doc, Error, Expr, Fusion, Hit, Leg, LexicalOverlap, Lumos, Mmr, Reranker, Result,
    SearchRequest, Stage, field, like,
};
use rows::{cases, plain, store, vector, words};
use serde_json::{Value, json};

/// Random formulas over random hybrid searches are what is computed from the hits and their documents.
#[test]
fn formulas_score_every_candidate() {
    let (_dir, _db, docs) = store(3);
    let mut random = Random::new(8);
    for _ in 0..cases().min(400) {
        let (a, b) = (
            random.below(9) as f32 / 4.0 - 1.0,
            random.below(9) as f32 / 4.0,
        );
        let (origin, scale) = (random.below(60) as f32, 1.0 + random.below(30) as f32);
        let text = format!(
            "{a} * score + {b} * leg(text) - exp_decay(row, {origin}, {scale}) + boost(color = 'graph', 2) + default(nothing, leg(vector))"
        );
        let search = docs
            .search(words(&mut random, 2))
            .vector(vector(&mut random))
            .hybrid();
        let candidates = search.clone().limit(60).run().unwrap();
        let scored = search.score(text.as_str()).limit(60).run().unwrap();
        let mut expected: BTreeMap<String, f64> = BTreeMap::new();
        for hit in &candidates {
            let leg = |name: &str| {
                let leg = hit.legs.iter().find(|leg| leg.name == name);
                leg.map_or(0.0, |leg| f64::from(leg.score))
            };
            let far = (hit.meta()["row"].as_f64().unwrap() - f64::from(origin)).abs();
            let boost = if hit.meta()["color"] == "graph" {
                2.0
            } else {
                0.0
            };
            let value = f64::from(a) * f64::from(hit.score) + f64::from(b) * leg("text")
                - 0.5_f64.powf(far / f64::from(scale))
                + boost
                + leg("vector");
            expected.insert(hit.doc.key.clone(), value);
        }
        assert_eq!(scored.len(), expected.len());
        assert!(scored.is_sorted_by(|a, b| a.score >= b.score));
        for hit in &scored {
            assert!(
                (f64::from(hit.score) - expected[hit.key()]).abs() < 1e-4,
                "{text}"
            );
        }
        let few = docs
            .search_legs([Leg::vector(vector(&mut random))])
            .score("0 - row")
            .limit(3)
            .run();
        // The candidates are more than the hits: the best of the formula are found.
        assert!(few.unwrap()[0].meta()["row"].as_u64().unwrap() < 10);
    }
}

#[test]
fn dates_booleans_lists_and_places_are_numbers() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    let year = 365.0 * 86_400.0;
    let meta = json!({"at": "1971-01-01", "on": true, "many": [7, 3, 5], "place": {"lat": 48.2, "lon": 16.4}, "word": "x"});
    docs.put(Doc::new("a").text("snow").meta(meta)).unwrap();
    let score = |formula: &str| {
        docs.search("snow")
            .score(formula)
            .run()
            .map(|hits| hits[0].score)
    };
    assert_eq!(score("at").unwrap(), year);
    assert_eq!(score("on + many").unwrap(), 4.0);
    assert_eq!(score("geo_km(place, 48.2, 16.4)").unwrap(), 0.0);
    assert!(score("now() - at").unwrap() > 50.0 * year);
    assert!(score("exp_decay(at, now(), 30d)").unwrap() < 1e-6);
    for (formula, says) in [
        (
            "word",
            "score of document \"a\": a number in field \"word\" is missing",
        ),
        ("none", "\"none\" is missing"),
        ("1 / (on - 1)", "score of document \"a\": division by zero"),
        ("exp(at)", "too large"),
    ] {
        let error = score(formula).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.code(), "E2107");
        assert!(
            matches!(&error, Error::Score { key, input, .. } if key == "a" && input == formula)
        );
    }
    let error = score("leg(vector)").unwrap_err();
    assert_eq!(
        (error.code(), error.hint().unwrap().as_str()),
        ("E2106", "the legs are: text")
    );
    assert_eq!(score("1 +").unwrap_err().code(), "E2106");
    assert_eq!(score("boost(wrod = 'x', 1)").unwrap_err().code(), "E2104");
    let built = docs
        .search("snow")
        .score(Expr::field("on") * 2)
        .run()
        .unwrap();
    assert_eq!(built[0].score, 2.0);
}

/// Hits are chosen as the definition of maximal marginal relevance says.
#[test]
fn diversified_hits_are_those_of_a_naive_reader() {
    let (_dir, _db, docs) = store(4);
    let mut random = Random::new(21);
    for _ in 0..cases().min(200) {
        let (query, lambda) = (vector(&mut random), random.below(11) as f32 / 10.0);
        let limit = 1 + random.below(12) as usize;
        let search = docs.search(&query).exact();
        let found = search.clone().diversify(lambda).limit(limit).run().unwrap();
        let all = search.limit(60).with_vectors().run().unwrap();
        let (most, least) = (all[0].score, all[all.len() - 1].score);
        let relevance = |hit: &Hit| (hit.score - least) / (most - least);
        let cosine = |a: &Hit, b: &Hit| -> f32 {
            let vectors = [a, b].map(|hit| hit.doc.vector_field("vector").unwrap());
            vectors[0].iter().zip(vectors[1]).map(|(a, b)| a * b).sum()
        };
        let mut open: Vec<&Hit> = all.iter().collect();
        let mut chosen: Vec<&Hit> = Vec::new();
        for hit in &found {
            let worth = |of: &Hit| {
                let like = chosen
                    .iter()
                    .map(|other| cosine(of, other))
                    .fold(0.0, f32::max);
                lambda * relevance(of) - (1.0 - lambda) * like
            };
            let best = open.iter().map(|of| worth(of)).fold(f32::MIN, f32::max);
            let at = open.iter().position(|of| of.key() == hit.key()).unwrap();
            // Up to rounding, no other was better.
            assert!(worth(open[at]) > best - 1e-5, "lambda {lambda}");
            assert_eq!(hit.score, open[at].score);
            chosen.push(open.remove(at));
        }
        assert_eq!(found.len(), limit.min(all.len()));
    }
    let by_word = docs.search("wal").diversify(0.3).limit(5).run().unwrap();
    assert_eq!(by_word.len(), 5);
    let refused = |search: lumos_engine::Search, says: &str| {
        let error = search.run().unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    };
    refused(docs.search("wal").diversify(1.5), "0 to 1");
    refused(
        docs.search("wal").diversify(0.5).limit(1_025),
        "at most 1024",
    );
    let plain = Lumos::memory().unwrap().collection("docs").unwrap();
    plain.put(("a", "wal")).unwrap();
    refused(plain.search("wal").diversify(0.5), "compares vectors");
}

/// Groups are those of a naive reader of the whole ranking, however deep they lie.
#[test]
fn groups_are_full_or_the_candidates_end() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    let mut random = Random::new(2);
    let batch: Vec<Doc> = (0..3_000)
        .map(|row| {
            let near = 1.0 - row as f32 / 3_000.0;
            // The small groups lie far behind the large one.
            let value = match row {
                0..2_600 => json!("big"),
                2_600..2_700 => Value::Null,
                _ => json!([random.below(8), "late"]),
            };
            let doc = Doc::new(format!("k{row:04}")).vector([near, 1.0 - near]);
            if value.is_null() {
                doc
            } else {
                doc.field("source", value)
            }
        })
        .collect();
    docs.put_all(batch).unwrap();
    for (limit, size) in [(1, 3), (3, 2), (5, 4), (20, 500), (10, 1)] {
        let search = docs.search([1.0, 0.0]).exact();
        let groups = search
            .clone()
            .limit(limit)
            .group_by("source", size)
            .run()
            .unwrap();
        let mut expected: Vec<(Value, Vec<String>)> = Vec::new();
        for hit in search.limit(16_384).run().unwrap() {
            let values = match hit.meta().get("source") {
                None => Vec::new(),
                Some(Value::Array(values)) => values.clone(),
                Some(value) => vec![value.clone()],
            };
            for value in values {
                let full = expected.len() == limit;
                match expected.iter_mut().find(|group| group.0 == value) {
                    Some(group) if group.1.len() < size => group.1.push(hit.doc.key.clone()),
                    Some(_) => {}
                    None if !full => expected.push((value, vec![hit.doc.key.clone()])),
                    None => {}
                }
            }
        }
        let found: Vec<(Value, Vec<String>)> = groups
            .iter()
            .map(|group| {
                (
                    group.value.clone(),
                    group.hits.iter().map(|hit| hit.doc.key.clone()).collect(),
                )
            })
            .collect();
        assert_eq!(found, expected, "{limit} groups of {size}");
    }
    let like = docs
        .search(like("k0000"))
        .limit(1)
        .group_by("source", 2)
        .run()
        .unwrap();
    assert_eq!(like[0].hits[0].key(), "k0001");
    for (limit, size, says) in [(1, 0, "groups of 0"), (1_000, 17, "1000 groups of 17")] {
        let error = docs
            .search([1.0, 0.0])
            .limit(limit)
            .group_by("source", size)
            .run()
            .unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    let error = docs
        .search([1.0, 0.0])
        .diversify(0.5)
        .group_by("source", 1)
        .run()
        .unwrap_err();
    assert!(error.to_string().contains("combined"), "{error}");
}

/// Gives what it was told to give.
#[derive(Debug)]
struct Fixed(Vec<f32>);

impl Reranker for Fixed {
    fn name(&self) -> &str {
        "fixed"
    }

    fn rerank(&self, query: &str, candidates: &[Candidate]) -> Result<Vec<f32>> {
        assert_eq!(query, "wal");
        assert!(candidates.is_sorted_by(|a, b| a.score >= b.score));
        Ok(self.0.clone())
    }
}

#[test]
fn a_reranker_orders_the_best_candidates_and_is_checked() {
    let (_dir, _db, docs) = store(6);
    let first = docs.search("wal").limit(4).run().unwrap();
    let search = || docs.search("wal").limit(2);
    let hits = search()
        .rerank(Arc::new(Fixed(vec![0.1, 0.3, 0.3, 0.2])), 4)
        .run()
        .unwrap();
    let keys: Vec<&str> = hits.iter().map(Hit::key).collect();
    assert_eq!(keys, [first[1].key(), first[2].key()]);
    assert_eq!(
        (hits[0].score, hits[0].text_rank),
        (0.3, first[1].text_rank)
    );
    let within = search()
        .rerank(Arc::new(Fixed(vec![0.1, 0.3, 0.3, 0.2])), 4)
        .score_at_most(0.2);
    assert_eq!(within.run().unwrap()[0].key(), first[3].key());
    for (scores, says) in [
        (vec![0.1], "it gave 1 scores for 4 documents"),
        (vec![0.1, f32::NAN, 0.2, 0.3], "it scored"),
        (vec![0.1, f32::INFINITY, 0.2, 0.3], "inf"),
    ] {
        let error = search()
            .rerank(Arc::new(Fixed(scores)), 4)
            .run()
            .unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.code(), "E3017");
    }
    for depth in [1, 1_025] {
        let error = search()
            .rerank(Arc::new(LexicalOverlap), depth)
            .run()
            .unwrap_err();
        assert!(error.to_string().contains("depth"), "{error}");
    }
    // Documents with more of the words come first.
    let legs = [Leg::vector([0.5; 6]), Leg::text("wal graph lock")];
    let hits = docs
        .search_legs(legs)
        .rerank(Arc::new(LexicalOverlap), 50)
        .limit(50)
        .run()
        .unwrap();
    for hit in &hits {
        let there = ["wal", "graph", "lock"]
            .iter()
            .filter(|word| hit.text().contains(*word))
            .count();
        assert!((hit.score - there as f32 / 3.0).abs() < 1e-6);
    }
    // The same choice by both doors, where the scores are the same.
    let query = vector(&mut Random::new(1));
    let diverse = docs
        .search(&query)
        .exact()
        .diversify(0.4)
        .limit(10)
        .run()
        .unwrap();
    let all = docs
        .search(&query)
        .exact()
        .rerank(Arc::new(Mmr::new(0.4)), 60)
        .limit(10)
        .run()
        .unwrap();
    let keys = |hits: &[Hit]| {
        hits.iter()
            .map(|hit| hit.doc.key.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&all), keys(&diverse));
    let batch = docs
        .search_batch(["wal"])
        .rerank(Arc::new(Fixed(vec![1.0, 2.0])), 2)
        .limit(2);
    assert_eq!(batch.run().unwrap()[0][0].key(), first[1].key());
}

/// What is told: the filter, each leg, the time of each stage; and the hits are those of the search.
#[test]
fn an_explained_search_tells_what_every_part_took() {
    let (_dir, _db, docs) = store(7);
    let legs = [
        Leg::prefetch([Leg::text("wal"), Leg::vector([0.5; 6]).field("image")])
            .then(Leg::vector([0.3; 6])),
        Leg::text("lock graph").name("words"),
    ];
    let search = docs
        .search_legs(legs)
        .fusion(Fusion::Dbsf)
        .filter("row >= 10")
        .score("score + 1")
        .diversify(0.9);
    let told = search.clone().explain().unwrap();
    assert_eq!(plain(&told.hits), plain(&search.clone().run().unwrap()));
    let filter = told.filter.as_ref().unwrap();
    assert_eq!((filter.rows, filter.matches, filter.segments), (57, 48, 3));
    assert!((filter.selectivity - 48.0 / 57.0).abs() < 1e-9);
    let again = search.explain().unwrap();
    assert_eq!(
        again.filter.unwrap().cached,
        2,
        "sealed segments know the answer"
    );
    let names: Vec<&str> = told.legs.iter().map(|leg| leg.leg.as_str()).collect();
    assert_eq!(names, ["prefetch", "words"]);
    assert_eq!(
        (told.legs[0].route.as_str(), told.legs[0].legs.len()),
        ("prefetch, then ranked", 2)
    );
    assert_eq!(told.legs[1].route, "keywords");
    assert!(told.legs[0].legs[1].segments.len() == 3 && told.distances() > 0);
    assert!(told.candidates >= told.hits.len());
    let stages: Vec<Stage> = told.stages.iter().map(|time| time.stage).collect();
    for stage in [
        Stage::Prepare,
        Stage::Filter,
        Stage::Find,
        Stage::Fuse,
        Stage::Score,
        Stage::Choose,
        Stage::Read,
    ] {
        assert!(stages.contains(&stage), "{stages:?}");
    }
    let table = told.to_string();
    for part in [
        "prefetch",
        "words",
        "filter: 48 of 57 rows match (84.21 %), ",
        "stages: ",
        " every match compared",
    ] {
        assert!(table.contains(part), "{table}");
    }
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(json["legs"][1]["leg"], "words");
    assert_eq!(
        json["hits"][0]["legs"][0]["rank"]
            .as_u64()
            .map(|rank| rank > 0),
        Some(true)
    );
    // Plain searches tell as much.
    let hybrid = docs
        .search("wal")
        .vector([0.5; 6])
        .hybrid()
        .filter("row < 40")
        .explain()
        .unwrap();
    assert_eq!(
        hybrid
            .legs
            .iter()
            .map(|leg| leg.leg.as_str())
            .collect::<Vec<_>>(),
        ["vector", "text"]
    );
    assert!(hybrid.candidates > 0 && hybrid.filter.is_some());
    let words = docs.search("wal").explain().unwrap();
    assert_eq!((words.legs.len(), words.segments.len()), (1, 0));
    assert_eq!(words.legs[0].found, words.hits.len());
}

/// A request holds all of it as plain data, but for the re-ranker.
#[test]
fn a_request_is_scored_and_diversified_too() {
    let (_dir, db, docs) = store(9);
    let request = SearchRequest::text("wal")
        .score("score * 2")
        .unwrap()
        .diversify(0.8)
        .limit(3);
    let by_request = db.snapshot().search("docs", &request).unwrap();
    let by_chain = docs
        .search("wal")
        .score("score * 2")
        .diversify(0.8)
        .limit(3)
        .run()
        .unwrap();
    assert_eq!(by_request, by_chain);
    let ranged = docs
        .search(like("k10"))
        .score("score")
        .filter(field("row").gt(5))
        .limit(4)
        .run()
        .unwrap();
    assert_eq!(
        plain(&ranged),
        plain(
            &docs
                .search(like("k10"))
                .filter("row > 5")
                .limit(4)
                .run()
                .unwrap()
        )
    );
}
