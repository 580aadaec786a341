//! What writes an answer from passages: a chat model, in the layer above.

use std::error::Error as StdError;
use std::fmt::Debug;

use async_trait::async_trait;

/// What a generator is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Prompt {
    /// Instructions, for the system role. Holds nothing from documents.
    pub system: String,
    /// The numbered passages between delimiters, then the question, for the user role.
    pub user: String,
}

/// A model that writes answers.
#[async_trait]
pub trait Generator: Debug + Send + Sync + 'static {
    /// The model's name, recorded with its answers.
    fn name(&self) -> &str;

    /// Writes what the prompt asks for.
    ///
    /// # Errors
    /// Whatever the model or its service fails with.
    async fn generate(&self, prompt: &Prompt) -> Result<String, Box<dyn StdError + Send + Sync>>;
}
