//! Tools made by the macro.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use lumos_agent::schemars::{self, JsonSchema};
use lumos_agent::{Tool, ToolError, ToolOutput};
use lumos_macros::tool;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Adds numbers.
///
/// All of them.
#[tool(side_effects = false, crate = "lumos_agent")]
fn add(
    /// What to add
    numbers: Vec<i64>,
    /// Where to begin
    from: Option<i64>,
) -> i64 {
    numbers.iter().sum::<i64>() + from.unwrap_or(0)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Celsius,
    Kelvin,
}

#[derive(Debug, Serialize)]
struct Report {
    city: String,
    degrees: f64,
}

/// Current weather.
#[tool(
    name = "weather_report",
    untrusted = true,
    timeout = 5,
    crate = "lumos_agent"
)]
async fn weather(city: String, r#unit: Unit) -> Result<Report, String> {
    match (city.as_str(), unit) {
        ("", _) => Err("which city?".to_string()),
        (_, Unit::Celsius) => Ok(Report {
            city,
            degrees: 21.0,
        }),
        (_, Unit::Kelvin) => Ok(Report {
            city,
            degrees: 294.0,
        }),
    }
}

struct Shown;

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("shown")
    }
}

/// Shows.
#[tool(crate = "lumos_agent")]
async fn show() -> Shown {
    Shown
}

/// Does something and returns nothing.
#[tool(crate = "lumos_agent")]
fn act(settings: BTreeMap<String, bool>) {
    assert!(!settings.is_empty(), "as told");
}

async fn call(tool: impl AsRef<dyn Tool>, arguments: Value) -> Result<ToolOutput, ToolError> {
    tool.as_ref().call(arguments).await
}

#[tokio::test]
async fn the_function_stays_and_the_tool_does_the_same() {
    assert_eq!(add(vec![1, 2], Some(3)), 6);
    let tool = add_tool();
    assert_eq!(
        (tool.name(), tool.side_effects(), tool.untrusted()),
        ("add", false, false)
    );
    assert_eq!(tool.description(), "Adds numbers.\n\nAll of them.");
    let schema = tool.parameters();
    assert_eq!(schema["required"], json!(["numbers"]));
    assert_eq!(schema["properties"]["numbers"]["type"], "array");
    assert_eq!(
        schema["properties"]["from"]["description"],
        "Where to begin"
    );
    assert_eq!(schema["additionalProperties"], false);
    let sum = call(tool, json!({"numbers": [1, 2], "from": 3})).await;
    assert_eq!(sum, Ok(ToolOutput::text("6")));
    assert_eq!(
        call(add_tool(), json!({"numbers": []})).await,
        Ok(ToolOutput::text("0"))
    );
}

#[tokio::test]
async fn options_results_and_types_of_ones_own() {
    let tool = weather_tool();
    assert_eq!((tool.name(), tool.untrusted()), ("weather_report", true));
    assert_eq!(
        (tool.timeout(), tool.side_effects()),
        (Duration::from_secs(5), true)
    );
    assert_eq!(tool.parameters()["required"], json!(["city", "unit"]));
    let report = call(weather_tool(), json!({"city": "Oslo", "unit": "kelvin"}))
        .await
        .unwrap();
    assert_eq!(report.text, r#"{"city":"Oslo","degrees":294.0}"#);
    let error = call(weather_tool(), json!({"city": "", "unit": "celsius"}))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "which city?");
    assert!(weather("Rome".to_string(), Unit::Celsius).await.is_ok());
}

#[tokio::test]
async fn what_is_returned_is_serialised_or_displayed_or_nothing() {
    assert_eq!(
        call(show_tool(), json!({})).await,
        Ok(ToolOutput::text("shown"))
    );
    let done = call(act_tool(), json!({"settings": {"a": true}})).await;
    assert_eq!(done, Ok(ToolOutput::text("done")));
    // A function that blocks panics on its own thread.
    assert_eq!(
        call(act_tool(), json!({"settings": {}})).await,
        Err(ToolError::Panicked)
    );
}
