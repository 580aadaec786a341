//! A commit that is in the log and cannot be applied, because a segment file is damaged while it is open.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::path::Path;

use lumos_engine::{Batch, Error, Lumos, Store};

/// Overwrites every segment file where it lies, under the maps that are open.
fn damage(dir: &Path) {
    for entry in std::fs::read_dir(dir.join("segments")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "seg") {
            let mut file = std::fs::File::options().write(true).open(&path).unwrap();
            let len = file.metadata().unwrap().len();
            file.write_all(&vec![0xff; len as usize]).unwrap();
        }
    }
}

/// The first change of a transaction was applied, the second met the damage: the first was published all the
/// same, and a flush wrote it to a file. A transaction is there whole or not at all.
#[test]
fn a_commit_that_cannot_be_applied_is_not_seen_in_part() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    let db = Lumos::options().background(false).open(&dir).unwrap();
    db.collection("old").unwrap().put(("a", "sealed")).unwrap();
    db.flush().unwrap();
    db.collection("new").unwrap().put(("b", "kept")).unwrap();
    let before = db.seqno();
    damage(&dir);

    let mut batch = Batch::new();
    batch.put("new", ("b", "half")).put("new", ("c", "half"));
    batch.put("old", ("a", "replaced"));
    let refused = Store::write(&db, batch).unwrap_err();
    assert!(
        matches!(refused, Error::Storage(_) | Error::Corruption { .. }),
        "{refused}"
    );

    let seen = || {
        let snapshot = db.snapshot();
        assert_eq!(snapshot.seqno(), before);
        assert_eq!(snapshot.count("new"), 1);
        let doc = snapshot.get("new", "b").unwrap().unwrap();
        assert_eq!(doc.text_field("text"), Some("kept"));
        assert_eq!(snapshot.get("new", "c").unwrap(), None);
    };
    seen();
    // What was not applied must not get into a file either.
    db.flush().unwrap_err();
    db.compact().unwrap_err();
    seen();
    // Writes stay refused, also those that have nothing to do with the damage.
    db.kv("state").set("k", 1).unwrap_err();
}
