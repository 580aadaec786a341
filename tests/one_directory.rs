//! All layers in one directory: documents, state, files with citations, sessions of agents.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use lumos::agent::{Message, MockModel, MockStep};
use lumos::prelude::*;

/// Days of the week on which a city has a market.
#[tool(side_effects = false)]
fn market_days(city: String) -> Vec<&'static str> {
    match city.as_str() {
        "Oslo" => vec!["Tuesday", "Saturday"],
        _ => Vec::new(),
    }
}

/// A program that uses everything is stopped and started again: each layer finds what it left.
#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (data, notes) = (dir.path().join("data"), dir.path().join("notes"));
    std::fs::create_dir(&notes).unwrap();
    std::fs::write(
        notes.join("stall.md"),
        "# Stall\n\nThe stall opens at seven.\n",
    )
    .unwrap();
    {
        let db = Lumos::open(&data).unwrap();
        let facts = db.collection("facts").unwrap();
        facts
            .put(Doc::new("a").text("Rust is fast").vector([1.0, 0.0]))
            .unwrap();
        db.write(|tx| {
            tx.put(
                "facts",
                Doc::new("b").text("Snow is white").vector([0.0, 1.0]),
            )?;
            tx.kv("sync").set("cursor", 42)
        })
        .unwrap();
        let rag = Rag::new(&db).keywords_only().await.unwrap();
        assert_eq!(rag.add(&notes).await.unwrap().added, 1);
        let model = MockModel::script([
            MockStep::call("market_days", json!({"city": "Oslo"})),
            MockStep::call("search_documents", json!({"query": "stall opens"})),
            MockStep::say("On Tuesday and Saturday, from seven [1]."),
        ]);
        let agent = Agent::builder()
            .model(model)
            .tools(vec![market_days_tool(), rag.tool()])
            .memory(Memory::open(&db))
            .build();
        let reply = agent
            .session("ada")
            .chat("When is the market in Oslo?")
            .await
            .unwrap();
        assert!(
            reply.citations[0]
                .quote
                .ends_with("The stall opens at seven.")
        );
    }

    let db = lumos::vector::open(&data).await.unwrap();
    let facts = db.existing_collection("facts").unwrap();
    assert_eq!(facts.search([0.1, 1.0]).run().unwrap()[0].key(), "b");
    assert_eq!(facts.search("fast").run().unwrap()[0].key(), "a");
    assert_eq!(db.kv("sync").get::<u64>("cursor").unwrap(), Some(42));
    let rag = Rag::new(&db).keywords_only().await.unwrap();
    assert_eq!(rag.add(&notes).await.unwrap().unchanged, 1);
    let answer = rag.ask("When does the stall open?").await.unwrap();
    assert_eq!(answer.citations[0].lines, (3, 3));
    let said = Memory::open(&db).messages("ada").await.unwrap();
    assert_eq!(said.len(), 6);
    assert!(matches!(&said[2], Message::Tool(result) if result.content.contains("Saturday")));
    assert_eq!(
        db.collections(),
        ["docs", "facts"],
        "state of the layers is no collection"
    );
}

/// What fails in one layer of a transaction leaves nothing in the others.
#[test]
fn a_transaction_over_documents_and_state_is_one() {
    let db = Lumos::memory().unwrap();
    let docs = db.collection("docs").unwrap();
    docs.put(Doc::new("a").vector([1.0, 0.0])).unwrap();
    let failed = db.write(|tx| {
        tx.kv("sync").set("cursor", 1)?;
        tx.put("docs", Doc::new("b").text("searchable"))?;
        tx.put("docs", Doc::new("c").vector([1.0, 0.0, 0.0]))
    });
    assert_eq!(lumos::Error::from(failed.unwrap_err()).code(), "E2001");
    assert_eq!(docs.count().unwrap(), 1);
    assert!(docs.search("searchable").run().unwrap().is_empty());
    assert_eq!(db.kv("sync").get::<u64>("cursor").unwrap(), None);
}
