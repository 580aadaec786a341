//! Structs as documents: what is put comes back, whatever its fields are, and the schema holds it to that.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use lumos::prelude::*;
use lumos::{Element, MultiVector, Scan, SparseVector, VectorField};
use serde_json::Value;

#[derive(Document, Debug, Clone, PartialEq)]
struct Note {
    #[document(key)]
    id: u64,
    #[document(text)]
    title: String,
    #[document(text, rename = "content")]
    body: Option<String>,
    #[document(vector(2, cosine))]
    image: Vec<f32>,
    #[document(vector(3, dot, f16))]
    sound: Option<Vec<f32>>,
    #[document(vector(1, l2))]
    place: [f32; 1],
    #[document(field(date))]
    written: String,
    year: i32,
    score: Option<f64>,
    tags: Vec<String>,
    #[document(rename = "a.b")]
    dotted: bool,
    nested: Value,
    r#type: String,
    // Names that the generated code uses too.
    doc: u8,
    value: u8,
    schema: u8,
    #[document(skip)]
    cache: Vec<u8>,
}

fn note(id: u64) -> Note {
    Note {
        id,
        title: format!("note {id}"),
        body: id.is_multiple_of(2).then(|| "even".to_string()),
        image: vec![0.6, 0.8],
        sound: id.is_multiple_of(3).then(|| vec![0.5, -2.0, 0.25]),
        place: [id as f32],
        written: "2026-11-26".to_string(),
        year: -3,
        score: (id % 2 == 1).then_some(0.1),
        tags: vec!["a".to_string(), "b".to_string()],
        dotted: true,
        nested: json!({"x": [1, {"y": null}]}),
        r#type: "t".to_string(),
        doc: 1,
        value: 2,
        schema: 3,
        cache: Vec::new(),
    }
}

#[test]
fn what_is_put_comes_back() {
    let db = Lumos::memory().unwrap();
    let notes = db.documents::<Note>("notes").unwrap();
    let mut with_cache = note(0);
    with_cache.cache = vec![1];
    notes.put(with_cache).unwrap();
    notes.put_all((1..7).map(note)).unwrap();
    for id in 0..7 {
        assert_eq!(notes.get(&id.to_string()).unwrap(), Some(note(id)));
    }
    let all = notes.scan(&Scan::all()).unwrap();
    assert_eq!(all, (0..7).map(note).collect::<Vec<_>>());
    let hits = notes
        .search("note")
        .filter("`a.b` = true AND nested.x = 1")
        .with_vectors()
        .run()
        .unwrap();
    assert_eq!(hits.len(), 7);
    for hit in hits {
        let id: u64 = hit.key().parse().unwrap();
        assert_eq!(hit.parse::<Note>().unwrap(), note(id));
        assert_eq!(hit.document::<Note>().unwrap(), note(id));
    }
    assert_eq!(notes.delete(field("score").gt(0.0)).unwrap(), 3);
    assert_eq!(notes.count().unwrap(), 4);
}

#[test]
fn the_schema_of_the_type_is_declared_and_checked() {
    let db = Lumos::memory().unwrap();
    let notes = db.documents::<Note>("notes").unwrap();
    let schema = notes.collection().schema().unwrap();
    assert_eq!(schema, Note::schema());
    let sound = VectorField::new(3, Metric::Dot).element(Element::F16);
    assert_eq!(schema.vectors["sound"], sound);
    let fields: Vec<&str> = schema.fields.keys().map(String::as_str).collect();
    let declared = [
        "`a.b`", "doc", "schema", "score", "tags", "type", "value", "written", "year",
    ];
    assert_eq!(fields, declared);
    // Whoever writes past the type is held to it too.
    let wrong = Doc::new("x").meta(json!({"a.b": 1}));
    let error = notes.collection().put(wrong).unwrap_err();
    assert_eq!(error.code(), "E2004", "{error}");
    let mut undated = note(1);
    undated.written = "yesterday".to_string();
    assert_eq!(notes.put(undated).unwrap_err().code(), "E2004");
    let mut short = note(1);
    short.image.pop();
    assert_eq!(notes.put(short).unwrap_err().code(), "E2001");

    #[derive(Document)]
    #[allow(dead_code)]
    struct Other {
        #[document(key)]
        id: String,
        year: String,
    }
    let error = db.documents::<Other>("notes").unwrap_err();
    assert_eq!(error.code(), "E2005");
    assert_eq!(
        error.to_string(),
        "collection \"notes\" exists with another schema: field \"year\" is Int, not Text"
    );
}

