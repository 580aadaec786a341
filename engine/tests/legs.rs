//! Searches by legs against searches made one by one and fused by hand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;
mod rows;

use std::collections::BTreeSet;
use std::sync::Arc;

use crash::model::Random;
use lumos_engine::{
    Doc, EmbedKind, Embedder, Error, Example, Fusion, Hit, Leg, Lumos, Normalise, SearchRequest,
    Store, Strategy, field, recommend,
};
use rows::{DIM, cases, plain, store, vector, words};

/// A leg that is alone is the plain search, and two are the hybrid one, bit for bit.
#[test]
fn one_leg_is_the_plain_search_and_two_are_the_hybrid_one() {
    let (_dir, _db, docs) = store(5);
    let mut random = Random::new(11);
    for _ in 0..cases().min(300) {
        let (text, query) = (words(&mut random, 4), vector(&mut random));
        let text = match random.below(4) {
            0 => format!("+{text}"),
            1 => format!("{text} -graph"),
            _ => text,
        };
        let limit = 1 + random.below(70) as usize;
        let filter = field("row").gte(random.below(50));
        let search =
            |of: lumos_engine::Search| of.limit(limit).filter(filter.clone()).run().unwrap();
        let by_text = search(docs.search(text.as_str()));
        let leg = search(docs.search_legs([Leg::text(text.as_str())]));
        assert_eq!(by_text, leg, "{text}");
        let by_vector = search(docs.search(&query).vector_field("image"));
        let leg = search(docs.search_legs([Leg::vector(query.clone()).field("image")]));
        assert_eq!(by_vector, leg);
        for fusion in [
            Fusion::Convex {
                vector_weight: random.below(1_001) as f32 / 1_000.0,
            },
            Fusion::Rrf { k: 60 },
            Fusion::Sum {
                normalise: Normalise::ZScore,
            },
            Fusion::Dbsf,
        ] {
            let hybrid = docs
                .search(text.as_str())
                .vector(query.clone())
                .hybrid()
                .fusion(fusion);
            let hybrid = search(hybrid);
            let legs = [Leg::vector(query.clone()), Leg::text(text.as_str())];
            let legs = search(docs.search_legs(legs).fusion(fusion));
            assert_eq!(plain(&hybrid), plain(&legs), "{text} {fusion:?}");
            assert_eq!(hybrid, legs);
        }
    }
}

/// What a prefetch finds is what its legs find, and the leg behind it ranks these and no others.
#[test]
fn a_prefetch_is_two_searches_one_after_the_other() {
    let (_dir, _db, docs) = store(9);
    let mut random = Random::new(3);
    for _ in 0..100 {
        let (text, near, image) = (
            words(&mut random, 3),
            vector(&mut random),
            vector(&mut random),
        );
        let depth = 1 + random.below(30) as usize;
        let inner = [Leg::text(text.as_str()), Leg::vector(near.clone())];
        let fusion = Fusion::Rrf { k: 20 };
        let tree = Leg::prefetch(inner.clone())
            .fusion(fusion)
            .depth(depth)
            .then(Leg::vector(image.clone()).field("image"));
        let hits = docs
            .search_legs([tree.clone()])
            .exact()
            .limit(60)
            .run()
            .unwrap();
        let first = docs
            .search_legs(inner)
            .fusion(fusion)
            .exact()
            .limit(depth)
            .run()
            .unwrap();
        let first: BTreeSet<&str> = first.iter().map(Hit::key).collect();
        let mut second = docs
            .search(&image)
            .vector_field("image")
            .exact()
            .limit(60)
            .run()
            .unwrap();
        second.retain(|hit| first.contains(hit.key()));
        assert_eq!(plain(&hits), plain(&second));
        // Without a leg behind it, and two levels deep, a prefetch is its fusion.
        let nested =
            Leg::prefetch([
                Leg::prefetch([Leg::text(text.as_str()), Leg::vector(near.clone())]).fusion(fusion),
            ]);
        let nested = docs.search_legs([nested]).exact().limit(60).run().unwrap();
        let flat = docs
            .search_legs([Leg::text(text.as_str()), Leg::vector(near)])
            .fusion(fusion)
            .exact();
        assert_eq!(plain(&nested), plain(&flat.limit(60).run().unwrap()));
        // Beside another leg, it scores its own candidates alone.
        let beside = docs
            .search_legs([tree, Leg::text(text)])
            .exact()
            .limit(60)
            .run()
            .unwrap();
        for hit in beside {
            let own = hit.legs.iter().find(|leg| leg.name == "prefetch");
            assert_eq!(
                own.is_some(),
                second.iter().any(|other| other.key() == hit.key())
            );
        }
    }
}

