//! Sessions in a store: one record a turn, and a head that turns are committed against.
//!
//! In the key space `lumos.sessions` the key `name` holds the head of a session, and the key
//! `name` + U+001F + the number of the turn in eight digits holds a turn. A turn is written in one
//! batch with its head, on the condition that the head is still the one that was read.

use std::sync::Arc;

use lumos_engine::{Batch, Error as StoreError, Scan, Store};
use lumos_rag::IntoStore;
use serde::{Deserialize, Serialize};
use serde_json::{from_slice, to_vec};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::turn::Turn;
use crate::{Error, Message, Result, StopReason, Usage};

const SPACE: &str = "lumos.sessions";
const SEPARATOR: char = '\u{1f}';
/// Longest name of a session, in bytes.
const MAX_NAME: usize = 200;
/// Estimated tokens of earlier turns that a model is sent, unless said otherwise.
const HISTORY_TOKENS: usize = 16_000;
const PAGE: usize = 256;

/// Where sessions are kept: a store, such as the database with the documents. Clones are cheap.
///
/// ```
/// use lumos_agent::{Agent, Memory};
/// use lumos_engine::Lumos;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> lumos_agent::Result<()> {
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("data");
/// let db = Lumos::open(&path)?;
/// let agent = Agent::builder().model("mock").memory(Memory::open(&db)).build();
/// agent.session("alice").chat("Hello").await?;
/// drop((agent, db));
///
/// let memory = Memory::open(&Lumos::open(&path)?);
/// assert_eq!(memory.messages("alice").await?.len(), 2);
/// memory.forget("alice").await?;
/// assert!(memory.sessions().await?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Memory {
    store: Arc<dyn Store>,
    history_tokens: usize,
}

/// The head of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Head {
    turns: u64,
    /// Whether it ever held text that nobody vouches for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    untrusted: bool,
    updated: String,
}

/// One turn.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    agent: String,
    messages: Vec<Message>,
    steps: usize,
    usage: Usage,
    stop_reason: StopReason,
    time: String,
}

/// What a session remembers at the start of a turn.
#[derive(Debug)]
pub(crate) struct Past {
    /// The newest turns that fit, oldest first.
    pub(crate) messages: Vec<Message>,
    head: Head,
    /// The head as it is stored.
    stored: Option<Vec<u8>>,
}

impl Past {
    pub(crate) fn is_untrusted(&self) -> bool {
        self.head.untrusted
    }
}

impl Memory {
    /// Sessions in this store.
    pub fn open(store: impl IntoStore) -> Memory {
        Memory {
            store: store.into_store(),
            history_tokens: HISTORY_TOKENS,
        }
    }

    /// How much of the earlier turns a model is sent, in estimated tokens (default 16,000). Whole turns
    /// are sent, the newest first; all are kept.
    #[must_use]
    pub fn history_tokens(mut self, tokens: usize) -> Memory {
        self.history_tokens = tokens;
        self
    }

