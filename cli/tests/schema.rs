//! Fields by hand: what the schema shows, adds and drops, and vectors of other kinds put and searched.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use program::Program;
use serde_json::json;

#[test]
fn fields_are_added_shown_and_dropped() {
    let lumos = Program::new();
    let added = lumos.ok(["schema", "add", "year:int", "image:vector(2,cosine)"]);
    assert_eq!(added, "image:vector(2,cosine)\nyear:int\n");
    lumos.put(
        "{\"key\": \"a\", \"year\": 1, \"text\": \"snow\", \"vectors\": {\"image\": [1, 0]}}\n",
    );
    let run = lumos.feed("{\"key\": \"b\", \"year\": \"x\"}\n", ["put"]);
    let told = "field \"year\" of document \"b\" must be a whole number, it is a string";
    assert!(run.code == Some(1) && run.stderr.contains(told), "{run:?}");
    let left = lumos.ok(["schema", "drop", "image"]);
    assert_eq!(
        left,
        "text:text\nyear:int\n\
         dropped, and in segments until they are merged (lumos compact): image\n"
    );
    let printed = lumos.json(["get", "a", "--vectors"]);
    assert_eq!(
        printed,
        [json!({"key": "a", "meta": {"year": 1}, "texts": {"text": "snow"}})]
    );
    lumos.run(["schema", "add", "image:vector(3,dot)"]).fails(
        "error[E2005]: vector field \"image\" of collection \"docs\" was dropped as another and is \
         still in 1 segment\n\
         \u{20}\u{20}help: merge the segments first: lumos compact, or db.compact()\n",
    );
    lumos.ok(["compact"]);
    lumos.ok(["schema", "add", "image:vector(3,dot)"]);
    assert_eq!(
        lumos.json(["schema", "--json"]),
        [json!({
            "collection": "docs",
            "fields": [
                {"name": "image", "type": "vector(3,dot)"},
                {"name": "text", "type": "text"},
                {"name": "year", "type": "int"},
            ],
            "model": null, "ttl_ms": null, "dropped": [],
        })]
    );
    lumos.run(["schema", "drop", "color"]).fails(
        "error[E2007]: field \"color\" is not in collection \"docs\"; it has: image, text, year\n",
    );
}

#[test]
fn sparse_and_several_vectors_are_put_and_searched() {
    let lumos = Program::new();
    lumos.put(
        "{\"key\": \"a\", \"sparse\": {\"terms\": {\"7\": 0.5}}, \"multi\": {\"tokens\": [[1, 0], [0, 1]]}}\n\
         {\"key\": \"b\", \"sparse\": {\"terms\": {\"7\": 0.25, \"8\": 2}}, \"multi\": {\"tokens\": [[1, 0]]}}\n",
    );
    let hits = lumos.ok(["search", "--near-sparse", "{\"7\": 1}"]);
    assert_eq!(hits, " 1. a  0.500\n 2. b  0.250\n");
    let hits = lumos.ok(["search", "--near-multi", "[[1, 0], [0, 1]]", "-k", "1"]);
    assert_eq!(hits, " 1. a  2.000\n");
    let hits = lumos.ok(["search", "--like", "a", "--vector-field", "terms"]);
    assert_eq!(hits, " 1. b  0.125\n");
    lumos.run(["search", "--near-sparse", "{\"7\": \"x\"}"]).fails(
        "error[E2007]: --near-sparse must be an object of weights by dimension, as {\"7\": 0.3}: \
         invalid type: string \"x\", expected f32\n",
    );
    lumos.run(["search", "--near-multi", "[[1], [1, 2]]"]).fails(
        "error[E2007]: --near-multi must be an array of arrays of numbers of one length: the vector \
         has 2 dimensions where 1 are expected\n",
    );
    assert_eq!(
        lumos.ok(["schema"]),
        "terms:sparse\ntokens:multi(2,cosine)\n"
    );
}
