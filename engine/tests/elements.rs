//! What vectors are kept as: the same keys and scores in memory, sealed, merged, exported and backed up, in
//! fewer bytes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use lumos_engine::{
    Checkup, CodesChoice, Collection, Doc, Element, Error, Fusion, Lumos, Metric, Scan, Schema,
    Store, VectorError, VectorField,
};
use lumos_wal::MemVfs;

const PAIRS: [(Element, Metric); 19] = [
    (Element::F32, Metric::L1),
    (Element::F16, Metric::Cosine),
    (Element::F16, Metric::Dot),
    (Element::F16, Metric::L2),
    (Element::F16, Metric::L1),
    (Element::Bf16, Metric::Cosine),
    (Element::Bf16, Metric::Dot),
    (Element::Bf16, Metric::L2),
    (Element::Bf16, Metric::L1),
    (Element::I8, Metric::Cosine),
    (Element::I8, Metric::Dot),
    (Element::I8, Metric::L2),
    (Element::I8, Metric::L1),
    (Element::Bits, Metric::Hamming),
    (Element::Bits, Metric::Jaccard),
    (Element::F32, Metric::Cosine),
    (Element::F32, Metric::Dot),
    (Element::F32, Metric::L2),
    (Element::I8, Metric::Cosine),
];

/// Repeatable numbers in [-1, 1).
fn noise(seed: usize) -> f32 {
    let bits = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ bits >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (bits >> 40) as f32 / (1 << 23) as f32 - 1.0
}

/// Around one of forty centres.
fn vector(n: usize, dim: usize) -> Vec<f32> {
    let centre = n % 40 * 1_000_003;
    (0..dim)
        .map(|at| noise(centre + at) + 0.4 * noise(n * dim + at))
        .collect()
}

fn doc(n: usize, dim: usize) -> Doc {
    Doc::new(format!("k{n:05}")).vector(vector(n, dim))
}

fn field(dim: usize, element: Element, metric: Metric) -> VectorField {
    VectorField::new(dim, metric).element(element)
}

fn collection(db: &Lumos, field: VectorField) -> Collection {
    let schema = Schema::new().vector_with("vector", field);
    db.collection_with("docs", schema).unwrap()
}

/// Keys and scores, to the bit, of some queries; and all stored vectors.
fn answers(docs: &Collection, dim: usize, exact: bool) -> Vec<(String, u32)> {
    let mut answers = Vec::new();
    for n in (0..6_000).step_by(611) {
        let mut search = docs.search(vector(n * 7 + 3, dim)).limit(12).ef(400);
        if exact {
            search = search.exact();
        }
        for found in search.keys().unwrap() {
            answers.push((found.key.to_string(), found.score.to_bits()));
        }
    }
    answers
}

fn stored(db: &Lumos) -> Vec<(String, Vec<u32>)> {
    let scan = Scan::all().limit(10_000).vectors(true);
    let docs = Store::scan(db, "docs", &scan).unwrap();
    let bits = |doc: &Doc| {
        doc.vector_field("vector")
            .unwrap()
            .iter()
            .map(|x| x.to_bits())
            .collect()
    };
    docs.iter()
        .map(|doc| (doc.key.clone(), bits(doc)))
        .collect()
}

fn sound(db: &Lumos) {
    let diagnosis = db.doctor(&Checkup::new()).unwrap();
    assert!(diagnosis.is_healthy(), "{:?}", diagnosis.findings);
}

