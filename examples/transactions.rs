//! One commit over two collections and the key-value space; a snapshot that does not move.
//!
//! cargo run --example transactions

use lumos::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("shop.db");
    let db = Lumos::open(&path)?;

    db.collection("stock")?
        .put(Doc::new("lamp").meta(json!({"left": 2})))?;
    let before = db.snapshot();

    // Reads in a transaction keep others out until it commits, so the last lamp is sold once.
    let order = db.write(|tx| {
        let mut lamp = tx.get("stock", "lamp")?.unwrap_or_default();
        let left = lamp
            .meta
            .get("left")
            .and_then(|left| left.as_i64())
            .unwrap_or(0);
        lamp = lamp.field("left", left - 1);
        tx.put("stock", lamp)?;
        let number = tx.kv("counters").get::<u64>("orders")?.unwrap_or(0) + 1;
        tx.kv("counters").set("orders", number)?;
        tx.put(
            "orders",
            Doc::new(format!("order-{number}")).text("one lamp"),
        )?;
        Ok(number)
    })?;
    println!("order {order} placed");

    let left = |doc: Option<Doc>| doc.and_then(|doc| doc.meta.get("left").cloned());
    println!("left then: {:?}", left(before.get("stock", "lamp")?));
    println!("left now:  {:?}", left(db.snapshot().get("stock", "lamp")?));

    // A transaction that fails leaves nothing behind.
    let failed = db.write(|tx| {
        tx.put("orders", Doc::new("order-2"))?;
        tx.put("orders", Doc::new("")) // An empty key is refused at the commit.
    });
    println!(
        "refused: {}",
        failed
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    );
    println!("orders: {}", db.collection("orders")?.count()?);

    drop((db, before));
    println!(
        "reopened: {} orders",
        Lumos::open(&path)?.collection("orders")?.count()?
    );
    Ok(())
}