    /// The names of all sessions, sorted.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn sessions(&self) -> Result<Vec<String>> {
        let store = Arc::clone(&self.store);
        blocking(move || {
            let mut names = Vec::new();
            each(&*store, "", |key, _| {
                if !key.contains(SEPARATOR) {
                    names.push(key);
                }
                Ok(())
            })?;
            Ok(names)
        })
        .await
    }

    /// All that was said in a session, oldest first; empty when there is no such session.
    ///
    /// # Errors
    /// [`Error::SessionName`], [`Error::Store`], [`Error::Stored`].
    pub async fn messages(&self, session: impl Into<String>) -> Result<Vec<Message>> {
        let session = session.into();
        check_name(&session)?;
        let store = Arc::clone(&self.store);
        blocking(move || {
            let mut messages = Vec::new();
            each(&*store, &format!("{session}{SEPARATOR}"), |key, value| {
                messages.extend(record(&key, &value)?.messages);
                Ok(())
            })?;
            Ok(messages)
        })
        .await
    }

    /// Deletes a session; one that does not exist is no error.
    ///
    /// # Errors
    /// [`Error::SessionName`], [`Error::Store`].
    pub async fn forget(&self, session: impl Into<String>) -> Result<()> {
        let session = session.into();
        check_name(&session)?;
        let store = Arc::clone(&self.store);
        blocking(move || {
            let mut batch = Batch::new();
            batch.kv_delete(SPACE, session.as_str());
            each(&*store, &format!("{session}{SEPARATOR}"), |key, _| {
                batch.kv_delete(SPACE, key);
                Ok(())
            })?;
            store.write(batch)?;
            Ok(())
        })
        .await
    }

    /// What a session remembers.
    pub(crate) async fn recall(&self, session: &str) -> Result<Past> {
        let store = Arc::clone(&self.store);
        let (session, budget) = (session.to_string(), self.history_tokens);
        blocking(move || {
            let stored = store.kv_get(SPACE, &session)?;
            let head = match &stored {
                None => Head::default(),
                Some(bytes) => from_slice(bytes).map_err(|source| Error::Stored {
                    what: "session",
                    key: session.clone(),
                    source,
                })?,
            };
            let mut turns = Vec::new();
            let mut tokens = 0;
            for number in (1..=head.turns).rev() {
                let key = turn_key(&session, number);
                // A turn below one that was forgotten is none of this session's.
                let Some(value) = store.kv_get(SPACE, &key)? else {
                    break;
                };
                let messages = record(&key, &value)?.messages;
                tokens += messages
                    .iter()
                    .map(Message::estimated_tokens)
                    .sum::<usize>();
                if tokens > budget {
                    break;
                }
                turns.push(messages);
            }
            let messages = turns.into_iter().rev().flatten().collect();
            Ok(Past {
                messages,
                head,
                stored,
            })
        })
        .await
    }

    /// Commits a turn, unless the session went on meanwhile.
    pub(crate) async fn keep(
        &self,
        session: &str,
        past: Past,
        agent: &str,
        turn: &Turn,
    ) -> Result<()> {
        let stored = |source| Error::Stored {
            what: "turn",
            key: session.to_string(),
            source,
        };
        let now = OffsetDateTime::now_utc()
            .format(&Rfc3339)
            .unwrap_or_default();
        let head = Head {
            turns: past.head.turns + 1,
            untrusted: turn.untrusted,
            updated: now.clone(),
        };
        let record = Record {
            agent: agent.to_string(),
            messages: turn.messages.clone(),
            steps: turn.reply.steps,
            usage: turn.reply.usage,
            stop_reason: turn.reply.stop_reason,
            time: now,
        };
        let key = turn_key(session, head.turns);
        let mut batch = Batch::new();
        batch
            .kv_expect(SPACE, session, past.stored)
            .kv_set(SPACE, session, to_vec(&head).map_err(stored)?)
            .kv_set(SPACE, key, to_vec(&record).map_err(stored)?);
        let (store, session) = (Arc::clone(&self.store), session.to_string());
        blocking(move || match store.write(batch) {
            Ok(_) => Ok(()),
            Err(StoreError::Conflict { .. }) => Err(Error::SessionConflict { session }),
            Err(error) => Err(error.into()),
        })
        .await
    }
}

fn turn_key(session: &str, number: u64) -> String {
    format!("{session}{SEPARATOR}{number:08}")
}

fn record(key: &str, value: &[u8]) -> Result<Record> {
    from_slice(value).map_err(|source| Error::Stored {
        what: "turn",
        key: key.to_string(),
        source,
    })
}

/// Visits every key with this prefix, a page at a time.
fn each(
    store: &dyn Store,
    prefix: &str,
    mut visit: impl FnMut(String, Vec<u8>) -> Result<()>,
) -> Result<()> {
    let mut scan = Scan::all().prefix(prefix).limit(PAGE);
    loop {
        let page = store.kv_scan(SPACE, &scan)?;
        let Some((last, _)) = page.last() else {
            return Ok(());
        };
        scan = scan.after(last.as_str());
        let full = page.len() == PAGE;
        for (key, value) in page {
            visit(key, value)?;
        }
        if !full {
            return Ok(());
        }
    }
}

pub(crate) fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Error::SessionName {
            name: name.chars().take(64).collect(),
        });
    }
    Ok(())
}

/// Runs what blocks on a thread for it.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|source| Error::Task { source })?
}
