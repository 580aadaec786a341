//! Distances of formulas from documents with several places.
#![allow(clippy::unwrap_used, missing_docs)]

use lumos_engine::{Doc, Lumos};
use serde_json::json;

/// The least latitude and the least longitude are of no place when they are of different ones.
#[test]
fn the_nearest_of_several_places_is_measured() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    let places = [
        ("one", json!({"lat": 10, "lon": 50})),
        (
            "two",
            json!([{"lat": 10, "lon": 50}, {"lat": 50, "lon": 10}]),
        ),
        (
            "near",
            json!([{"lat": 10, "lon": 50}, {"lat": 10, "lon": 10.5}]),
        ),
    ];
    for (key, place) in places {
        docs.put(Doc::new(key).text("word").field("place", place))
            .unwrap();
    }
    let check = || {
        let far = |key: &str| {
            let search = docs.search("word").score("geo_km(place, 10, 10)").limit(10);
            let hits = search.run().unwrap();
            hits.iter().find(|hit| hit.key() == key).unwrap().score
        };
        assert!((far("one") - 4_378.0).abs() < 10.0, "{}", far("one"));
        assert!((far("two") - 4_378.0).abs() < 10.0, "{}", far("two"));
        assert!((far("near") - 54.8).abs() < 1.0, "{}", far("near"));
    };
    check();
    db.flush().unwrap();
    check();
}
