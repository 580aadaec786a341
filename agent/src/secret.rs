//! A key that no text shows.

use std::fmt;

/// A key or password: it has no `Display` and no `Serialize`, and its `Debug` hides it.
///
/// ```
/// # use lumos_agent::Secret;
/// let key = Secret::new("sk-123");
/// assert_eq!(format!("{key:?}"), "Secret(hidden)");
/// ```
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps a key.
    pub fn new(key: impl Into<String>) -> Self {
        Secret(key.into().into_boxed_str())
    }

    /// The key itself, for the one place that puts it into a header.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The text without the key: a service may repeat what it was sent.
    pub(crate) fn redact(&self, text: &str) -> String {
        if self.0.is_empty() {
            text.to_string()
        } else {
            text.replace(&*self.0, "[key]")
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_is_taken_out_of_a_text() {
        let key = Secret::new("sk-canary");
        assert_eq!(key.redact("bad key sk-canary!"), "bad key [key]!");
        assert_eq!(Secret::new("").redact("as it is"), "as it is");
        assert!(!format!("{key:?}{:#?}", Some(&key)).contains("canary"));
    }
}
