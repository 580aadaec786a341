//! Documents with text, metadata and vectors: filtered, by keyword, and both ways.
//!
//! cargo run --example documents

use lumos::prelude::*;

fn main() -> Result<()> {
    let db = Lumos::memory()?;
    let books = db.collection("books")?;
    books.put_all([
        Doc::new("dune")
            .text("A desert planet, its spice, and those who fight for it")
            .vector([0.9, 0.1, 0.2])
            .meta(
                json!({"year": 1965, "genres": ["science fiction"], "author": {"name": "Herbert"}}),
            ),
        Doc::new("emma")
            .text("A clever young woman arranges the marriages of others")
            .vector([0.1, 0.9, 0.1])
            .meta(json!({"year": 1815, "genres": ["romance", "comedy"]})),
        Doc::new("solaris")
            .text("Scientists above an ocean planet that reads their minds")
            .vector([0.8, 0.2, 0.6])
            .meta(json!({"year": 1961, "genres": ["science fiction"]})),
    ])?;

    println!("near a vector, with a filter on an array and on a year:");
    let near = books.search([1.0, 0.0, 0.0]);
    for hit in near
        .filter("genres = 'science fiction' AND year < 1965")
        .run()?
    {
        println!("  {:.3} {}", hit.score, hit.key());
    }

    println!("the same filter as an expression, and a nested field:");
    let filter = field("genres")
        .eq("science fiction")
        .and(field("author.name").exists());
    println!("  {} match", books.count_matching(filter)?);

    println!("by keyword and by vector together, with the words marked:");
    for hit in books
        .search("planet")
        .vector([0.7, 0.2, 0.7])
        .hybrid()
        .highlight("text")
        .run()?
    {
        let piece = hit
            .highlights
            .first()
            .map(|piece| piece.marked("[", "]"))
            .unwrap_or_default();
        println!("  {:.3} {:8} {piece}", hit.score, hit.key());
    }
    Ok(())
}
