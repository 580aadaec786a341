//! Keeping a database: doctor, backup, restore, export, import, as a user types them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use program::Program;

fn filled() -> Program {
    let lumos = Program::new();
    let lines: Vec<String> = (0..50)
        .map(|n| {
            format!("{{\"key\": \"k{n}\", \"text\": \"number{n} of many\", \"vector\": [{n}, 1]}}")
        })
        .collect();
    lumos.feed(lines.join("\n"), ["put"]);
    lumos.ok(["compact"]);
    lumos.ok(["rm", "k7"]);
    lumos
}

#[test]
fn a_backup_is_restored_where_db_says() {
    let lumos = filled();
    let out = lumos.ok(["backup", "copy"]);
    assert!(
        out.starts_with("commit ") && out.contains("shared with the original"),
        "{out}"
    );
    lumos.ok(["rm", "k8"]);
    let out = lumos.ok(["--db", "again.db", "restore", "copy"]);
    assert!(
        out.starts_with("commit ") && !out.contains("shared"),
        "{out}"
    );
    assert_eq!(lumos.ok(["--db", "again.db", "count"]), "49\n");
    assert_eq!(lumos.ok(["count"]), "48\n");
    // Nothing is overwritten, and what is missing is said.
    for arguments in [
        &["restore", "copy"][..],
        &["backup", "copy"],
        &["--db", "new.db", "restore", "nothing"],
        &["--db", "nothing.db", "backup", "elsewhere"],
    ] {
        let run = lumos.run(arguments);
        assert_eq!(run.code, Some(1), "{arguments:?}: {run:?}");
        assert!(run.stderr.starts_with("error[E"), "{run:?}");
    }
}

#[test]
fn the_doctor_says_healthy_or_what_is_wrong() {
    let lumos = filled();
    assert_eq!(
        lumos.ok(["doctor"]),
        "healthy: 1 segment, 50 rows, 0 graphs examined\n"
    );
    let recall = lumos.ok(["doctor", "--recall"]);
    assert!(
        recall.contains("docs, vector: recall@10 1.000 over"),
        "{recall}"
    );
    lumos.write("lumos.db/segments/00000099.seg", "stray");
    let run = lumos.run(["doctor"]);
    assert_eq!(
        run.code,
        Some(0),
        "a reader does not know what a writer is about: {run:?}"
    );
    // Opening for writing removes what an interrupted merge left.
    assert!(lumos.ok(["doctor", "--fix"]).starts_with("healthy"));
    let report = &lumos.json(["doctor", "--json"])[0];
    assert_eq!(report["findings"].as_array().unwrap().len(), 0);
    assert_eq!(report["segments"], 1);
}

#[test]
fn what_is_exported_is_imported() {
    let lumos = filled();
    let out = lumos.ok(["export", "all.jsonl"]);
    assert_eq!(out, "1 collection, 49 documents and 0 values exported\n");
    assert_eq!(
        lumos.run(["export", "all.jsonl"]).code,
        Some(1),
        "it exists"
    );
    let out = lumos.ok(["--db", "new.db", "import", "all.jsonl"]);
    assert_eq!(out, "1 collection, 49 documents and 0 values imported\n");
    let (ours, theirs) = (lumos.ok(["export"]), lumos.ok(["--db", "new.db", "export"]));
    assert_eq!(ours, theirs);
    assert_eq!(ours.lines().count(), 50);
    let run = lumos.feed("{\"key\": 1}\n", ["import"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("error[E2010]: line 1 of the import:"),
        "{run:?}"
    );
    assert_eq!(
        lumos.run(["--db", "x.db", "import", "nothing.jsonl"]).code,
        Some(1)
    );
}
