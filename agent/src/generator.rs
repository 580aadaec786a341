//! A chat model as the writer of answers from passages.

use std::error::Error as StdError;
use std::sync::Arc;

use async_trait::async_trait;
use lumos_rag::{Generator, Prompt};

use crate::{ChatModel, ChatRequest, IntoModel, Message, Result};

/// Lets a chat model write the answers of a [`Rag`](lumos_rag::Rag).
///
/// ```
/// use lumos_agent::{MockModel, generator};
/// use lumos_engine::Lumos;
/// use lumos_rag::Rag;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let notes = tempfile::tempdir()?;
/// # std::fs::write(notes.path().join("keys.md"), "Rotate keys every ninety days.\n")?;
/// let script = ["Every ninety days [1].\nQUOTES\n[1] \"every ninety days\""];
/// let model = generator(MockModel::script(script))?;
/// let rag = Rag::new(&Lumos::memory()?).keywords_only().generator(model).await?;
/// rag.add(notes.path()).await?;
/// let answer = rag.ask("How often do I rotate keys?").await?;
/// assert_eq!(answer.citations[0].quote, "every ninety days");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`ModelSpec::resolve`](crate::ModelSpec::resolve).
pub fn generator(model: impl IntoModel) -> Result<Arc<dyn Generator>> {
    let model = model.into_model().resolve()?;
    Ok(Arc::new(ModelGenerator { model }))
}

#[derive(Debug)]
struct ModelGenerator {
    model: Arc<dyn ChatModel>,
}

#[async_trait]
impl Generator for ModelGenerator {
    fn name(&self) -> &str {
        self.model.name()
    }

    async fn generate(&self, prompt: &Prompt) -> Result<String, Box<dyn StdError + Send + Sync>> {
        let messages = vec![
            Message::system(prompt.system.as_str()),
            Message::user(prompt.user.as_str()),
        ];
        // The same passages should give the same answer.
        let request = ChatRequest::new(messages).temperature(Some(0.0));
        Ok(self.model.chat(&request).await?.text)
    }
}
