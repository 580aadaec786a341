//! Sound databases with every kind of file and section.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lumos_engine::{
    Batch, Doc, Element, Lumos, Metric, MultiVector, Schema, SparseVector, Store, VectorField,
    field,
};
use lumos_wal::{MemVfs, OpenMode, Vfs, read_all};
use serde_json::json;

pub(crate) const DIR: &str = "db";
/// Their names.
pub(crate) const NAMES: [&str; 3] = ["closed", "running", "graph"];

/// The files of a database, by their path in its directory.
pub(crate) type Files = Vec<(PathBuf, Arc<Vec<u8>>)>;

/// A document; every fifth has no vector, and only every third one of the second field.
pub(crate) fn doc(n: usize) -> Doc {
    let mut doc = Doc::new(format!("k{n:04}"))
        .text(format!("number{n} of many words, {} to be sure", n % 4))
        .meta(json!({
            "n": n, "even": n.is_multiple_of(2), "share": n as f64 / 8.0, "name": format!("name {}", n % 9),
            "day": format!("2026-01-{:02}", n % 28 + 1), "inner": {"list": [n % 3, "x"]},
        }));
    if n.is_multiple_of(3) {
        doc = doc.with_vector("other", [n as f32, 1.0]);
        doc = doc.with_text("title", format!("title{}", n % 6));
    }
    if n % 2 == 1 {
        let weights = [(n as u32 % 5, 0.5), (7, n as f32 / 9.0)];
        doc = doc.sparse("terms", SparseVector::new(weights).unwrap());
        let rows = [[n as f32, 1.0], [0.5, -2.0], [3.0, 0.25]];
        doc = doc.multi("tokens", MultiVector::new(&rows[..1 + n % 3]).unwrap());
    }
    // Of every other element.
    if n % 4 == 1 {
        let numbers = [n as f32 / 7.0, -1.5, (n % 11) as f32];
        for field in ["half", "upper", "whole", "set"] {
            doc = doc.with_vector(field, numbers);
        }
    }
    if !n.is_multiple_of(5) {
        doc = doc.vector([(n % 13) as f32 + 1.0, (n % 7) as f32, 2.0]);
    }
    doc
}

/// Three segments of documents and values, deletes, a spare, and nine commits of log. The first image is
/// that of a database that was closed, the second of one that was not.
fn small() -> (Files, Files) {
    let vfs = Arc::new(MemVfs::new());
    let options = Lumos::options().vfs(vfs.clone()).background(false);
    let db = options.salt_seed(7).open(DIR).unwrap();
    let schema = Schema::new()
        .vector(3, Metric::Cosine)
        .vector_field("other", 2, Metric::L2)
        .vector_with(
            "half",
            VectorField::new(3, Metric::Dot).element(Element::F16),
        )
        .vector_with(
            "upper",
            VectorField::new(3, Metric::Cosine).element(Element::Bf16),
        )
        .vector_with(
            "whole",
            VectorField::new(3, Metric::L1).element(Element::I8),
        )
        .vector_with(
            "set",
            VectorField::new(3, Metric::Jaccard).element(Element::Bits),
        )
        .text()
        .text_field("title")
        .ttl(Duration::from_secs(20 * 365 * 86_400));
    let docs = db.collection_with("docs", schema).unwrap();
    docs.put_all((0..60).map(doc)).unwrap();
    for n in 0..9 {
        db.kv("state")
            .set(&format!("key{n}"), format!("value {n}"))
            .unwrap();
    }
    db.flush().unwrap();
    docs.put_all((50..70).map(doc)).unwrap();
    docs.put(doc(70)).unwrap();
    docs.delete("k0007").unwrap();
    db.flush().unwrap();

    docs.put(doc(100)).unwrap();
    let mut batch = Batch::new();
    batch
        .put("docs", doc(101))
        .put("notes", ("first", "a note of words"))
        .delete("docs", "k0008")
        .kv_set("state", "key1", b"changed".to_vec());
    Store::write(&db, batch).unwrap();
    docs.delete(field("n").lt(5)).unwrap();
    db.kv("state").delete("key2").unwrap();
    docs.put(doc(20)).unwrap();
    db.collection("notes")
        .unwrap()
        .put(("second", "another note"))
        .unwrap();
    db.kv("late").set("only", 1).unwrap();
    docs.delete("k0100").unwrap();
    docs.put(doc(102)).unwrap();
    let running = read(&vfs);
    drop((docs, db));
    (read(&vfs), running)
}

/// A segment whose vectors have a graph, deletes, and one commit of log.
fn graph() -> Files {
    let vfs = Arc::new(MemVfs::new());
    let options = Lumos::options().vfs(vfs.clone()).background(false);
    let db = options.salt_seed(8).open(DIR).unwrap();
    let docs = db.collection("docs").unwrap();
    let point = |n: usize| {
        let angle = n as f32 * 0.37;
        [angle.sin() * n as f32, angle.cos() * n as f32]
    };
    let doc = |n: usize| Doc::new(format!("k{n:04}")).vector(point(n + 1));
    docs.put_all((0..4_100).map(doc)).unwrap();
    db.flush().unwrap();
    // Its log must not be one that the other databases could have.
    for key in ["k0017", "k0018", "k0019"] {
        docs.delete(key).unwrap();
        db.flush().unwrap();
    }
    docs.put(doc(5_000)).unwrap();
    drop((docs, db));
    read(&vfs)
}

fn read(vfs: &MemVfs) -> Files {
    let mut files = Vec::new();
    for folder in ["", "segments", "wal"] {
        for name in vfs.read_dir(&Path::new(DIR).join(folder)).unwrap() {
            let path = Path::new(folder).join(name);
            if let Ok(bytes) = read_all(vfs, &Path::new(DIR).join(&path)) {
                files.push((path, Arc::new(bytes)));
            }
        }
    }
    files
}

/// Makes the databases and keeps them in a folder, for the processes that change them.
pub(crate) fn make(folder: &Path) {
    let (closed, running) = small();
    for (name, files) in NAMES.iter().zip([closed, running, graph()]) {
        write(&folder.join(name), &files);
    }
}

/// Writes a database into a folder of the system.
pub(crate) fn write(folder: &Path, files: &Files) {
    for sub in ["segments", "wal", "tmp"] {
        std::fs::create_dir_all(folder.join(sub)).unwrap();
    }
    for (path, bytes) in files {
        std::fs::write(folder.join(path), &**bytes).unwrap();
    }
}

/// Reads what [`make`] wrote.
pub(crate) fn load(folder: &Path, name: &str) -> Files {
    let mut files = Vec::new();
    for sub in ["", "segments", "wal"] {
        let mut found: Vec<PathBuf> = std::fs::read_dir(folder.join(name).join(sub))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .collect();
        found.sort();
        for path in found {
            let bytes = std::fs::read(&path).unwrap();
            let name = path.file_name().unwrap();
            files.push((Path::new(sub).join(name), Arc::new(bytes)));
        }
    }
    files
}

/// A file system in memory that holds a database.
pub(crate) fn in_memory(files: &Files) -> Arc<MemVfs> {
    let vfs = Arc::new(MemVfs::new());
    for folder in ["", "segments", "wal", "tmp"] {
        vfs.create_dir(&Path::new(DIR).join(folder)).unwrap();
    }
    for (path, bytes) in files {
        let path = Path::new(DIR).join(path);
        let file = vfs.open(&path, OpenMode::CreateNew).unwrap();
        // Room that was given to a log is not written.
        let end = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |at| at + 1);
        file.write_all_at(&bytes[..end], 0).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
    }
    vfs
}
