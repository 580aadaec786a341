//! Adding files: only what changed, and never half of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod double;

use std::fs;
use std::sync::Arc;

use double::{Hashing, all, write};
use lumos_engine::{FieldType, Lumos, Schema, Store};
use lumos_rag::Rag;
use tempfile::TempDir;

fn rag(db: &Lumos, embedder: &Arc<Hashing>) -> Rag {
    Rag::new(db)
        .embedder(Arc::clone(embedder) as _)
        .open()
        .unwrap()
}

/// Two Markdown files and a folder of text.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write(
        &at.join("keys.md"),
        &keys_md("Rotate keys every ninety days."),
    );
    write(
        &at.join("logs.md"),
        "# Logs\n\nA torn tail is cut off when the store opens.\n",
    );
    write(
        &at.join("deep/notes.txt"),
        "Snow is white and grass is green.\n",
    );
    folder
}

/// Two sections, each long enough for a chunk of its own.
fn keys_md(first: &str) -> String {
    let more =
        "Whoever is in doubt asks the security team, which answers on the same day. ".repeat(6);
    format!("# Keys\n\n{first} {more}\n\n# Loss\n\nRevoke lost keys. {more}\n")
}

/// A passage that was removed by hand came back only when its file was edited.
#[test]
fn adding_again_brings_back_what_was_removed_or_replaced_by_hand() {
    let (db, model, folder) = (
        Lumos::memory().unwrap(),
        Arc::new(Hashing::new("h")),
        folder(),
    );
    let rag = rag(&db, &model);
    rag.add(folder.path()).run().unwrap();
    let before = all(&db, "docs");
    let docs = db.collection("docs").unwrap();
    docs.delete(before[0].key.as_str()).unwrap();
    docs.put((before[3].key.as_str(), "something else"))
        .unwrap();
    let report = rag.add(folder.path()).run().unwrap();
    assert_eq!(
        (report.changed, report.unchanged, report.embedded),
        (2, 1, 0),
        "{report:?}"
    );
    assert_eq!(all(&db, "docs"), before);
}

#[test]
fn adding_again_changes_and_embeds_nothing() {
    let (db, model, folder) = (
        Lumos::memory().unwrap(),
        Arc::new(Hashing::new("h")),
        folder(),
    );
    let rag = rag(&db, &model);
    let report = rag.add(folder.path()).run().unwrap();
    assert_eq!(
        (report.added, report.chunks, report.embedded),
        (3, 4, 4),
        "{report:?}"
    );
    assert_eq!(model.take(), 4);
    let before = all(&db, "docs");
    assert!(before.iter().all(|doc| doc.vectors.len() == 1));

    let report = rag.add(folder.path()).run().unwrap();
    assert_eq!((report.added, report.changed, report.unchanged), (0, 0, 3));
    assert_eq!((report.embedded, report.cached, report.chunks), (0, 0, 0));
    assert_eq!(model.take(), 0);
    assert_eq!(all(&db, "docs"), before);
}

#[test]
fn a_changed_file_is_replaced_and_only_its_new_text_is_embedded() {
    let (db, model, folder) = (
        Lumos::memory().unwrap(),
        Arc::new(Hashing::new("h")),
        folder(),
    );
    let rag = rag(&db, &model);
    rag.add(folder.path()).run().unwrap();
    model.take();
    let keys = folder.path().join("keys.md");
    write(&keys, &keys_md("Rotate keys every thirty days."));
    let report = rag.add(folder.path()).run().unwrap();
    assert_eq!(
        (report.changed, report.unchanged, report.removed),
        (1, 2, 0)
    );
    assert_eq!(
        (report.embedded, report.cached),
        (1, 1),
        "the second section is known"
    );
    assert_eq!(model.take(), 1);

    write(&keys, "# Keys\n\nThere are none.\n");
    rag.add(folder.path()).run().unwrap();
    let docs = all(&db, "docs");
    let of_keys: Vec<&str> = docs
        .iter()
        .filter(|doc| doc.key.contains("keys.md"))
        .filter_map(|doc| doc.text_field("text"))
        .collect();
    assert_eq!(
        of_keys.len(),
        1,
        "chunks that are no more are gone: {of_keys:?}"
    );
    assert!(of_keys[0].contains("There are none."));
}

#[test]
fn what_is_gone_is_removed_but_only_from_the_places_added() {
    let (db, model) = (Lumos::memory().unwrap(), Arc::new(Hashing::new("h")));
    let (one, two) = (folder(), folder());
    let rag = rag(&db, &model);
    rag.add_all([one.path(), two.path()]).run().unwrap();
    assert_eq!(all(&db, "docs").len(), 8);
    fs::remove_file(one.path().join("logs.md")).unwrap();
    fs::remove_dir_all(two.path().join("deep")).unwrap();
    let report = rag.add(one.path()).run().unwrap();
    assert_eq!((report.removed, report.unchanged), (1, 2));
    assert_eq!(
        all(&db, "docs").len(),
        7,
        "nothing is known of the other folder"
    );
    let report = rag.add(two.path().join("keys.md")).run().unwrap();
    assert_eq!((report.removed, report.unchanged), (0, 1));
    let report = rag.add(two.path()).run().unwrap();
    assert_eq!(report.removed, 1);
    assert_eq!(all(&db, "docs").len(), 6);
}

