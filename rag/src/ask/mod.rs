//! Answers: made of quotes, or written by a model and checked against its passages.

mod answer;
mod extract;
mod generator;
mod passage;
mod prompt;
mod reply;
mod sentence;
mod stem;
mod stop;
mod terms;

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use lumos_engine::IntoFilter;

pub use answer::Answer;
pub use generator::{Generator, Prompt};

use self::extract::Evidence;
use crate::rag::{Rag, blocking};
use crate::retrieve::Retrieve;
use crate::{Error, Result};

/// Passages that an answer is looked for in, unless said otherwise.
const PASSAGES: usize = 12;

/// A question about to be answered: await it.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked until this is awaited"]
pub struct Ask {
    retrieve: Retrieve,
    rag: Rag,
    question: String,
    generator: Option<Arc<dyn Generator>>,
}

impl Ask {
    pub(crate) fn new(rag: Rag, question: String) -> Self {
        let retrieve = rag
            .search(question.as_str(), PASSAGES)
            .keywords(terms::keywords(&question));
        let generator = rag.generator();
        Ask {
            retrieve,
            rag,
            question,
            generator,
        }
    }

    /// Answers only from passages whose metadata matches: a string or an expression.
    pub fn filter(mut self, filter: impl IntoFilter) -> Self {
        self.retrieve = self.retrieve.filter(filter);
        self
    }

    /// Looks for the answer in this many passages (default 12).
    pub fn passages(mut self, passages: usize) -> Self {
        self.retrieve = self.retrieve.limit(passages);
        self
    }

    /// What writes the answer (default that of the [`Rag`]).
    pub fn generator(mut self, generator: Arc<dyn Generator>) -> Self {
        self.generator = Some(generator);
        self
    }

    /// Answers.
    async fn answer(self) -> Result<Answer> {
        let Ask {
            retrieve,
            rag,
            question,
            generator,
        } = self;
        // What asks nothing that a keyword could be made of is not looked for.
        if terms::keywords(&question).is_empty() {
            return Err(Error::EmptyQuestion);
        }
        let quote = generator.is_none();
        let asked = question.clone();
        let found = blocking(move || {
            let (hits, vector) = retrieve.run_with_vector()?;
            let evidence = Evidence::new(&asked, hits);
            if !evidence.is_strong() {
                return Ok(Found::Nothing);
            }
            if !quote {
                return Ok(Found::Passages(evidence));
            }
            let embedder = match &vector {
                Some(_) => rag.query_embedder()?,
                None => None,
            };
            let sight = embedder.as_deref().zip(vector.as_deref());
            Ok(Found::Quotes(evidence.quote(sight)?))
        })
        .await?;
        match (found, generator) {
            (Found::Quotes(answer), _) => Ok(answer),
            (Found::Passages(evidence), Some(generator)) => {
                let passages = prompt::fitting(evidence.passages);
                let prompt = prompt::prompt(&question, &passages);
                let reply =
                    generator
                        .generate(&prompt)
                        .await
                        .map_err(|source| Error::Generator {
                            model: generator.name().to_string(),
                            source,
                        })?;
                Ok(reply::checked(&reply, &passages, generator.name()))
            }
            // Without good passages no model is asked: it could only guess.
            (_, generator) => {
                let model = generator.map(|generator| generator.name().to_string());
                Ok(Answer::not_found(model, 0))
            }
        }
    }
}

/// What was found.
enum Found {
    Nothing,
    Quotes(Answer),
    Passages(Evidence),
}

impl IntoFuture for Ask {
    type Output = Result<Answer>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    /// Answers; what blocks runs on a blocking thread.
    ///
    /// The future fails with [`Error::EmptyQuestion`], with [`Error::Engine`] as a search does, and with
    /// [`Error::Generator`] when the model does.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.answer())
    }
}
