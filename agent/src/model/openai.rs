//! A client of services that speak the OpenAI chat completions protocol.

use std::time::SystemTime;

use async_trait::async_trait;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response};
use serde_json::from_slice;

use super::delta::Deltas;
use super::wire::{WireReply, WireRequest};
use super::{ChatModel, ChatReply, ChatRequest, SseParser};
use crate::endpoint::Endpoint;
use crate::http::{self, HttpLimits};
use crate::retry::{self, RetryPolicy};
use crate::{Error, Result, Secret};

/// Bytes of an error answer that are read.
const MAX_ERROR: usize = 64 << 10;
/// Characters of what a provider says in an error that are shown.
const SHOWN: usize = 300;

/// A model behind an OpenAI-compatible HTTP service.
///
/// ```
/// # use lumos_agent::{ChatModel, OpenAi, Secret};
/// let model = OpenAi::new("https://api.example.com/v1", "some-model", Some(Secret::new("sk-1")))?;
/// assert_eq!(model.name(), "some-model");
/// # Ok::<(), lumos_agent::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct OpenAi {
    model: String,
    endpoint: Endpoint,
    key: Option<Secret>,
    client: Client,
    limits: HttpLimits,
    retry: RetryPolicy,
}

impl OpenAi {
    /// A model of the service at this base URL (`.../v1`), with a key if it wants one.
    ///
    /// # Errors
    /// [`Error::BaseUrl`] when the URL is neither https nor on this machine, or holds credentials;
    /// [`Error::Tls`] when the system has no CA certificates.
    pub fn new(base: &str, model: impl Into<String>, key: Option<Secret>) -> Result<Self> {
        Self::with_limits(base, model, key, HttpLimits::default())
    }

    /// The same with other limits of time and size.
    ///
    /// # Errors
    /// As [`OpenAi::new`].
    pub fn with_limits(
        base: &str,
        model: impl Into<String>,
        key: Option<Secret>,
        limits: HttpLimits,
    ) -> Result<Self> {
        let endpoint = Endpoint::parse(base)?;
        let client = http::client(&endpoint, &limits)?;
        Ok(OpenAi {
            model: model.into(),
            endpoint,
            key,
            client,
            limits,
            retry: RetryPolicy::default(),
        })
    }