#[test]
fn text_is_found_by_keyword_before_it_is_embedded_and_embedded_later() {
    let (db, folder) = (Lumos::memory().unwrap(), folder());
    let keywords = Rag::new(&db).keywords_only().open().unwrap();
    let report = keywords.add(folder.path()).run().unwrap();
    assert_eq!((report.added, report.embedded), (3, 0));
    assert!(
        keywords.search("torn tail", 3).run().unwrap()[0]
            .key()
            .contains("logs.md")
    );

    let model = Arc::new(Hashing::new("h"));
    let report = rag(&db, &model).add(folder.path()).run().unwrap();
    assert_eq!((report.unchanged, report.embedded), (3, 4));
    let hits = rag(&db, &model).search("torn tail", 3).run().unwrap();
    assert!(hits[0].vector_rank.is_some() && hits[0].text_rank.is_some());
}

#[test]
fn a_file_that_is_no_text_is_skipped_with_a_reason_and_the_others_go_in() {
    let (db, model, folder) = (
        Lumos::memory().unwrap(),
        Arc::new(Hashing::new("h")),
        folder(),
    );
    fs::write(folder.path().join("image.md"), b"\x89PNG\0\0\0").unwrap();
    fs::write(folder.path().join("latin.txt"), b"caf\xe9").unwrap();
    let report = rag(&db, &model).add(folder.path()).run().unwrap();
    assert_eq!(report.added, 3);
    assert_eq!(report.skipped.len(), 2);
    assert!(report.skipped[0].0.ends_with("image.md"));
    assert!(
        report
            .skipped
            .iter()
            .all(|(_, reason)| reason.contains("is not")),
        "{report:?}"
    );

    // A text that turns into something else is no longer cited.
    fs::write(folder.path().join("logs.md"), b"\0\0").unwrap();
    let report = rag(&db, &model).add(folder.path()).run().unwrap();
    assert_eq!((report.removed, report.skipped.len()), (1, 3));
    assert!(
        all(&db, "docs")
            .iter()
            .all(|doc| !doc.key.contains("logs.md"))
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_now_keeps_what_is_stored_of_it() {
    use std::os::unix::fs::PermissionsExt;
    let (db, model, folder) = (
        Lumos::memory().unwrap(),
        Arc::new(Hashing::new("h")),
        folder(),
    );
    rag(&db, &model).add(folder.path()).run().unwrap();
    let closed = folder.path().join("deep");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let readable_anyway = fs::read_dir(&closed).is_ok(); // Whoever is root may read all.
    let report = rag(&db, &model).add(folder.path()).run().unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(report.removed, 0);
    assert_eq!(report.skipped.len(), usize::from(!readable_anyway));
    assert_eq!(all(&db, "docs").len(), 4);
}

#[test]
fn a_place_that_does_not_exist_is_an_error_and_removes_nothing() {
    let (db, model, folder) = (
        Lumos::memory().unwrap(),
        Arc::new(Hashing::new("h")),
        folder(),
    );
    rag(&db, &model).add(folder.path()).run().unwrap();
    fs::remove_dir_all(folder.path()).unwrap();
    let error = rag(&db, &model).add(folder.path()).run().unwrap_err();
    assert_eq!(error.code(), "E3101");
    assert_eq!(all(&db, "docs").len(), 4);
}

#[test]
fn another_model_is_refused_before_anything_is_written() {
    let (db, folder) = (Lumos::memory().unwrap(), folder());
    let one = rag(&db, &Arc::new(Hashing::new("one")));
    let two = rag(&db, &Arc::new(Hashing::new("two")));
    one.add(folder.path()).run().unwrap();
    write(&folder.path().join("new.md"), "Something new.\n");
    assert_eq!(two.add(folder.path()).run().unwrap_err().code(), "E2001");
    assert_eq!(two.search("keys", 3).run().unwrap_err().code(), "E2001");
    let model = Arc::new(Hashing::new("two"));
    assert_eq!(
        Rag::new(&db).embedder(model).open().unwrap_err().code(),
        "E2001"
    );
    assert_eq!(all(&db, "docs").len(), 4);
}

#[test]
fn lines_of_a_corpus_are_documents_and_a_bad_line_is_told_by_its_place() {
    let (db, model) = (Lumos::memory().unwrap(), Arc::new(Hashing::new("h")));
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("corpus.jsonl");
    write(
        &corpus,
        "{\"_id\": \"d1\", \"title\": \"Keys\", \"text\": \"Rotate them.\", \"year\": 2026}\n\
         {\"_id\": \"d2\", \"text\": 7}\n\n\
         not json\n\
         {\"_id\": \"d1\", \"text\": \"again\"}\n\
         {\"_id\": \"d3\", \"text\": \"Snow is white.\"}\n",
    );
    let rag = rag(&db, &model);
    let report = rag.add(folder.path()).run().unwrap();
    assert_eq!((report.added, report.embedded), (2, 2));
    let reasons: Vec<&str> = report
        .skipped
        .iter()
        .map(|(_, reason)| reason.as_str())
        .collect();
    let path = fs::canonicalize(&corpus).unwrap();
    for (reason, start) in
        reasons
            .iter()
            .zip([":2: \"text\"", ":4: not a JSON object", ":5: \"_id\""])
    {
        assert!(
            reason.starts_with(&format!("{}{start}", path.display())),
            "{reason}"
        );
    }
    assert_eq!(reasons.len(), 3);
    let doc = Store::get(&db, "docs", "d1").unwrap().unwrap();
    assert_eq!(doc.text_field("text"), Some("Rotate them."));
    assert_eq!(doc.text_field("title"), Some("Keys"));
    assert_eq!(
        (&doc.meta["year"], &doc.meta["first_line"]),
        (&2026.into(), &1.into())
    );

    let report = rag.add(folder.path()).run().unwrap();
    assert_eq!(
        (report.unchanged, report.added, report.skipped.len()),
        (2, 0, 3),
        "told again"
    );
    write(
        &corpus,
        "{\"_id\": \"d3\", \"text\": \"Snow is black.\"}\n{\"_id\": \"d4\", \"text\": \"New.\"}\n",
    );
    let report = rag.add(folder.path()).run().unwrap();
    assert_eq!((report.changed, report.added, report.removed), (1, 1, 1));
    assert_eq!(report.skipped, []);
    let keys: Vec<String> = all(&db, "docs").into_iter().map(|doc| doc.key).collect();
    assert_eq!(keys, ["d3", "d4"]);
    assert_eq!(rag.add(folder.path()).run().unwrap().unchanged, 2);
    fs::remove_file(&corpus).unwrap();
    assert_eq!(rag.add(folder.path()).run().unwrap().removed, 2);
    assert!(all(&db, "docs").is_empty());
}

#[test]
fn what_the_schema_refuses_is_skipped_and_the_rest_of_its_page_goes_in() {
    let (db, model) = (Lumos::memory().unwrap(), Arc::new(Hashing::new("h")));
    let schema = Schema::new().field("year", FieldType::Int);
    Store::ensure_collection(&db, "docs", &schema).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let lines = "{\"_id\": \"a\", \"text\": \"one\", \"year\": 1}\n\
        {\"_id\": \"b\", \"text\": \"two\", \"year\": \"2\"}\n\
        {\"_id\": \"c\", \"text\": \"three\", \"year\": 3}\n";
    write(&folder.path().join("corpus.jsonl"), lines);
    let report = rag(&db, &model).add(folder.path()).run().unwrap();
    assert_eq!(
        (report.added, report.embedded, report.skipped.len()),
        (2, 2, 1)
    );
    assert!(
        report.skipped[0].1.contains(".jsonl:2: field \"year\""),
        "{report:?}"
    );
}

#[test]
fn json_lines_that_are_no_corpus_are_text_and_the_kind_may_change() {
    let (db, model) = (Lumos::memory().unwrap(), Arc::new(Hashing::new("h")));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let rag = rag(&db, &model);
    write(&path, "{\"event\": \"opened the store\"}\n");
    assert_eq!(rag.add(folder.path()).run().unwrap().added, 1);
    assert!(all(&db, "docs")[0].key.ends_with("log.jsonl#0"));
    write(&path, "{\"_id\": \"x\", \"text\": \"opened the store\"}\n");
    rag.add(folder.path()).run().unwrap();
    let keys = |db| {
        all(db, "docs")
            .into_iter()
            .map(|doc| doc.key)
            .collect::<Vec<String>>()
    };
    assert_eq!(keys(&db), ["x"]);
    write(&path, "{\"event\": \"closed the store\"}\n");
    rag.add(folder.path()).run().unwrap();
    assert_eq!(keys(&db).len(), 1);
    assert!(keys(&db)[0].ends_with("log.jsonl#0"));
}

#[test]
fn what_is_excluded_is_left_out() {
    let (db, model, folder) = (
        Lumos::memory().unwrap(),
        Arc::new(Hashing::new("h")),
        folder(),
    );
    let deep = folder.path().join("deep");
    let report = rag(&db, &model)
        .add(folder.path())
        .exclude(&deep)
        .exclude("/no/such")
        .run()
        .unwrap();
    assert_eq!(report.added, 2);
}
