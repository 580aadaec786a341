//! An agent with a tool, whose session goes on after the database was closed and opened again.
//!
//! The model is scripted, so that this runs without a network; `.model("ollama/qwen3")` or
//! `.model("openai/gpt-4o-mini")` is a real one.
//!
//! cargo run --example assistant

use lumos::agent::{MockModel, MockStep};
use lumos::prelude::*;

/// Current weather for a city.
#[tool]
async fn weather(city: String) -> Result<String> {
    Ok(format!("{city}: 21 C"))
}

fn assistant(db: &Lumos, steps: impl IntoIterator<Item = MockStep>) -> Agent {
    Agent::builder()
        .name("assistant")
        .model(MockModel::script(steps))
        .system_prompt("Be brief.")
        .tools(vec![weather_tool()])
        .memory(Memory::open(db))
        .build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("data");

    let db = Lumos::open(&path)?;
    let steps = [
        MockStep::call("weather", json!({"city": "Oslo"})),
        MockStep::say("21 degrees in Oslo."),
    ];
    println!(
        "{}",
        assistant(&db, steps)
            .session("alice")
            .chat("Weather in Oslo?")
            .await?
    );
    drop(db);

    let db = Lumos::open(&path)?;
    let steps = [MockStep::say("You asked about Oslo.")];
    println!(
        "{}",
        assistant(&db, steps)
            .session("alice")
            .chat("What did I ask?")
            .await?
    );
    Ok(())
}