    /// Sets when and how often failed requests are sent again.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    // Sends until an answer with status 200, a failure that no retry mends, or the last retry.
    async fn send(&self, request: &ChatRequest, stream: bool) -> Result<Response> {
        let body = serde_json::to_vec(&WireRequest::new(&self.model, request, stream))
            .map_err(|error| self.malformed(error.to_string()))?;
        for attempt in 0.. {
            let mut post = self
                .client
                .post(self.endpoint.url("chat/completions"))
                .header(CONTENT_TYPE, "application/json")
                .header(
                    ACCEPT,
                    if stream {
                        "text/event-stream"
                    } else {
                        "application/json"
                    },
                )
                .body(body.clone());
            if let Some(key) = &self.key {
                post = post.header(AUTHORIZATION, self.authorization(key)?);
            }
            let (error, asked) = match post.send().await {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => {
                    let status = response.status().as_u16();
                    let asked = response
                        .headers()
                        .get(RETRY_AFTER)
                        .and_then(|value| value.to_str().ok())
                        .and_then(|value| retry::retry_after(value, SystemTime::now()));
                    let error = self.refusal(status, asked, response).await;
                    if !RetryPolicy::retryable(status) {
                        return Err(error);
                    }
                    (error, asked)
                }
                // A request that was sent may have been answered and paid for: only a connection
                // that never came about is tried again.
                Err(source) if source.is_connect() => (http::network(&self.endpoint, source), None),
                Err(source) => return Err(http::network(&self.endpoint, source)),
            };
            match self.retry.wait(attempt, asked, retry::spread()) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
        Err(Error::Timeout {
            endpoint: self.endpoint.shown(),
        })
    }

    fn authorization(&self, key: &Secret) -> Result<HeaderValue> {
        let mut header =
            HeaderValue::from_str(&format!("Bearer {}", key.expose())).map_err(|_| {
                Error::InvalidKey {
                    endpoint: self.endpoint.shown(),
                }
            })?;
        header.set_sensitive(true);
        Ok(header)
    }

    async fn refusal(
        &self,
        status: u16,
        retry_after: Option<std::time::Duration>,
        mut response: Response,
    ) -> Error {
        let endpoint = self.endpoint.shown();
        if (300..400).contains(&status) {
            return Error::Redirect { endpoint, status };
        }
        let body = http::read_body(&self.endpoint, &mut response, MAX_ERROR).await;
        let detail = self.said(&body.unwrap_or_default());
        match status {
            401 | 403 => Error::Unauthorized {
                endpoint,
                status,
                detail,
            },
            429 => Error::RateLimited {
                endpoint,
                retry_after,
                detail,
            },
            _ => Error::Status {
                endpoint,
                status,
                detail,
            },
        }
    }

    // The message of an error body, short, on one line, and without the key.
    fn said(&self, body: &[u8]) -> String {
        let said = match from_slice::<WireReply>(body) {
            Ok(WireReply {
                error: Some(error), ..
            }) => error.message(),
            _ => String::new(),
        };
        self.clean(&said)
    }

    fn clean(&self, text: &str) -> String {
        // The key goes first: cut in two it would not be recognised.
        let text = match &self.key {
            Some(key) => key.redact(text),
            None => text.to_string(),
        };
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars()
            .filter(|c| !c.is_control())
            .take(SHOWN)
            .collect()
    }

    fn malformed(&self, detail: impl Into<String>) -> Error {
        Error::MalformedReply {
            endpoint: self.endpoint.shown(),
            detail: detail.into(),
        }
    }

    // Where JSON does not fit, but not what it says: it may repeat anything.
    fn unreadable(&self, error: &serde_json::Error) -> Error {
        let kind = match error.classify() {
            serde_json::error::Category::Data => "is of another shape than the protocol's",
            serde_json::error::Category::Eof => "ends too early",
            _ => "is no JSON",
        };
        self.malformed(format!(
            "it {kind} (line {}, column {})",
            error.line(),
            error.column()
        ))
    }

    fn checked(&self, reply: WireReply) -> Result<WireReply> {
        match &reply.error {
            // Some services report a failure with status 200.
            Some(error) if reply.choices.is_empty() => Err(Error::Status {
                endpoint: self.endpoint.shown(),
                status: 200,
                detail: self.clean(&error.message()),
            }),
            _ => Ok(reply),
        }
    }
}

#[async_trait]
impl ChatModel for OpenAi {
    fn name(&self) -> &str {
        &self.model
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatReply> {
        let mut response = self.send(request, false).await?;
        let body = http::read_body(&self.endpoint, &mut response, self.limits.max_bytes).await?;
        let reply = from_slice(&body).map_err(|error| self.unreadable(&error))?;
        self.checked(reply)?
            .into_reply()
            .map_err(|detail| self.malformed(detail))
    }

    async fn stream(
        &self,
        request: &ChatRequest,
        on_text: &mut (dyn for<'t> FnMut(&'t str) + Send),
    ) -> Result<ChatReply> {
        let mut response = self.send(request, true).await?;
        let (mut parser, mut deltas, mut taken) = (SseParser::new(), Deltas::default(), 0);
        let limit = self.limits.max_bytes;
        'pieces: while let Some(piece) =
            http::next_piece(&self.endpoint, &mut response, &mut taken, limit).await?
        {
            let events = parser.push(&piece).map_err(|over| Error::TooLarge {
                endpoint: self.endpoint.shown(),
                limit: over.limit,
            })?;
            for event in events {
                if event.data.trim() == "[DONE]" {
                    break 'pieces;
                }
                let piece =
                    serde_json::from_str(&event.data).map_err(|error| self.unreadable(&error))?;
                let text = deltas
                    .add(self.checked(piece)?)
                    .map_err(|detail| self.malformed(detail))?;
                if !text.is_empty() {
                    on_text(&text);
                }
            }
        }
        deltas.finish().map_err(|detail| self.malformed(detail))
    }
}
