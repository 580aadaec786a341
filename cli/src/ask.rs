//! `lumos ask`: an answer with citations by file and line.

use clap::Args;
use lumos::rag::Answer;

use crate::context::{self, Context, DEFAULT_COLLECTION};
use crate::failure::{Failure, Outcome};
use crate::snippet;

/// Ask a question; the answer cites file and lines, and every quote was found there.
///
/// Without --model the answer is made of the passages that fit best. Exit code 1 when the
/// documents do not answer.
#[derive(Debug, Args)]
pub(crate) struct Ask {
    /// The question
    #[arg(value_name = "QUESTION")]
    question: String,
    /// The model that writes the answer, such as ollama/qwen3 or openai/gpt-4o-mini
    #[arg(long, value_name = "PROVIDER/NAME")]
    model: Option<String>,
    /// The collection
    #[arg(long, short, default_value = DEFAULT_COLLECTION)]
    collection: String,
}

impl Ask {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        if self.question.trim().is_empty() {
            return Err(lumos::rag::Error::EmptyQuestion.into());
        }
        let db = context.readable()?;
        let mut rag = context::documents(&db, &self.collection)?;
        if let Some(model) = &self.model {
            rag = rag.generator(lumos::agent::generator(model.as_str())?);
        }
        let rag = rag.open()?;
        let answer = context::block_on(async { Ok(rag.ask(self.question).await?) })?;
        print(&answer, context)?;
        if answer.found {
            Ok(())
        } else {
            Err(Failure::NotAnswered)
        }
    }
}

fn print(answer: &Answer, context: &mut Context) -> Outcome {
    if context.out.is_json() {
        return context.out.json(answer);
    }
    context.out.line(snippet::plain(&answer.text))?;
    if !answer.citations.is_empty() {
        context.out.line("")?;
    }
    let colour = context.out.colour();
    for citation in &answer.citations {
        let place = snippet::strong(&snippet::name(&citation.place()), colour);
        let quote = snippet::one_line(&citation.quote);
        let quote = snippet::dim(&format!("\"{quote}\""), colour);
        context
            .out
            .line(format!("[{}] {place}  {quote}", citation.number))?;
    }
    Ok(())
}
