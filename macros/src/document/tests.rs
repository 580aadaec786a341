#![allow(clippy::unwrap_used)]

use syn::parse_str;

use super::*;

fn faults(source: &str) -> Vec<String> {
    match expand(&parse_str::<DeriveInput>(source).unwrap()) {
        Ok(_) => Vec::new(),
        Err(error) => error.into_iter().map(|error| error.to_string()).collect(),
    }
}

#[test]
fn what_cannot_be_a_document_is_told_and_why() {
    let cases = [
        (
            "enum Note { A }",
            "a document is a struct with named fields",
        ),
        (
            "struct Note(String);",
            "a document has named fields: they are those of what is stored",
        ),
        (
            "struct Note { id: String }",
            "a document needs a key: mark a field with #[document(key)]",
        ),
        (
            "struct Note<'a> { #[document(key)] id: &'a str }",
            "a document owns what it holds: it has no lifetimes",
        ),
        (
            "struct Note { #[document(key)] a: String, #[document(key)] b: String }",
            "a document has one key, and there is one before this",
        ),
        (
            "struct Note { #[document(key)] id: String, key: String }",
            "\"key\" is the name of the key of every document: take another with \
             #[document(rename = \"...\")]",
        ),
        (
            "struct Note { #[document(key)] id: String, a: u8, #[document(rename = \"a\")] b: u8 }",
            "there is a field \"a\" before this",
        ),
        (
            "struct Note { #[document(key, rename = \"x\")] id: String }",
            "what is the key or is skipped is not stored under a name",
        ),
        (
            "struct Note { #[document(key, text)] id: String }",
            "a field is one of key, text, vector, multi, sparse, field and skip",
        ),
        (
            "struct Note { #[document(vector)] v: Vec<f32> }",
            "expected a dimension and a metric, as in vector(384, cosine)",
        ),
        (
            "struct Note { #[document(vector(384))] v: Vec<f32> }",
            "expected a metric, as in (384, cosine)",
        ),
        (
            "struct Note { #[document(vector(384, angular))] v: Vec<f32> }",
            "unknown metric; there are: cosine, dot, l2, l1, hamming, jaccard",
        ),
        (
            "struct Note { #[document(vector(384, dot, f8))] v: Vec<f32> }",
            "unknown element; there are: f32, f16, bf16, i8, bits",
        ),
        (
            "struct Note { #[document(field(time))] at: String }",
            "unknown type of a field; there are: bool, int, float, text, date",
        ),
        (
            "struct Note { #[document(text(lang = \"en\"))] t: String }",
            "expected analyzer = \"...\"",
        ),
        (
            "struct Note { #[document(index)] t: String }",
            "unknown option of a field; there are: key, text, vector, multi, sparse, field, skip, \
             rename",
        ),
        (
            "#[document(table = \"x\")] struct Note { #[document(key)] id: String }",
            "unknown option of a document; there are: serde, crate",
        ),
    ];
    for (source, message) in cases {
        assert_eq!(faults(source), [message], "{source}");
    }
}

#[test]
fn every_fault_of_the_fields_is_told_at_once() {
    let told = faults("struct N { #[document(x)] a: u8, #[document(vector)] b: Vec<f32> }");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn a_generic_document_is_bound_by_what_its_fields_need() {
    let source = "struct Note<T> where T: Copy { #[document(key)] id: u64, extra: T }";
    let code = expand(&parse_str(source).unwrap()).unwrap().to_string();
    for part in ["T : Copy", "T : :: lumos :: expanded :: serde :: Serialize"] {
        assert!(code.contains(part), "{part} in {code}");
    }
}
