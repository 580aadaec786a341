//! `lumos chat`: a conversation with a model that can look things up in the store.

use std::io::{self, BufRead, IsTerminal};

use clap::Args;
use lumos::agent::{Agent, Memory, ModelSpec, RagTool, Session};
use serde_json::json;

use crate::context::{self, Context, DEFAULT_COLLECTION};
use crate::failure::{Failure, Outcome, Result};
use crate::snippet;

const SYSTEM_PROMPT: &str = "You answer questions about the user's documents. Search them before \
you answer, name the file and the lines you rely on, and say so when they do not answer.";

/// Talk with a model that can search the documents.
///
/// The model is --model, else $LUMOS_MODEL, else OpenAI's with $OPENAI_API_KEY, or whatever is
/// served at $OPENAI_BASE_URL. Each turn is committed to the session.
#[derive(Debug, Args)]
pub(crate) struct Chat {
    /// What to say; without it, one message a line of standard input
    #[arg(value_name = "MESSAGE")]
    message: Option<String>,
    /// The session, which goes on where it stopped
    #[arg(long, default_value = "default", value_name = "NAME")]
    session: String,
    /// The model, such as ollama/qwen3 or openai/gpt-4o-mini
    #[arg(long, value_name = "PROVIDER/NAME")]
    model: Option<String>,
    /// The collection to search
    #[arg(long, short, default_value = DEFAULT_COLLECTION)]
    collection: String,
}

impl Chat {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let model = self
            .model
            .map_or(ModelSpec::Environment, ModelSpec::Named)
            .resolve()?;
        let db = context.writable()?;
        let mut agent = Agent::builder()
            .name("chat")
            .model(model)
            .system_prompt(SYSTEM_PROMPT)
            .memory(Memory::open(&db));
        if db.collections().contains(&self.collection) {
            let rag = context::documents(&db, &self.collection)?.open()?;
            agent = agent.tools(vec![rag.tool()]);
        }
        let session = agent.build().session(&self.session);
        match self.message {
            Some(message) => context::block_on(say(&session, &message, context)),
            None => context::block_on(converse(&session, context)),
        }
    }
}

/// One message a line until the input ends.
async fn converse(session: &Session, context: &mut Context) -> Outcome {
    let by_hand = io::stdin().is_terminal();
    let mut line = String::new();
    loop {
        if by_hand {
            context.out.prompt("> ")?;
        }
        line.clear();
        let read = io::stdin().lock().read_line(&mut line);
        if read.map_err(|source| Failure::read("standard input".as_ref(), source))? == 0 {
            if by_hand {
                context.out.line("")?;
            }
            return Ok(());
        }
        if line.trim().is_empty() {
            continue;
        }
        match say(session, line.trim(), context).await {
            // A person can try again or quit; a script must be told.
            Err(failure) if by_hand && !failure.is_closed_pipe() => failure.report(false),
            outcome => outcome?,
        }
    }
}

async fn say(session: &Session, message: &str, context: &mut Context) -> Result<()> {
    let reply = session.chat(message).await?;
    if context.out.is_json() {
        context
            .out
            .json(&json!({ "session": session.name(), "text": reply.to_string() }))?;
    } else {
        context.out.line(snippet::plain(&reply.to_string()))?;
    }
    context.out.finish()
}
