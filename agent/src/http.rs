//! The one place that makes HTTP clients: time limits, no redirects, no proxies, one TLS stack.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Response, redirect};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::endpoint::Endpoint;
use crate::{Error, Result};

/// How long a provider may take and how much it may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpLimits {
    /// To open a connection (default 10 s).
    pub connect: Duration,
    /// Between two pieces of an answer (default 60 s).
    pub idle: Duration,
    /// From the request to the end of the answer (default 10 min).
    pub total: Duration,
    /// Bytes in an answer (default 16 MiB).
    pub max_bytes: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        HttpLimits {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(600),
            max_bytes: 16 << 20,
        }
    }
}

impl HttpLimits {
    /// Between two pieces of an answer (default 60 s).
    #[must_use]
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// From the request to the end of the answer (default 10 min).
    #[must_use]
    pub fn total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// Bytes in an answer (default 16 MiB).
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }
}

/// A client for one endpoint.
pub(crate) fn client(endpoint: &Endpoint, limits: &HttpLimits) -> Result<Client> {
    Client::builder()
        .connect_timeout(limits.connect)
        .read_timeout(limits.idle)
        .timeout(limits.total)
        .pool_idle_timeout(limits.idle)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .https_only(!endpoint.is_loopback())
        .user_agent(concat!("lumos/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls(endpoint)?)
        .build()
        .map_err(|source| network(endpoint, source))
}

// The provider is passed along rather than installed for the process: that choice is the program's.
fn tls(endpoint: &Endpoint) -> Result<ClientConfig> {
    let detail = |error: rustls::Error| Error::Tls {
        detail: error.to_string(),
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(detail)?;
    // A machine without CA certificates can still talk to a model of its own.
    let builder = if endpoint.is_loopback() {
        builder.with_root_certificates(RootCertStore::empty())
    } else {
        builder.with_platform_verifier().map_err(detail)?
    };
    Ok(builder.with_no_client_auth())
}

/// A failure of the HTTP client as an error that names the endpoint and no more of the URL.
pub(crate) fn network(endpoint: &Endpoint, source: reqwest::Error) -> Error {
    let endpoint = endpoint.shown();
    if source.is_timeout() {
        return Error::Timeout { endpoint };
    }
    Error::Network {
        endpoint,
        source: source.without_url(),
    }
}

/// The next piece of an answer; `taken` counts the bytes so far against the limit.
pub(crate) async fn next_piece(
    endpoint: &Endpoint,
    response: &mut Response,
    taken: &mut usize,
    limit: usize,
) -> Result<Option<Vec<u8>>> {
    let Some(piece) = response
        .chunk()
        .await
        .map_err(|source| network(endpoint, source))?
    else {
        return Ok(None);
    };
    *taken = taken.saturating_add(piece.len());
    if *taken > limit {
        return Err(Error::TooLarge {
            endpoint: endpoint.shown(),
            limit,
        });
    }
    Ok(Some(piece.to_vec()))
}

/// A whole answer, up to the limit.
pub(crate) async fn read_body(
    endpoint: &Endpoint,
    response: &mut Response,
    limit: usize,
) -> Result<Vec<u8>> {
    let (mut body, mut taken) = (Vec::new(), 0);
    while let Some(piece) = next_piece(endpoint, response, &mut taken, limit).await? {
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The build has no default TLS provider, so a client that forgets to pass one would panic.
    #[test]
    fn a_client_can_be_made_for_this_machine_without_certificates() {
        let endpoint = Endpoint::parse("http://127.0.0.1:1/v1").unwrap();
        client(&endpoint, &HttpLimits::default()).unwrap();
    }
}
