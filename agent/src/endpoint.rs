//! Where a provider is, checked before a key is sent there.

use std::net::IpAddr;

use reqwest::Url;

use crate::{Error, Result};

/// A base URL that may be given a key: https, or http on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    base: Url,
    loopback: bool,
}

impl Endpoint {
    /// Reads and checks a base URL such as `https://api.openai.com/v1`.
    pub(crate) fn parse(base: &str) -> Result<Endpoint> {
        let refuse = |endpoint: String, detail| Err(Error::BaseUrl { endpoint, detail });
        let Ok(mut base) = Url::parse(base.trim()) else {
            return refuse("(unreadable)".to_string(), "it is no URL");
        };
        // A user name, password, query or fragment may hold a key; it must not reach a message.
        let shown = shown(&base);
        if !base.username().is_empty() || base.password().is_some() {
            return refuse(shown, "it holds a user name or password");
        }
        if base.fragment().is_some() || base.query().is_some() {
            return refuse(shown, "it holds a query or fragment");
        }
        let Some(host) = base.host_str() else {
            return refuse(shown, "it has no host");
        };
        let loopback = is_loopback(host);
        match base.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return refuse(shown, "http would send the key in clear text"),
            _ => return refuse(shown, "only https and http are known"),
        }
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        Ok(Endpoint { base, loopback })
    }

    /// The URL of a path below the base, such as `chat/completions`.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        url
    }

    /// Whether the service runs on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Scheme, host and port, for messages.
    pub(crate) fn shown(&self) -> String {
        shown(&self.base)
    }
}

fn shown(url: &Url) -> String {
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    format!(
        "{}://{}{port}",
        url.scheme(),
        url.host_str().unwrap_or_default()
    )
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback(),
        Ok(IpAddr::V6(address)) => address.is_loopback(),
        Err(_) => bare.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_are_put_below_the_base_with_or_without_a_slash() {
        for base in ["https://api.example.com/v1", "https://api.example.com/v1/"] {
            let endpoint = Endpoint::parse(base).unwrap();
            assert_eq!(
                endpoint.url("chat/completions").as_str(),
                "https://api.example.com/v1/chat/completions"
            );
            assert_eq!(endpoint.shown(), "https://api.example.com");
        }
    }

    /// A key in clear text crosses every network on the way.
    #[test]
    fn clear_text_is_refused_unless_it_stays_on_this_machine() {
        for base in [
            "http://localhost:11434/v1",
            "http://127.0.0.1:1/",
            "http://[::1]:8/v1",
        ] {
            assert!(Endpoint::parse(base).unwrap().is_loopback(), "{base}");
        }
        for base in [
            "http://api.example.com/v1",
            "http://localhost.example.com/v1",
            "http://127.0.0.1.example.com/",
            "http://[::ffff:10.0.0.1]/",
            "http://0.0.0.0/v1",
            "ftp://localhost/",
            "file:///etc/passwd",
            "nonsense",
            "",
        ] {
            assert!(Endpoint::parse(base).is_err(), "{base}");
        }
    }

    /// A key pasted into the URL must not come back in the message that refuses it.
    #[test]
    fn credentials_in_the_url_are_refused_and_not_repeated() {
        for base in [
            "https://sk-canary@api.example.com/v1",
            "https://user:sk-canary@api.example.com/v1",
            "https://api.example.com/v1?key=sk-canary",
            "https://api.example.com/v1#sk-canary",
            "sk-canary",
        ] {
            let error = Endpoint::parse(base).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("canary"),
                "{error:?}"
            );
        }
    }
}
