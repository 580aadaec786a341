//! The tables of docs/search.md show what is found: it is.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use lumos_engine::{Collection, Doc, Lumos, Result, ScoredKey};

const PAGE: &str = include_str!("../../docs/search.md");

/// The rows of the table with this head, by cells.
fn table(head: &str) -> Vec<Vec<&'static str>> {
    let (_, table) = PAGE.split_once(head).expect(head);
    let rows = table.lines().skip(1);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

/// What stands in a cell as code; a span may begin with two ticks to have one inside.
fn codes(cell: &str) -> Vec<&str> {
    if let Some(inner) = cell.strip_prefix("`` ") {
        return vec![inner.strip_suffix(" ``").unwrap()];
    }
    let spans = cell.split("`, `");
    spans.map(|span| span.trim_matches('`')).collect()
}

/// Runs each example of each row; `find` gives keys.
fn run(head: &str, least: usize, find: impl Fn(&str) -> Result<Vec<String>>) {
    let rows = table(head);
    assert!(rows.len() >= least, "{} rows below {head}", rows.len());
    for row in rows {
        let [written, _, finds] = row[..] else {
            panic!("{row:?}");
        };
        for example in codes(written) {
            let found = find(example).unwrap_or_else(|error| panic!("{example}: {error}"));
            assert_eq!(found.join(", "), finds, "{example}");
        }
    }
}

fn texts() -> Result<Collection> {
    let docs = Lumos::memory()?.collection("docs")?;
    for row in table("| key | title | text |\n") {
        let [key, title, text] = row[..] else {
            panic!("{row:?}");
        };
        docs.put(Doc::new(codes(key)[0]).text(text).with_text("title", title))?;
    }
    Ok(docs)
}

fn keys(found: Vec<ScoredKey>) -> Vec<String> {
    found.into_iter().map(|found| found.key).collect()
}

#[test]
fn marks_of_a_query_find_what_the_table_shows() -> Result<()> {
    let docs = texts()?;
    run("| written | means | finds of these |\n", 6, |query| {
        Ok(keys(docs.search(query).keywords().keys()?))
    });
    Ok(())
}

#[test]
fn the_strict_language_finds_what_the_table_shows() -> Result<()> {
    let docs = texts()?;
    run(
        "| written strictly | means | finds of these |\n",
        12,
        |query| Ok(keys(docs.search(query).strict().keys()?)),
    );
    Ok(())
}

#[test]
fn filters_match_what_the_table_shows() -> Result<()> {
    let docs = Lumos::memory()?.collection("docs")?;
    for row in table("| key | metadata |\n") {
        let [key, meta] = row[..] else {
            panic!("{row:?}");
        };
        let meta: serde_json::Value = serde_json::from_str(codes(meta)[0]).unwrap();
        docs.put(Doc::new(codes(key)[0]).meta(meta))?;
    }
    run("| filter | means | matches of these |\n", 24, |filter| {
        let page = docs.find(filter).run()?;
        let mut keys: Vec<String> = page.docs.into_iter().map(|doc| doc.key).collect();
        keys.sort_unstable();
        Ok(keys)
    });
    Ok(())
}
