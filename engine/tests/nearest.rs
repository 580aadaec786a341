//! What a search by vector can be asked beside the nearest few: many at once, a recall, a distance, the way.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;

use std::time::{Duration, Instant};

use crash::model::Random;
use lumos_engine::{
    Collection, Doc, Error, Lumos, Metric, Query, Schema, SearchRequest, VectorRoute, field, like,
};
use serde_json::json;

const DIM: usize = 48;

/// A point near one of some centres.
fn vector(random: &mut Random) -> Vec<f32> {
    let mut centre = Random::new(1_000 + random.next() % 30);
    let mut component =
        |spread: f32| ((centre.next() % 2_000) as f32 / 1_000.0 - 1.0) + spread * noise(random);
    (0..DIM).map(|_| component(0.6)).collect()
}

fn noise(random: &mut Random) -> f32 {
    (random.next() % 2_000) as f32 / 1_000.0 - 1.0
}

fn fill(docs: &Collection, rows: std::ops::Range<usize>) {
    let mut random = Random::new(rows.start as u64 + 1);
    let batch: Vec<Doc> = rows
        .map(|row| {
            Doc::new(format!("k{row:05}"))
                .text(["red stone", "green leaf", "blue sea"][row % 3])
                .vector(vector(&mut random))
                .meta(json!({ "row": row }))
        })
        .collect();
    docs.put_all(batch).unwrap();
}

fn queries(count: usize) -> Vec<Vec<f32>> {
    let mut random = Random::new(77);
    (0..count).map(|_| vector(&mut random)).collect()
}

/// A database with sealed segments that have graphs, one without, and rows in memory; some rows deleted.
fn several_segments(metric: Metric) -> (tempfile::TempDir, Lumos, Collection) {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::open(dir.path()).unwrap();
    let schema = Schema::new().vector(DIM, metric).text();
    let docs = db.collection_with("docs", schema).unwrap();
    for rows in [0..5_000, 5_000..10_000, 10_000..11_000] {
        fill(&docs, rows);
        db.flush().unwrap();
    }
    fill(&docs, 11_000..11_200);
    docs.delete(field("row").lt(100)).unwrap();
    (dir, db, docs)
}