/// Examples are no hits; the average is a search by its vector; the best score is what its definition says.
#[test]
fn recommendations_are_near_what_is_liked_and_far_from_what_is_not() {
    let (_dir, _db, docs) = store(1);
    let with_vector: Vec<Doc> = (0..60)
        .filter_map(|row| docs.get(&format!("k{row:02}")).unwrap())
        .filter(|doc| doc.vector_field("vector").is_some())
        .collect();
    let of = |at: usize| with_vector[at].vector_field("vector").unwrap().to_vec();
    let key = |at: usize| with_vector[at].key.clone();
    let mean: Vec<f32> = of(0)
        .iter()
        .zip(of(1))
        .map(|(a, b)| (a + b) / 2.0)
        .collect();
    let query: Vec<f32> = mean.iter().zip(of(2)).map(|(m, n)| m + m - n).collect();
    let hits = docs
        .search(recommend([key(0), key(1)], [key(2)]))
        .limit(60)
        .run()
        .unwrap();
    let mut expected = docs.search(&query).limit(60).run().unwrap();
    expected.retain(|hit| ![key(0), key(1), key(2)].contains(&hit.doc.key));
    let keys = |hits: &[Hit]| {
        hits.iter()
            .map(|hit| hit.doc.key.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&hits), keys(&expected));
    assert_eq!(hits.len(), with_vector.len() - 3);

    let raw = [Example::Key(key(0)), Example::Vector(of(1))];
    let best = docs
        .search(recommend(raw, [of(2)]).strategy(Strategy::BestScore))
        .limit(60);
    let best = best.run().unwrap();
    assert!(!keys(&best).contains(&key(0)));
    assert!(keys(&best).contains(&key(1)), "a vector is no key");
    let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    for hit in &best {
        let doc = docs.get(hit.key()).unwrap().unwrap();
        let own = doc.vector_field("vector").unwrap();
        let liked = cosine(own, &of(0)).max(cosine(own, &of(1)));
        let disliked = cosine(own, &of(2));
        let squashed = |x: f64| 0.5 * (1.0 + x / (1.0 + x.abs()));
        let wanted = if disliked >= liked {
            -squashed(disliked)
        } else {
            squashed(liked)
        };
        assert!(
            (f64::from(hit.score) - wanted).abs() < 1e-5,
            "{} {wanted}",
            hit.score
        );
    }
    assert!(best.is_sorted_by(|a, b| a.score >= b.score));

    let like = docs
        .search_legs([Leg::like(key(4))])
        .limit(5)
        .run()
        .unwrap();
    assert_eq!(
        plain(&like),
        plain(
            &docs
                .search(lumos_engine::like(key(4)))
                .limit(5)
                .run()
                .unwrap()
        )
    );
    for (wrong, says) in [
        (recommend([] as [&str; 0], ["k00"]), "no positive example"),
        (
            recommend(["nobody"], [] as [&str; 0]),
            "\"nobody\" has no vector",
        ),
    ] {
        let error = docs.search(wrong).run().unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

/// Bounds on the score of any search: hits within them, as many as were asked for where there are.
#[test]
fn thresholds_hold_for_every_kind_of_search() {
    let (_dir, _db, docs) = store(2);
    let mut random = Random::new(4);
    let query = vector(&mut random);
    let searches = [
        docs.search("wal lock"),
        docs.search(&query),
        docs.search(&query).vector_field("image"),
        docs.search("wal lock").vector(query.clone()).hybrid(),
        docs.search_legs([Leg::text("wal"), Leg::vector(query.clone()).field("image")])
            .fusion(Fusion::Dbsf),
    ];
    for search in searches {
        let all = search.clone().limit(100).run().unwrap();
        let (least, most) = (all[all.len() * 2 / 3].score, all[all.len() / 3].score);
        let (least, most) = (least.min(most), least.max(most));
        let mut within = all.clone();
        within.retain(|hit| (least..=most).contains(&hit.score));
        let bounded = search.score_at_least(least).score_at_most(most);
        assert_eq!(
            plain(&bounded.clone().limit(100).run().unwrap()),
            plain(&within)
        );
        // The best of them, though better ones stand before them.
        let few = bounded.clone().limit(2).run().unwrap();
        assert_eq!(plain(&few), plain(&within[..2.min(within.len())]));
        let keys = bounded.limit(2).keys().unwrap();
        assert_eq!(keys[0].key, few[0].doc.key);
    }
    let error = docs
        .search("wal")
        .score_at_least(f32::NAN)
        .run()
        .unwrap_err();
    assert!(error.to_string().contains("NaN"), "{error}");
}

/// What is wrong is said before any work, by the name of the leg.
#[test]
fn wrong_legs_are_refused_by_name() {
    let (_dir, db, docs) = store(6);
    let says = |legs: Vec<Leg>, part: &str| {
        let error = docs.search_legs(legs).run().unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        error
    };
    says(vec![], "missing");
    let many: Vec<Leg> = (0..65).map(|_| Leg::text("wal")).collect();
    says(many.clone(), "more than 64");
    assert!(docs.search_legs(many[..64].to_vec()).run().is_ok());
    let nested = |depth: usize| (0..depth).fold(Leg::text("wal"), |leg, _| Leg::prefetch([leg]));
    assert!(docs.search_legs([nested(7)]).run().is_ok());
    says(vec![nested(8)], "deeper than 8");
    says(
        vec![Leg::text("wal").weight(-1.0)],
        "\"text\" has weight -1",
    );
    says(vec![Leg::text("wal").weight(f32::NAN)], "weight NaN");
    says(
        vec![Leg::text("wal").boost("text", -1.0)],
        "above 0 and at most 1000",
    );
    says(
        vec![Leg::vector([1.0; DIM]).boost("text", 1.0)],
        "only a leg by keyword",
    );
    says(vec![Leg::text("wal").depth(0)], "depth 0");
    says(vec![Leg::text("wal").depth(16_385)], "depth 16385");
    says(vec![Leg::text("wal").at_most(f32::NAN)], "threshold");
    says(
        vec![Leg::text("wal").name("a"), Leg::text("lock").name("a")],
        "\"a\" is there twice",
    );
    says(vec![Leg::text("wal").name("")], "a name of 0 bytes");
    says(
        vec![Leg::vector([1.0; DIM]).field("image").field("vector")],
        "several fields",
    );
    says(
        vec![Leg::prefetch([Leg::text("wal")]).field("text")],
        "name the fields of its legs",
    );
    says(
        vec![Leg::text("wal").field("no")],
        "\"no\" is not in collection",
    );
    says(
        vec![Leg::vector([1.0; DIM]).field("no")],
        "\"no\" is not in collection",
    );
    says(vec![Leg::meaning("rotate keys")], "needs an embedder");
    let ends = Leg::prefetch([Leg::text("wal")]).then(Leg::prefetch([Leg::text("lock")]));
    says(vec![ends], "ends in a prefetch");
    assert_eq!(says(vec![Leg::vector([1.0])], "1 numbers").code(), "E2001");
    assert_eq!(
        says(vec![Leg::text("wal").filter("row >")], "filter").code(),
        "E2104"
    );
    let unknown = says(
        vec![Leg::text("wal").filter("colour = 'wal'")],
        "unknown field",
    );
    assert!(matches!(unknown, Error::Filter { .. }));
    let fusion = Fusion::Convex { vector_weight: 1.5 };
    let error = docs
        .search_legs([Leg::text("wal"), Leg::text("lock")])
        .fusion(fusion)
        .run()
        .unwrap_err();
    assert!(error.to_string().contains("0 to 1"), "{error}");
    let within = docs
        .search_legs([Leg::vector([1.0; DIM])])
        .within(0.5)
        .run()
        .unwrap_err();
    assert!(
        within.to_string().contains("thresholds of their own"),
        "{within}"
    );
    // Names that were not given are made.
    let hits = docs
        .search_legs([Leg::text("wal"), Leg::text("wal lock")])
        .run()
        .unwrap();
    let names: Vec<&str> = hits[0].legs.iter().map(|leg| leg.name.as_str()).collect();
    assert_eq!(names, ["text", "text_2"]);
    drop(db);
}

/// Different requests at once are the requests one by one.
#[test]
fn many_different_requests_are_answered_in_order() {
    let (_dir, db, docs) = store(8);
    let mut random = Random::new(5);
    let requests = [
        SearchRequest::text("wal"),
        SearchRequest::vector(vector(&mut random)).limit(3),
        SearchRequest::hybrid("lock", vector(&mut random))
            .filter("row < 30")
            .unwrap(),
        SearchRequest::legs([Leg::text("page"), Leg::like("k10")]).score_at_least(0.1),
    ];
    let docs_of = |request| db.search("docs", request).unwrap();
    let one_by_one: Vec<Vec<Hit>> = requests.iter().map(docs_of).collect();
    assert_eq!(docs.search_all(&requests).unwrap(), one_by_one);
    assert_eq!(db.search_all("docs", &requests).unwrap(), one_by_one);
    assert!(docs.search_all(&[]).unwrap().is_empty());
    let wrong = [SearchRequest::text("wal"), SearchRequest::vector([1.0])];
    assert_eq!(docs.search_all(&wrong).unwrap_err().code(), "E2001");
    // A batch with one set of options takes what a search takes.
    let batch = docs
        .search_batch(["wal", "lock"])
        .score_at_least(0.5)
        .run()
        .unwrap();
    assert_eq!(
        batch[1],
        docs.search("lock").score_at_least(0.5).run().unwrap()
    );
    let keys = docs
        .search_batch(["wal", "lock"])
        .score_at_least(0.5)
        .keys()
        .unwrap();
    assert_eq!(keys[0].len(), batch[0].len());
}

/// Vectors by the letters of a text; speaks what has no `?`.
#[derive(Debug)]
struct Letters;

impl Embedder for Letters {
    fn name(&self) -> &str {
        "letters"
    }

    fn dimension(&self) -> usize {
        DIM
    }

    fn max_tokens(&self) -> usize {
        64
    }

    fn supports(&self, text: &str) -> bool {
        !text.contains('?')
    }

    fn embed(&self, texts: &[&str], _: EmbedKind) -> lumos_engine::Result<Vec<Vec<f32>>> {
        let one = |text: &&str| {
            let mut vector = vec![0.1; DIM];
            text.bytes()
                .for_each(|byte| vector[usize::from(byte) % DIM] += 1.0);
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
            vector.into_iter().map(|x| x / length).collect()
        };
        Ok(texts.iter().map(one).collect())
    }
}

/// A leg by meaning is one by the vector of its text, in a tree too, through every door that has the embedder.
#[test]
fn legs_by_meaning_are_embedded() {
    let db = Lumos::memory().unwrap();
    db.set_embedder("docs", Arc::new(Letters)).unwrap();
    let docs = db.collection("docs").unwrap();
    for text in ["wal lock", "graph", "page merge", "segment"] {
        docs.put((text, text)).unwrap();
    }
    let embedded = Letters
        .embed(&["lock wal"], EmbedKind::Query)
        .unwrap()
        .remove(0);
    let by_vector = docs.search(embedded).run().unwrap();
    let by_meaning = docs.search_legs([Leg::meaning("lock wal")]).run().unwrap();
    assert_eq!(plain(&by_meaning), plain(&by_vector));
    assert_eq!(by_meaning[0].legs[0].name, "meaning");
    let tree = Leg::prefetch([Leg::text("graph page")]).then(Leg::meaning("egap"));
    let tree = SearchRequest::legs([tree]);
    let hits = docs
        .search_all(std::slice::from_ref(&tree))
        .unwrap()
        .remove(0);
    assert_eq!(hits[0].key(), "page merge");
    assert_eq!(db.search("docs", &tree).unwrap(), hits);
    // What the model does not speak is left to the words.
    let unknown = docs.search_legs([Leg::meaning("graph?")]).run().unwrap();
    assert_eq!(unknown.len(), 1);
    let beside = docs
        .search_legs([Leg::meaning("graph?"), Leg::text("page")])
        .run()
        .unwrap();
    assert_eq!(beside.len(), 1);
}

/// What is asked of the words was passed over where a model made a vector of them: marks were embedded, and mistakes
/// were no errors.
#[test]
fn what_is_asked_of_words_is_searched_by_keyword() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    db.set_embedder("docs", Arc::new(Letters)).unwrap();
    docs.put(("a", "group commit")).unwrap();
    docs.put(("b", "a draft of the group")).unwrap();
    let error = docs.search("group AND (commit").strict().run().unwrap_err();
    assert_eq!(error.code(), "E2105");
    let hits = docs.search("group AND NOT draft").strict().run().unwrap();
    assert_eq!(hits.len(), 1);
    assert_eq!(docs.search("comm").as_you_type().run().unwrap().len(), 1);
    assert_eq!(
        docs.search("commit")
            .boost("text", 2.0)
            .run()
            .unwrap()
            .len(),
        1
    );
    // By meaning all are found, and the words are shown.
    let hits = docs.search("group commit").highlight("text").run().unwrap();
    assert_eq!((hits.len(), hits[0].text_rank), (2, None));
    assert_eq!(hits[0].highlights[0].marked("<", ">"), "<group> <commit>");
    let scored = docs.search("group commit").score("leg(vector) * 2");
    let hits = scored.highlight("text").run().unwrap();
    assert_eq!(hits[0].highlights.len(), 1);
}
