//! A conversation under a name.

use std::sync::Arc;

use crate::agent::Setup;
use crate::memory::check_name;
use crate::turn::{self, OnText};
use crate::{Message, Reply, Result};

/// A conversation that goes on where it stopped, in this process or another. Each turn is one commit.
#[derive(Debug, Clone)]
pub struct Session {
    setup: Arc<Setup>,
    name: String,
}

impl Session {
    pub(crate) fn new(setup: Arc<Setup>, name: String) -> Self {
        Session { setup, name }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Answers, and commits the turn: the question, the calls of tools with their results, the answer.
    /// When this fails or is cancelled, nothing of the turn was written.
    ///
    /// # Errors
    /// As [`Agent::chat`](crate::Agent::chat), and [`Error::SessionName`](crate::Error::SessionName);
    /// [`Error::SessionConflict`](crate::Error::SessionConflict) when another turn of the session was
    /// committed meanwhile; [`Error::Store`](crate::Error::Store).
    pub async fn chat(&self, text: impl Into<String>) -> Result<Reply> {
        self.turn(text.into(), None).await
    }

    /// The same, and hands over the text piece by piece as the model writes it, also of steps that go
    /// on to call tools.
    ///
    /// # Errors
    /// As [`Session::chat`].
    pub async fn stream(
        &self,
        text: impl Into<String>,
        mut on_text: impl FnMut(&str) + Send,
    ) -> Result<Reply> {
        self.turn(text.into(), Some(&mut on_text)).await
    }

    async fn turn(&self, text: String, on_text: Option<OnText<'_>>) -> Result<Reply> {
        check_name(&self.name)?;
        let memory = self.setup.memory()?;
        let past = memory.recall(&self.name).await?;
        let turn = turn::run(
            &self.setup,
            &past.messages,
            past.is_untrusted(),
            &text,
            on_text,
        )
        .await?;
        memory
            .keep(&self.name, past, self.setup.name(), &turn)
            .await?;
        Ok(turn.reply)
    }

    /// All that was said, oldest first; empty for a session that has not begun.
    ///
    /// # Errors
    /// [`Error::SessionName`](crate::Error::SessionName), [`Error::Store`](crate::Error::Store),
    /// [`Error::Stored`](crate::Error::Stored).
    pub async fn messages(&self) -> Result<Vec<Message>> {
        self.setup.memory()?.messages(self.name.as_str()).await
    }
}