/// Every element under every metric, in the states that a database goes through; of odd dimension too.
#[test]
fn answers_and_vectors_are_the_same_in_memory_sealed_merged_and_moved() {
    for (element, metric) in PAIRS {
        for dim in [3, 33] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("db");
            let options = Lumos::options().background(false);
            let db = options.open(&path).unwrap();
            let docs = collection(&db, field(dim, element, metric));
            docs.put_all((0..300).map(|n| doc(n, dim))).unwrap();
            let due = answers(&docs, dim, true);
            let kept = stored(&db);
            let same = |db: &Lumos, state: &str| {
                let docs = db.collection("docs").unwrap();
                let found = answers(&docs, dim, true);
                assert_eq!(found, due, "{element} {metric:?} {dim} {state}");
                assert_eq!(stored(db), kept, "{element} {metric:?} {dim} {state}");
            };
            drop((docs, db));
            let db = options_of(&path);
            same(&db, "replayed");
            db.flush().unwrap();
            same(&db, "sealed");
            // Several segments, with rows that are replaced by what they are.
            let docs = db.collection("docs").unwrap();
            docs.put_all((250..300).map(|n| doc(n, dim))).unwrap();
            db.flush().unwrap();
            same(&db, "in two segments");
            drop((docs, db));
            let db = options_of(&path);
            same(&db, "reopened");
            db.compact().unwrap();
            same(&db, "merged");
            sound(&db);

            let mut lines = Vec::new();
            db.export(&mut lines).unwrap();
            let other = Lumos::memory().unwrap();
            other.import(&mut lines.as_slice()).unwrap();
            same(&other, "imported");
            other.compact().unwrap();
            same(&other, "imported and merged");
            let mut again = Vec::new();
            other.export(&mut again).unwrap();
            assert!(lines == again, "{element} {metric:?} {dim}");

            let copy = dir.path().join("copy");
            db.backup(&copy).unwrap();
            let restored = dir.path().join("restored");
            Lumos::restore(&copy, &restored).unwrap();
            same(&options_of(&restored), "restored");

            let loaded = Lumos::memory().unwrap();
            let docs = collection(&loaded, field(dim, element, metric));
            let keys: Vec<String> = (0..300).map(|n| format!("k{n:05}")).collect();
            let data: Vec<f32> = (0..300).flat_map(|n| vector(n, dim)).collect();
            docs.ingest().vectors(&keys, &data).unwrap();
            same(&loaded, "loaded as a matrix");
            let loaded = Lumos::memory().unwrap();
            let docs = collection(&loaded, field(dim, element, metric));
            docs.ingest().run((0..300).map(|n| doc(n, dim))).unwrap();
            same(&loaded, "loaded as documents");
        }
    }
}

/// What the leg by words alone found is measured as a search by vector measures it, to the bit.
#[test]
fn hybrid_searches_measure_what_searches_by_vector_measure() {
    const N: usize = 900;
    for (element, metric) in PAIRS {
        let dim = 24;
        let db = quiet();
        let docs = collection(&db, field(dim, element, metric));
        let named = |n: usize| {
            doc(n, dim).text(if n.is_multiple_of(9) {
                "named"
            } else {
                "other"
            })
        };
        docs.put_all((0..N).map(named)).unwrap();
        let check = |state: &str| {
            let query = vector(4_321, dim);
            let exact = docs.search(&query).exact().limit(N).run().unwrap();
            let due: Vec<(&str, usize, u32)> = exact
                .iter()
                .map(|hit| (hit.key(), hit.vector_rank.unwrap()))
                .map(|(key, leg)| (key, leg.rank, leg.score.to_bits()))
                .collect();
            let words = docs.search("named").keywords().limit(N).run().unwrap();
            let search = docs.search("named").vector(query.clone()).hybrid().exact();
            let fusion = Fusion::Convex {
                vector_weight: 0.01,
            };
            let hits = search.fusion(fusion).limit(80).run().unwrap();
            let mut far = 0;
            for hit in &hits {
                let leg = hit.vector_rank.unwrap();
                let (_, rank, score) = due.iter().find(|(key, ..)| *key == hit.key()).unwrap();
                assert_eq!(leg.score.to_bits(), *score, "{element} {metric:?} {state}");
                far += usize::from(*rank > 200);
                let words = words.iter().find(|other| other.key() == hit.key());
                let words = words.map(|other| other.score.to_bits());
                assert_eq!(hit.text_rank.map(|leg| leg.score.to_bits()), words);
            }
            assert!(far > 20, "{far} were found by words alone");
        };
        check("in memory");
        db.flush().unwrap();
        check("sealed");
        docs.put_all((0..N / 2).map(named)).unwrap();
        db.flush().unwrap();
        docs.put_all((0..N / 4).map(named)).unwrap();
        check("in several segments");
    }
}

/// In memory, and without work in the background.
fn quiet() -> Lumos {
    let vfs = Arc::new(MemVfs::new());
    Lumos::options()
        .background(false)
        .vfs(vfs)
        .open("db")
        .unwrap()
}

fn options_of(path: &std::path::Path) -> Lumos {
    Lumos::options().background(false).open(path).unwrap()
}

