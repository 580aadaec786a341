//! Which objects a history has, and how they are stored.
//!
//! Objects come and go in generations, so that lists stay short. Each generation has lists in the
//! key-value space, lists in documents of two collections, and in each collection a set: the documents
//! that are marks. Registers, one in each place, stay for the whole history.

use lumos_engine::{Doc, FieldType, Metric, Schema};
use serde_json::json;

use super::history::{Element, Kind, Object};

pub(crate) const COLLECTIONS: [&str; 2] = ["notes", "people"];
pub(crate) const SPACE: &str = "state";
pub(crate) const BANNER: &str = "banner";
/// Lists of a generation in the key-value space, and in each collection.
pub(crate) const KV_LISTS: usize = 4;
pub(crate) const DOC_LISTS: usize = 3;

const REGISTERS: usize = 3;
const GENERATION: usize = KV_LISTS + 2 * (DOC_LISTS + 1);

/// The register of the key-value space.
pub(crate) const KV_REGISTER: usize = 2;

pub(crate) fn register(collection: usize) -> usize {
    collection
}

pub(crate) fn kv_list(generation: usize, slot: usize) -> usize {
    REGISTERS + generation * GENERATION + slot
}

pub(crate) fn doc_list(generation: usize, collection: usize, slot: usize) -> usize {
    kv_list(generation, KV_LISTS) + collection * (DOC_LISTS + 1) + slot
}

pub(crate) fn set(generation: usize, collection: usize) -> usize {
    doc_list(generation, collection, DOC_LISTS)
}

/// All objects, by number.
pub(crate) fn objects(generations: usize) -> Vec<Object> {
    let object = |kind, name: String| Object { name, kind };
    let [notes, people] = COLLECTIONS;
    let mut all: Vec<Object> = [notes, people, SPACE]
        .map(|place| object(Kind::Register, format!("{place}/{BANNER}")))
        .into();
    for generation in 0..generations {
        for slot in 0..KV_LISTS {
            let name = format!("{SPACE}/{}", list_key(generation, slot));
            all.push(object(Kind::List, name));
        }
        for collection in COLLECTIONS {
            for slot in 0..DOC_LISTS {
                let name = format!("{collection}/{}", list_key(generation, slot));
                all.push(object(Kind::List, name));
            }
            let name = format!("{collection}/{}mark", prefix(generation));
            all.push(object(Kind::Set, name));
        }
    }
    all
}

pub(crate) fn prefix(generation: usize) -> String {
    format!("g{generation:03}/")
}

pub(crate) fn list_key(generation: usize, slot: usize) -> String {
    format!("{}list{slot}", prefix(generation))
}

pub(crate) fn schema() -> Schema {
    Schema::new()
        .vector(2, Metric::Cosine)
        .text()
        .field("generation", FieldType::Int)
        .field("kind", FieldType::Text)
}

/// A word that only the documents of one generation have.
pub(crate) fn word(generation: usize) -> String {
    let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
    format!("q{}x{}z", letter(generation), letter(generation / 26))
}

fn doc(key: String, generation: usize, kind: &str, element: Element) -> Doc {
    Doc::new(key)
        .text(format!("{} {kind}", word(generation)))
        .vector([1.0 + element as f32, 1.0])
        .field("generation", generation)
        .field("kind", kind)
}

pub(crate) fn list_doc(generation: usize, slot: usize, elements: &[Element]) -> Doc {
    let last = elements.last().copied().unwrap_or_default();
    doc(list_key(generation, slot), generation, "list", last).field("list", json!(elements))
}

pub(crate) fn mark_doc(generation: usize, element: Element) -> Doc {
    let key = format!("{}mark/{element:08}", prefix(generation));
    doc(key, generation, "mark", element)
}

pub(crate) fn banner_doc(element: Element) -> Doc {
    Doc::new(BANNER).field("list", json!([element]))
}

/// The elements of a list or register document.
pub(crate) fn elements(doc: Option<&Doc>) -> Vec<Element> {
    let list = doc.and_then(|doc| doc.meta.get("list"));
    list.map_or(Vec::new(), |list| {
        serde_json::from_value(list.clone()).unwrap()
    })
}

pub(crate) fn to_bytes(elements: &[Element]) -> Vec<u8> {
    elements.iter().flat_map(|e| e.to_le_bytes()).collect()
}

pub(crate) fn from_bytes(bytes: &[u8]) -> Vec<Element> {
    let (numbers, rest) = bytes.as_chunks::<8>();
    assert!(rest.is_empty(), "half an element");
    numbers.iter().map(|n| Element::from_le_bytes(*n)).collect()
}
