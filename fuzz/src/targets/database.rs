//! A small sound database, one file of which a target replaces.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use lumos_engine::{Checkup, Doc, Lumos, Scan, SegmentAccess, Store, like};
use lumos_wal::{MemVfs, OpenMode, Vfs, read_all};
use serde_json::json;

pub(crate) const DIR: &str = "db";

/// Files by their path in the directory.
pub(crate) type Files = Vec<(PathBuf, Vec<u8>)>;

fn doc(n: usize) -> Doc {
    let mut doc =
        Doc::new(format!("k{n:02}")).meta(json!({"n": n, "on": [n.is_multiple_of(2), "x"]}));
    if !n.is_multiple_of(3) {
        doc = doc.text(format!("number{n} of many"));
    }
    if !n.is_multiple_of(4) {
        doc = doc.vector([(n % 5) as f32 + 1.0, 1.0]);
    }
    doc
}

/// Two segments, deletes, and a log of four commits.
pub(crate) fn files() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| {
        let vfs = Arc::new(MemVfs::new());
        let options = Lumos::options().vfs(vfs.clone()).background(false);
        let db = options.salt_seed(3).open(DIR).unwrap();
        let docs = db.collection("docs").unwrap();
        docs.put_all((0..24).map(doc)).unwrap();
        docs.put(doc(24)).unwrap();
        db.kv("state").set("a", "value").unwrap();
        db.flush().unwrap();
        docs.delete("k05").unwrap();
        docs.delete("k06").unwrap();
        db.flush().unwrap();
        docs.put(doc(30)).unwrap();
        docs.delete("k07").unwrap();
        db.kv("state").set("b", 2).unwrap();
        db.collection("notes")
            .unwrap()
            .put(("n", "a note"))
            .unwrap();
        drop((docs, db));
        let mut files = Files::new();
        for folder in ["", "segments", "wal"] {
            for name in vfs.read_dir(&Path::new(DIR).join(folder)).unwrap() {
                let path = Path::new(folder).join(name);
                let is = |end: &str| path.extension().is_some_and(|found| found == end);
                if (path.ends_with("MANIFEST") || is("seg") || is("del") || is("wal"))
                    && let Ok(bytes) = read_all(&*vfs, &Path::new(DIR).join(&path))
                {
                    files.push((path, bytes));
                }
            }
        }
        files
    })
}

/// The first file whose name ends like this.
pub(crate) fn file(end: &str) -> &'static (PathBuf, Vec<u8>) {
    let ends = |file: &&(PathBuf, Vec<u8>)| file.0.to_string_lossy().ends_with(end);
    files().iter().find(ends).unwrap()
}

/// The database with other bytes in one file, and a manifest that gives its length.
pub(crate) fn with(path: &Path, bytes: Vec<u8>) -> Arc<MemVfs> {
    let mut files = files().clone();
    for file in &mut files {
        if file.0 == path {
            file.1.clone_from(&bytes);
        } else if file.0.ends_with("MANIFEST") && path.extension().is_some_and(|end| end == "seg") {
            file.1 = super::files::headed::with_length(&file.1, path, bytes.len());
        }
    }
    in_memory(DIR, &files)
}

pub(crate) fn in_memory(dir: &str, files: &Files) -> Arc<MemVfs> {
    let vfs = Arc::new(MemVfs::new());
    for folder in ["", "segments", "wal", "tmp"] {
        vfs.create_dir(&Path::new(dir).join(folder)).unwrap();
    }
    for (path, bytes) in files {
        let file = vfs
            .open(&Path::new(dir).join(path), OpenMode::CreateNew)
            .unwrap();
        file.write_all_at(bytes, 0).unwrap();
    }
    vfs
}

/// Opens a database, and searches it in every way if that succeeds.
pub(crate) fn open_and_ask(vfs: Arc<MemVfs>, untrusted: bool) -> Option<Lumos> {
    let options = Lumos::options().vfs(vfs).background(false).salt_seed(5);
    let options = match untrusted {
        true => options.untrusted(true),
        false => options.segment_access(SegmentAccess::Heap),
    };
    let db = options.open(DIR).ok()?;
    ask(&db);
    Some(db)
}

/// Errors are answers too; what counts is that there is one.
pub(crate) fn ask(db: &Lumos) {
    for name in db.collections() {
        let _ = db.count(&name);
        let _ = Store::scan(db, &name, &Scan::all().vectors(true));
        let _ = Store::get(db, &name, "k03");
        let Ok(docs) = db.existing_collection(&name) else {
            continue;
        };
        let near = || docs.search([1.0, 2.0].as_slice()).limit(40);
        let _ = near().run();
        let _ = near().exact().run();
        let _ = near().filter("n >= 3 AND on = true").run();
        let _ = docs.search(like("k01")).run();
        let _ = docs
            .search("number3 many")
            .keywords()
            .highlight("text")
            .run();
        let _ = docs.count_matching("n < 9");
    }
    let _ = db.kv_scan("state", &Scan::all());
    let _ = db.verify();
    let _ = db.doctor(&Checkup::new());
    let _ = db
        .changes(db.seqno().saturating_sub(2))
        .map(|changes| changes.take(9).count());
}