/// Graphs find what an exact search finds, whatever they are built over, in memory and sealed; exact
/// answers stay what they are, and a graph's scores are exact.
#[test]
fn graphs_find_the_nearest_of_every_element_and_metric() {
    const N: usize = 4_300;
    for (element, metric) in PAIRS {
        let dim = 64;
        let db = quiet();
        let docs = collection(&db, field(dim, element, metric));
        docs.put_all((0..N).map(|n| doc(n, dim))).unwrap();
        let due = answers(&docs, dim, true);
        let check = |state: &str| {
            let exact = answers(&docs, dim, true);
            assert_eq!(exact, due, "{element} {metric:?} {state}");
            let found = answers(&docs, dim, false);
            // By score: of equally near ones any will do.
            let scores = |answers: &[(String, u32)]| {
                let scores = answers.chunks(12).map(|ranks| {
                    let scores = ranks.iter().map(|(_, score)| f32::from_bits(*score));
                    scores.collect::<Vec<f32>>()
                });
                scores.collect::<Vec<_>>()
            };
            let (mut hits, mut all) = (0, 0);
            for (found, due) in scores(&found).iter().zip(scores(&due)) {
                let worst = *due.last().unwrap();
                let near = |score: &&f32| match metric.higher_is_better() {
                    true => **score >= worst,
                    false => **score <= worst,
                };
                hits += found.iter().filter(near).count();
                all += due.len();
            }
            let recall = f64::from(hits as u32) / f64::from(all as u32);
            assert!(recall >= 0.95, "{element} {metric:?} {state}: {recall}");
        };
        db.flush().unwrap();
        check("sealed");
        let indexed = db.stats().collections[0].vectors[0].indexed;
        assert_eq!(indexed, N as u64, "{element} {metric:?}");
        docs.delete("k00017").unwrap();
        docs.put(doc(17, dim)).unwrap();
        db.compact().unwrap();
        check("merged");
        sound(&db);
    }
}

/// Bytes of the segment of 2,000 vectors of 512 numbers.
fn size(element: Element, metric: Metric) -> f64 {
    let db = quiet();
    let docs = collection(&db, field(512, element, metric));
    let keys: Vec<String> = (0..2_000).map(|n| format!("{n}")).collect();
    let data: Vec<f32> = (0..2_000 * 512).map(noise).collect();
    docs.ingest().vectors(&keys, &data).unwrap();
    let bytes = |db: &Lumos| db.stats().collections[0].segment_bytes as f64;
    // All but the vectors.
    let other = quiet();
    let bare = other.collection("docs").unwrap();
    bare.ingest().run(keys.iter().map(Doc::new)).unwrap();
    bytes(&db) - bytes(&other)
}

#[test]
fn segments_are_as_small_as_their_elements() {
    let whole = size(Element::F32, Metric::L2);
    for (element, metric, share) in [
        (Element::F16, Metric::L2, 0.5),
        (Element::Bf16, Metric::Cosine, 0.5),
        (Element::I8, Metric::Dot, 0.25),
        (Element::Bits, Metric::Hamming, 1.0 / 32.0),
    ] {
        let found = size(element, metric) / whole;
        assert!((found / share - 1.0).abs() < 0.02, "{element}: {found}");
    }
}

/// What cannot be is refused where it is declared, with the argument that is wrong.
#[test]
fn combinations_that_cannot_be_are_refused() {
    let db = Lumos::memory().unwrap();
    let refuse = |field: VectorField, wrong: &str| {
        let schema = Schema::new().vector_with("vector", field);
        match db.collection_with("docs", schema).unwrap_err() {
            Error::InvalidArgument { argument, detail } => {
                assert_eq!(argument, wrong, "{detail}");
            }
            other => panic!("{other}"),
        }
    };
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2, Metric::L1] {
        refuse(field(8, Element::Bits, metric), "element");
    }
    for metric in [Metric::Hamming, Metric::Jaccard] {
        for element in [Element::F32, Element::F16, Element::Bf16, Element::I8] {
            refuse(field(8, element, metric), "element");
        }
    }
    for codes in [CodesChoice::Sq8, CodesChoice::Sq4] {
        refuse(VectorField::new(31, Metric::Cosine).codes(codes), "codes");
        refuse(VectorField::new(64, Metric::L1).codes(codes), "codes");
        let bits = field(64, Element::Bits, Metric::Hamming);
        refuse(bits.codes(codes), "codes");
    }
    refuse(VectorField::new(0, Metric::L1), "dimension");
    assert!(db.collections().is_empty());

    collection(&db, field(8, Element::F16, Metric::Dot));
    let other = Schema::new().vector_with("vector", field(8, Element::Bf16, Metric::Dot));
    let error = db.collection_with("docs", other).unwrap_err();
    assert!(matches!(error, Error::SchemaMismatch { .. }), "{error}");
    assert!(
        error.to_string().contains("f16, bf16 was asked for"),
        "{error}"
    );
}