#[test]
fn what_is_stored_otherwise_is_told_by_key_and_field() {
    let db = Lumos::memory().unwrap();
    let notes = db.documents::<Note>("notes").unwrap();
    let docs = notes.collection();
    docs.put(note(1).into_doc().unwrap().field("nested", 5))
        .unwrap();
    assert_eq!(notes.get("1").unwrap().unwrap().nested, json!(5));
    let mut doc = note(1).into_doc().unwrap();
    doc.meta.remove("tags");
    docs.put(doc).unwrap();
    let told = "cannot read \"1\": field \"tags\" is missing";
    assert_eq!(notes.get("1").unwrap_err().to_string(), told);
    let hits = notes.search("note").with_vectors().run().unwrap();
    assert_eq!(hits[0].parse::<Note>().unwrap_err().to_string(), told);
    docs.put(Doc::new("seven")).unwrap();
    let error = notes.get("seven").unwrap_err().to_string();
    assert!(
        error.starts_with("cannot read \"seven\": the key is of another type"),
        "{error}"
    );
    docs.put(Doc::new("8").with_vector("place", [1.0])).unwrap();
    let error = notes.get("8").unwrap_err().to_string();
    assert_eq!(
        error,
        "cannot read \"8\": field \"title\" is missing or unfit"
    );
}

/// A hit without its vectors can be read as long as they may be left out.
#[test]
fn hits_without_vectors_can_be_read() {
    #[derive(Document)]
    struct Page<T> {
        #[document(key)]
        url: String,
        #[document(text)]
        text: String,
        #[document(vector(2, cosine))]
        near: Vec<f32>,
        #[document(sparse)]
        words: SparseVector,
        #[document(multi(2, dot))]
        tokens: Option<MultiVector>,
        extra: T,
    }
    let db = Lumos::memory().unwrap();
    let pages = db.documents::<Page<Vec<(u8, String)>>>("pages").unwrap();
    let extra = vec![(1, "x".to_string())];
    pages
        .put(Page {
            url: "/".to_string(),
            text: "home".to_string(),
            near: vec![1.0, 0.0],
            words: SparseVector::new([(3, 0.5)]).unwrap(),
            tokens: Some(MultiVector::new([[1.0, 0.0], [0.5, 0.5]]).unwrap()),
            extra: extra.clone(),
        })
        .unwrap();
    let hits = pages.search("home").run().unwrap();
    let page: Page<Vec<(u8, String)>> = hits[0].parse().unwrap();
    assert!(page.near.is_empty() && page.words.is_empty() && page.tokens.is_none());
    assert_eq!(
        (page.url.as_str(), page.text.as_str(), page.extra),
        ("/", "home", extra)
    );
    let page = pages.get("/").unwrap().unwrap();
    assert_eq!(page.near, [1.0, 0.0]);
    assert_eq!(page.words.weight(3), 0.5);
    assert_eq!(page.tokens.unwrap().len(), 2);
}

/// The one sparse field and the one field of several vectors need no name beside a field of one vector.
#[test]
fn each_kind_of_query_searches_the_field_of_its_kind() {
    #[derive(Document)]
    struct Note {
        #[document(key)]
        id: String,
        #[document(vector(2, cosine))]
        embedding: Vec<f32>,
        #[document(sparse)]
        terms: SparseVector,
        #[document(multi(2, dot))]
        tokens: MultiVector,
    }
    let db = Lumos::memory().unwrap();
    let notes = db.documents::<Note>("notes").unwrap();
    let tokens = MultiVector::new([[1.0, 0.0], [0.5, 0.5]]).unwrap();
    let terms = SparseVector::new([(3, 0.5)]).unwrap();
    notes
        .put(Note {
            id: "a".to_string(),
            embedding: vec![1.0, 0.0],
            terms: terms.clone(),
            tokens: tokens.clone(),
        })
        .unwrap();
    assert_eq!(notes.search(vec![1.0, 0.0]).run().unwrap().len(), 1);
    assert_eq!(notes.search(terms).run().unwrap()[0].score, 0.25);
    assert_eq!(notes.search(tokens).run().unwrap().len(), 1);
}
