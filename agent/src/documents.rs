//! Documents as a tool: the model searches them and cites what it found.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use lumos_rag::{Citation, Rag};
use serde_json::{Value, json};

use crate::tool::{Passage, Tool, ToolError, ToolOutput};

/// Passages of a search, unless the model asks for another number.
const PASSAGES: u64 = 5;
/// Most passages of a search.
const MAX_PASSAGES: u64 = 20;

/// Makes a tool of indexed documents.
pub trait RagTool {
    /// A tool `search_documents` that searches them. Its output counts as untrusted.
    ///
    /// ```
    /// use lumos_agent::{Agent, MockModel, MockStep, RagTool};
    /// use lumos_engine::Lumos;
    /// use lumos_rag::Rag;
    /// use serde_json::json;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let notes = tempfile::tempdir()?;
    /// # std::fs::write(notes.path().join("keys.md"), "Rotate keys every ninety days.\n")?;
    /// let rag = Rag::new(&Lumos::memory()?).keywords_only().await?;
    /// rag.add(notes.path()).await?;
    /// let model = MockModel::script([
    ///     MockStep::call("search_documents", json!({"query": "rotate keys"})),
    ///     MockStep::say("Every ninety days [1]."),
    /// ]);
    /// let agent = Agent::builder().model(model).tools(vec![rag.tool()]).build();
    /// let reply = agent.chat("How often do I rotate keys?").await?;
    /// assert_eq!(reply.citations[0].quote, "Rotate keys every ninety days.");
    /// # Ok(())
    /// # }
    /// ```
    fn tool(&self) -> Arc<dyn Tool>;
}

impl RagTool for Rag {
    fn tool(&self) -> Arc<dyn Tool> {
        let parameters = json!({
            "type": "object",
            "properties": {
                "query": {
                    "type": "string",
                    "minLength": 1,
                    "description": "What to look for: a question or keywords",
                },
                "passages": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_PASSAGES,
                    "description": format!("How many passages (default {PASSAGES})"),
                },
            },
            "required": ["query"],
            "additionalProperties": false,
        });
        Arc::new(SearchDocuments {
            rag: self.clone(),
            parameters,
        })
    }
}

#[derive(Debug)]
struct SearchDocuments {
    rag: Rag,
    parameters: Value,
}

#[async_trait]
impl Tool for SearchDocuments {
    fn name(&self) -> &str {
        "search_documents"
    }

    fn description(&self) -> &str {
        "Searches the user's documents. Returns numbered passages with file and lines; point to \
         those you use by number in brackets, such as [1]."
    }

    fn parameters(&self) -> &Value {
        &self.parameters
    }

    fn side_effects(&self) -> bool {
        false
    }

    fn untrusted(&self) -> bool {
        true
    }

    async fn call(&self, arguments: Value) -> Result<ToolOutput, ToolError> {
        let query = arguments
            .get("query")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let wanted = arguments
            .get("passages")
            .and_then(Value::as_u64)
            .unwrap_or(PASSAGES);
        let limit = usize::try_from(wanted.min(MAX_PASSAGES)).unwrap_or(1);
        let hits = self
            .rag
            .search(query, limit)
            .await
            .map_err(ToolError::failed)?;
        if hits.is_empty() {
            return Ok(ToolOutput::text("Nothing was found."));
        }
        let passages = hits
            .iter()
            .map(|hit| {
                let citation = Citation::of(0, &hit.doc);
                let text = citation.quote.clone();
                Passage::new(citation, text)
            })
            .collect();
        Ok(ToolOutput::passages(passages))
    }
}
