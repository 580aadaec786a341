//! Limits of names, keys and sizes.

use crate::{Error, Result};

/// Longest collection or key-space name, in bytes.
const MAX_NAME_BYTES: usize = 255;
/// Longest document key, in bytes.
const MAX_KEY_BYTES: usize = 512;
/// Largest document payload (metadata and texts as JSON, or a key-value value), in bytes.
pub(crate) const MAX_PAYLOAD_BYTES: usize = 64 << 20;
/// Largest vector, in numbers.
pub(crate) const MAX_DIMENSION: usize = 65_536;
/// Deepest nesting of metadata.
const MAX_META_DEPTH: usize = 64;

/// Checks a collection, key-space or field name.
pub(crate) fn check_name(argument: &'static str, name: &str) -> Result<()> {
    let bad = |detail: String| Err(Error::InvalidArgument { argument, detail });
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return bad(format!(
            "must have 1 to {MAX_NAME_BYTES} bytes, it has {}",
            name.len()
        ));
    }
    if name.chars().any(char::is_control) {
        return bad("must not hold control characters".to_string());
    }
    Ok(())
}

/// Checks a document or state key.
pub(crate) fn check_key(key: &str) -> Result<()> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Err(Error::InvalidArgument {
            argument: "key",
            detail: format!("must have 1 to {MAX_KEY_BYTES} bytes, it has {}", key.len()),
        });
    }
    Ok(())
}

/// Checks that metadata is not nested deeper than readers accept.
pub(crate) fn check_depth(meta: &serde_json::Map<String, serde_json::Value>) -> Result<()> {
    let mut level: Vec<&serde_json::Value> = meta.values().collect();
    for _ in 0..MAX_META_DEPTH {
        let mut next = Vec::new();
        for value in level {
            match value {
                serde_json::Value::Array(items) => next.extend(items.iter()),
                serde_json::Value::Object(map) => next.extend(map.values()),
                _ => {}
            }
        }
        if next.is_empty() {
            return Ok(());
        }
        level = next;
    }
    Err(Error::InvalidArgument {
        argument: "meta",
        detail: format!("is nested deeper than {MAX_META_DEPTH} levels"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_and_keys_have_limits() {
        assert!(check_name("collection", "a/b..").is_ok());
        assert!(check_name("collection", "").is_err());
        assert!(check_name("collection", "a\0b").is_err());
        assert!(check_name("collection", &"x".repeat(256)).is_err());
        assert!(check_key(&"x".repeat(512)).is_ok());
        assert!(check_key(&"x".repeat(513)).is_err());
    }

    #[test]
    fn deep_metadata_is_refused_before_it_is_stored() {
        let mut value = serde_json::Value::Null;
        for _ in 0..70 {
            value = serde_json::json!([value]);
        }
        let meta = serde_json::Map::from_iter([("a".to_string(), value)]);
        assert!(check_depth(&meta).is_err());
    }
}
