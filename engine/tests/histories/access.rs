//! Single steps on the objects of a history, through every way to them.

use lumos_engine::{Doc, Hit, Result, SearchRequest, Snapshot, Transaction};

use super::history::{Element, Op};
use super::plan::{self, COLLECTIONS, DOC_LISTS, SPACE};

/// A list in one of the places where lists are.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Kv(usize),
    Doc(usize, usize),
}

impl Place {
    pub(crate) fn object(self, generation: usize) -> usize {
        match self {
            Place::Kv(slot) => plan::kv_list(generation, slot),
            Place::Doc(collection, slot) => plan::doc_list(generation, collection, slot),
        }
    }
}

pub(crate) fn read(
    tx: &mut Transaction<'_>,
    generation: usize,
    place: Place,
) -> Result<Vec<Element>> {
    match place {
        Place::Kv(slot) => {
            let value = tx.kv(SPACE).get_bytes(&plan::list_key(generation, slot))?;
            Ok(plan::from_bytes(&value.unwrap_or_default()))
        }
        Place::Doc(collection, slot) => {
            let doc = tx.get(COLLECTIONS[collection], &plan::list_key(generation, slot))?;
            Ok(plan::elements(doc.as_ref()))
        }
    }
}

pub(crate) fn write(
    tx: &mut Transaction<'_>,
    generation: usize,
    place: Place,
    elements: &[Element],
) -> Result<()> {
    match place {
        Place::Kv(slot) => {
            let key = plan::list_key(generation, slot);
            tx.kv(SPACE).set_bytes(&key, plan::to_bytes(elements))
        }
        Place::Doc(collection, slot) => tx.put(
            COLLECTIONS[collection],
            plan::list_doc(generation, slot, elements),
        ),
    }
}

pub(crate) fn request(generation: usize, leg: u64) -> SearchRequest {
    match leg {
        2 => SearchRequest::text(plan::word(generation)).limit(1_000),
        _ => {
            let filter = format!("generation = {generation}");
            let mut request = SearchRequest::vector([1.0, 0.5]).limit(1_000);
            request.exact = true;
            request.filter(filter.as_str()).unwrap()
        }
    }
}

pub(crate) fn scores(hits: Vec<Hit>) -> Vec<(String, u32)> {
    let hits = hits.into_iter();
    hits.map(|hit| (hit.doc.key, hit.score.to_bits())).collect()
}

/// Reads the lists of a generation by key, and the register.
pub(crate) fn get_lists(snapshot: &Snapshot, generation: usize, collection: usize) -> Vec<Op> {
    let name = COLLECTIONS[collection];
    let mut ops = Vec::new();
    for slot in 0..DOC_LISTS {
        let doc = snapshot
            .get(name, &plan::list_key(generation, slot))
            .unwrap();
        ops.push(Op::Read {
            object: plan::doc_list(generation, collection, slot),
            value: plan::elements(doc.as_ref()),
        });
    }
    let banner = snapshot.get(name, plan::BANNER).unwrap();
    ops.push(Op::Read {
        object: plan::register(collection),
        value: plan::elements(banner.as_ref()),
    });
    ops
}

/// What the documents of a generation, all of them, say of its lists and of its set.
pub(crate) fn read_docs(generation: usize, collection: usize, docs: &[Doc]) -> Vec<Op> {
    let mut ops = Vec::new();
    for slot in 0..DOC_LISTS {
        let key = plan::list_key(generation, slot);
        let doc = docs.iter().find(|doc| doc.key == key);
        ops.push(Op::Read {
            object: plan::doc_list(generation, collection, slot),
            value: plan::elements(doc),
        });
    }
    let marks = docs.iter().filter_map(|doc| doc.key.split_once("mark/"));
    let mut value: Vec<Element> = marks.map(|(_, number)| number.parse().unwrap()).collect();
    value.sort_unstable();
    ops.push(Op::Read {
        object: plan::set(generation, collection),
        value,
    });
    ops
}