/// A number that an element cannot hold is an error that names its place, by every way in.
#[test]
fn numbers_out_of_range_are_refused() {
    let db = Lumos::memory().unwrap();
    let docs = collection(&db, field(3, Element::F16, Metric::L2));
    let far = [1.0, 7e4, 1.0];
    let refused = |error: Error| match error {
        Error::Vector { source, .. } => assert_eq!(
            source,
            VectorError::OutOfRange {
                position: 1,
                element: Element::F16
            }
        ),
        other => panic!("{other}"),
    };
    refused(docs.put(Doc::new("a").vector(far)).unwrap_err());
    refused(docs.ingest().vectors(&["a"], &far).unwrap_err());
    refused(docs.ingest().run([Doc::new("a").vector(far)]).unwrap_err());
    assert_eq!(docs.count().unwrap(), 0);
    docs.put(Doc::new("a").vector([1.0, 65_519.0, 0.1]))
        .unwrap();
    let kept = docs.get("a").unwrap().unwrap();
    assert_eq!(kept.vector_field("vector").unwrap()[1], 65_504.0);
}

/// The codes of a field are those that were chosen, from the next segment on, and scores do not depend on
/// them.
#[test]
fn codes_are_what_was_chosen() {
    const N: usize = 4_200;
    let dim = 48;
    let db = quiet();
    let docs = collection(
        &db,
        VectorField::new(dim, Metric::L2).codes(CodesChoice::None),
    );
    docs.put_all((0..N).map(|n| doc(n, dim))).unwrap();
    db.compact().unwrap();
    let due = answers(&docs, dim, true);
    let bytes = || db.stats().collections[0].segment_bytes;
    let plain = bytes();
    for (codes, row) in [(CodesChoice::Sq8, 64), (CodesChoice::Sq4, 64)] {
        let chosen = VectorField::new(dim, Metric::L2).codes(codes);
        collection(&db, chosen);
        assert_eq!(docs.schema().unwrap().vectors["vector"].codes, codes);
        // Asking for nothing leaves what was chosen.
        collection(&db, VectorField::new(dim, Metric::L2));
        assert_eq!(docs.schema().unwrap().vectors["vector"].codes, codes);
        docs.put(doc(17, dim)).unwrap();
        db.compact().unwrap();
        let added = bytes() - plain;
        let rows = (N * row) as u64;
        assert!(
            (rows..rows * 3 / 2).contains(&added),
            "{codes:?}: {added} for {rows}"
        );
        assert_eq!(answers(&docs, dim, true), due);
        sound(&db);
    }
}

/// Distances of sets are what they are by definition, and rank in fusion as all others do.
#[test]
fn sets_have_the_scores_that_are_known() {
    let db = Lumos::memory().unwrap();
    for (metric, due) in [
        (
            Metric::Hamming,
            vec![("same", 0.0), ("near", 1.0), ("far", 3.0), ("none", 2.0)],
        ),
        (
            Metric::Jaccard,
            vec![("same", 1.0), ("near", 0.5), ("far", 0.0), ("none", 0.0)],
        ),
    ] {
        let name = format!("{metric:?}");
        let schema = Schema::new().vector_with("vector", field(5, Element::Bits, metric));
        let docs = db.collection_with(&name, schema).unwrap();
        let set = |key: &str, bits: [f32; 5]| Doc::new(key).text("word").vector(bits);
        docs.put_all([
            set("same", [9.0, 0.5, 0.0, -1.0, 0.0]),
            set("near", [1.0, 0.0, 0.0, 0.0, 0.0]),
            set("far", [0.0, 0.0, 0.0, 0.0, 1.0]),
            set("none", [-1.0, 0.0, -3.0, 0.0, 0.0]),
        ])
        .unwrap();
        for _ in 0..2 {
            let found = docs.search([1.0, 1.0, 0.0, 0.0, -2.0]).run().unwrap();
            assert_eq!(found.len(), 4);
            for hit in &found {
                let (_, score) = due.iter().find(|(key, _)| *key == hit.key()).unwrap();
                assert_eq!(hit.score, *score, "{name} {}", hit.key());
            }
            assert_eq!(found[0].key(), "same");
            let both = docs
                .search("word")
                .vector([1.0, 1.0, 0.0, 0.0, 0.0])
                .hybrid();
            assert_eq!(both.run().unwrap()[0].key(), "same");
            let kept = docs.get("same").unwrap().unwrap();
            assert_eq!(
                kept.vector_field("vector").unwrap(),
                [1.0, 1.0, 0.0, 0.0, 0.0]
            );
            db.compact().unwrap();
        }
    }
}
