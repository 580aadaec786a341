//! A folder of notes: indexed, searched and asked, with citations by file and line.
//!
//! cargo run --example notes

use lumos::prelude::*;

const KEYS: &str = "# Keys\n\nRotate keys every ninety days with the rotate command.\n";
const TRAINS: &str = "# Trains\n\nThe night train to Vienna leaves at ten in the evening.\n";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let notes = dir.path().join("notes");
    std::fs::create_dir(&notes)?;
    std::fs::write(notes.join("keys.md"), KEYS)?;
    std::fs::write(notes.join("trains.md"), TRAINS)?;

    let db = Lumos::open(dir.path().join("data"))?;
    let rag = Rag::new(&db).await?;
    println!("{}", rag.add(&notes).await?);
    println!("again: {}", rag.add(&notes).await?);

    println!("by meaning, without a word in common:");
    for hit in rag.search("railway timetable", 1).await? {
        println!("  {:.3} {}", hit.score, hit.text());
    }

    for question in [
        "How often should I rotate keys?",
        "Who won the chess tournament?",
    ] {
        println!("{question}");
        let answer = rag.ask(question).await?;
        println!("  {}", answer.text);
        for citation in &answer.citations {
            println!(
                "  [{}] line {}: {:?}",
                citation.number, citation.lines.0, citation.quote
            );
        }
    }
    Ok(())
}