#[test]
fn a_batch_gives_what_its_searches_give_one_by_one() {
    let (_dir, _db, docs) = several_segments(Metric::Cosine);
    let queries = queries(40);
    for filter in ["row >= 0", "row % 2 = 0", "row < 300", "row >= 10_990"] {
        // Not all of these are filters: both ways say the same of them.
        let batch = docs.search_batch(&queries).limit(7).filter(filter).run();
        let one_by_one: Result<Vec<_>, Error> = queries
            .iter()
            .map(|query| docs.search(query).limit(7).filter(filter).run())
            .collect();
        match (batch, one_by_one) {
            (Ok(batch), Ok(one_by_one)) => assert_eq!(batch, one_by_one, "{filter}"),
            (Err(batch), Err(one)) => assert_eq!(batch.to_string(), one.to_string()),
            (batch, one) => panic!("{filter}: {batch:?} and {one:?}"),
        }
    }
    let batch = docs.search_batch(&queries).keys().unwrap();
    for (query, found) in queries.iter().zip(batch) {
        assert_eq!(found, docs.search(query).keys().unwrap());
    }
    let words = ["red", "+blue -sea", "leaf"];
    let batch = docs.search_batch(words).limit(5).run().unwrap();
    for (word, hits) in words.iter().zip(batch) {
        assert_eq!(hits, docs.search(*word).limit(5).run().unwrap());
    }
    let mixed = vec![like("k00500"), Query::Vector(queries[0].clone())];
    let batch = docs.search_batch(mixed).limit(3).run().unwrap();
    assert_eq!(
        batch[0],
        docs.search(like("k00500")).limit(3).run().unwrap()
    );
    assert_eq!(batch[1], docs.search(&queries[0]).limit(3).run().unwrap());
    assert!(batch[0].iter().all(|hit| hit.key() != "k00500"));
    assert!(
        docs.search_batch(Vec::<Query>::new())
            .run()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn the_error_of_a_batch_is_that_of_its_first_wrong_query() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    docs.put(Doc::new("a").vector([1.0, 0.0])).unwrap();
    let wrong = docs
        .search_batch([vec![1.0, 0.0], vec![1.0, 0.0, 0.0]])
        .run();
    assert!(matches!(
        wrong,
        Err(Error::DimensionMismatch { got: 3, .. })
    ));
    let zero = docs.search_batch([[1.0, 0.0], [0.0, 0.0]]).keys();
    assert!(matches!(zero, Err(Error::Vector { .. })));
    let unknown = docs.search_batch([like("a"), like("b")]).run();
    assert!(matches!(
        unknown,
        Err(Error::InvalidArgument {
            argument: "like",
            ..
        })
    ));
}

/// All rows that are near enough are found, however many, and none that is not.
#[test]
fn a_search_within_a_distance_gives_all_of_them() {
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
        let (_dir, db, docs) = several_segments(metric);
        for state in ["several segments", "one graph"] {
            let (mut found, mut wanted) = (0, 0);
            for query in queries(12) {
                let all = docs.search(&query).limit(16_384).exact().keys().unwrap();
                for rank in [0, 9, 150, 600] {
                    // Between two scores, so that rounding decides nothing.
                    let within = (all[rank].score + all[rank + 1].score) / 2.0;
                    let near = docs.search(&query).within(within).keys().unwrap();
                    assert!(near.len() <= rank + 1, "{state} {metric:?} {within}");
                    found += near.iter().filter(|hit| all[..=rank].contains(hit)).count();
                    assert!(near.iter().all(|hit| all[..=rank].contains(hit)));
                    wanted += rank + 1;
                }
                let first = docs.search(&query).within(all[600].score).limit(5).keys();
                assert_eq!(first.unwrap().len(), 5);
                let nearer = match metric {
                    Metric::L2 => all[0].score - 1.0,
                    _ => all[0].score + 1.0,
                };
                assert!(
                    docs.search(&query)
                        .within(nearer)
                        .keys()
                        .unwrap()
                        .is_empty()
                );
            }
            assert!(
                found * 100 >= wanted * 97,
                "{state} {metric:?}: {found} of {wanted}"
            );
            db.compact().unwrap();
        }
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    docs.put(Doc::new("a").text("one").vector([1.0, 0.0]))
        .unwrap();
    let refused = |search: lumos_engine::Search, named: &str| {
        let error = search.run().unwrap_err();
        assert!(
            matches!(&error, Error::InvalidArgument { argument, .. } if *argument == named),
            "{error:?}"
        );
    };
    let near = || docs.search([1.0, 0.0]);
    for recall in [0.0, -1.0, 1.5, f32::NAN, f32::INFINITY] {
        refused(near().recall(recall), "recall");
    }
    refused(near().within(f32::NAN), "within");
    refused(docs.search("one").within(0.5), "within");
    refused(near().text("one").hybrid().within(0.5), "within");
    // The last word on the width counts.
    assert_eq!(near().recall(9.0).ef(10).run().unwrap().len(), 1);
    assert_eq!(near().recall(0.5).run().unwrap().len(), 1);
}

/// A recall that is asked for is found, on average, on segments that were sealed and on merged ones, also after
/// the database was opened anew.
#[test]
fn a_recall_is_what_was_asked_for() {
    let (dir, db, docs) = several_segments(Metric::L2);
    let check = |docs: &Collection, state: &str| {
        let mut before = 0;
        for recall in [0.8, 0.9, 0.99] {
            let (mut found, mut distances) = (0, 0);
            let queries = queries(60);
            for query in &queries {
                let truth = docs.search(query).exact().keys().unwrap();
                let explained = docs.search(query).recall(recall).explain().unwrap();
                distances += explained.distances();
                let near: Vec<&str> = explained.hits.iter().map(|hit| hit.key()).collect();
                found += truth.iter().filter(|hit| near.contains(&&*hit.key)).count();
            }
            let got = found as f32 / (queries.len() * 10) as f32;
            assert!(got >= recall - 0.02, "{state}: {got} for {recall}");
            assert!(distances >= before, "{state}: more recall for less work");
            before = distances;
        }
        let query = &queries(1)[0];
        let sure = docs.search(query).recall(1.0).explain().unwrap();
        assert!(sure.segments.iter().all(|s| s.route == VectorRoute::Exact));
        assert_eq!(sure.distances(), 11_100, "every live vector");
    };
    check(&docs, "several segments");
    db.compact().unwrap();
    check(&docs, "one graph");
    drop((docs, db));
    let db = Lumos::open(dir.path()).unwrap();
    let docs = db.existing_collection("docs").unwrap();
    check(&docs, "opened anew");
    let width = |recall| {
        let search = docs.search(&queries(1)[0]).recall(recall);
        search.explain().unwrap().segments[0].ef
    };
    assert!(width(0.8) < width(0.99), "measured for this graph");
}

/// The way through every segment is told, and its figures add up.
#[test]
fn a_search_tells_the_way_it_took() {
    let (_dir, db, docs) = several_segments(Metric::Cosine);
    let query = &queries(1)[0];
    let explained = docs.search(query).limit(5).ef(50).explain().unwrap();
    assert_eq!(
        explained.hits,
        docs.search(query).limit(5).ef(50).run().unwrap()
    );
    let segments = &explained.segments;
    assert_eq!(segments.len(), 4, "{segments:?}");
    let graphs = segments.iter().filter(|s| s.route == VectorRoute::Graph);
    assert_eq!(graphs.clone().count(), 2, "{segments:?}");
    for segment in graphs {
        assert_eq!((segment.ef, segment.rows), (50, 5_000));
        assert!(segment.visited > 0 && segment.distances > segment.visited);
        assert!(segment.distances < 2_500, "not a scan: {segment:?}");
    }
    assert_eq!(segments[0].matches, 4_900, "a hundred were deleted");
    assert_eq!(segments[3].segment, "memory");
    assert_eq!((segments[3].distances, segments[3].visited), (200, 0));
    let sum: usize = segments.iter().map(|segment| segment.distances).sum();
    assert_eq!(explained.distances(), sum);
    let json = serde_json::to_value(&explained).unwrap();
    assert_eq!(json["segments"][0]["route"], "graph");

    db.compact().unwrap();
    let filtered = |filter: &str| {
        let search = docs.search(query).filter(filter).ef(12);
        let explained = search.explain().unwrap();
        let [segment] = &explained.segments[..] else {
            panic!("{:?}", explained.segments)
        };
        (segment.route, segment.matches)
    };
    assert_eq!(filtered("row < 150"), (VectorRoute::Exact, 50));
    assert_eq!(filtered("row < 600"), (VectorRoute::Codes, 500));
    assert_eq!(filtered("row < 4000"), (VectorRoute::Codes, 3_900));
    assert_eq!(filtered("row < 10000"), (VectorRoute::Graph, 9_900));
    let words = docs.search("red").explain().unwrap();
    assert!(words.segments.is_empty() && !words.hits.is_empty());
}

/// The background makes a graph of the rows in memory, which is walked on codes: the scores are those of
/// the vectors.
#[test]
fn rows_in_memory_are_found_as_sealed_ones_are() {
    let docs = Lumos::memory().unwrap().collection("docs").unwrap();
    fill(&docs, 0..6_000);
    let queries = queries(30);
    let started = Instant::now();
    loop {
        let explained = docs.search(&queries[0]).explain().unwrap();
        if explained.segments[0].route == VectorRoute::Graph {
            break;
        }
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "{explained:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut common = 0;
    for query in &queries {
        let truth = docs.search(query).exact().keys().unwrap();
        let found = docs.search(query).keys().unwrap();
        common += truth.iter().filter(|hit| found.contains(hit)).count();
    }
    assert!(common >= 290, "{common} of 300");
}

/// Searching in many segments is not much more work than in one.
#[test]
fn segments_share_how_far_they_have_come() {
    let dir = tempfile::tempdir().unwrap();
    let db = Lumos::options().background(false).open(dir.path()).unwrap();
    let docs = db.collection("docs").unwrap();
    for first in (0..30_000).step_by(5_000) {
        fill(&docs, first..first + 5_000);
        db.flush().unwrap();
    }
    let queries = queries(30);
    let measure = || {
        let (mut common, mut distances, mut segments) = (0, 0, 0);
        for query in &queries {
            let truth = docs.search(query).exact().keys().unwrap();
            let explained = docs.search(query).ef(100).explain().unwrap();
            distances += explained.distances();
            segments = explained.segments.len();
            let found: Vec<&str> = explained.hits.iter().map(|hit| hit.key()).collect();
            common += truth
                .iter()
                .filter(|hit| found.contains(&&*hit.key))
                .count();
        }
        (common, distances, segments)
    };
    let (common, many, segments) = measure();
    assert_eq!(segments, 6);
    assert!(common >= 290, "{common} of 300");
    db.compact().unwrap();
    let (common, one, segments) = measure();
    assert_eq!(segments, 1);
    assert!(common >= 290, "{common} of 300");
    assert!(
        many < one * 4,
        "{many} distances in six segments, {one} in one"
    );
}

#[test]
fn a_request_as_plain_data_says_the_same() {
    let (_dir, db, docs) = several_segments(Metric::Cosine);
    let query = &queries(1)[0];
    let mut request = SearchRequest::vector(query.clone()).limit(16_384);
    request.within = Some(0.5);
    request.recall = Some(0.99);
    let hits = db.snapshot().search("docs", &request).unwrap();
    let same = docs.search(query).within(0.5).recall(0.99).run().unwrap();
    assert_eq!(hits, same);
}
