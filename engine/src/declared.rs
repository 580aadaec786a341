//! Whether metadata is what the schema declares.

use lumos_index::path_keys;
use serde_json::{Map, Value};

use crate::{Error, FieldType, Result};

/// Checks what lies at the path of a declared field: a key, or keys joined by dots into nested objects.
/// An array is looked into, at every level; what is not there or null is of any type.
pub(crate) fn check(
    key: &str,
    path: &str,
    kind: FieldType,
    meta: &Map<String, Value>,
) -> Result<()> {
    let keys = path_keys(path);
    let Some((first, rest)) = keys.split_first() else {
        return Ok(());
    };
    let fault = meta.get(first).and_then(|value| fault(value, rest, kind));
    match fault {
        None => Ok(()),
        Some(value) => Err(Error::FieldType {
            key: key.to_string(),
            field: path.to_string(),
            expected: expected(kind),
            got: name_of(value),
        }),
    }
}

/// The first value at the path that does not fit.
fn fault<'v>(value: &'v Value, keys: &[String], kind: FieldType) -> Option<&'v Value> {
    match (value, keys.split_first()) {
        (Value::Null, _) => None,
        (Value::Object(object), Some((key, rest))) => fault(object.get(key)?, rest, kind),
        // Metadata is at most 64 levels deep.
        (Value::Array(items), Some(_)) => items.iter().find_map(|item| fault(item, keys, kind)),
        // The path leads on, but there is no object: what is here is another field.
        (_, Some(_)) => None,
        (Value::Array(items), None) => match items.iter().all(|item| fits(item, kind)) {
            true => None,
            false => Some(value),
        },
        (_, None) => (!fits(value, kind)).then_some(value),
    }
}

fn fits(value: &Value, kind: FieldType) -> bool {
    match kind {
        FieldType::Bool => value.is_boolean(),
        FieldType::Int => value.is_i64() || value.is_u64(),
        FieldType::Float => value.is_number(),
        FieldType::Text => value.is_string(),
        FieldType::Date => value.as_str().is_some_and(lumos_index::is_date),
    }
}

fn expected(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Bool => "true or false",
        FieldType::Int => "a whole number",
        FieldType::Float => "a number",
        FieldType::Text => "a string",
        FieldType::Date => "an RFC 3339 date",
    }
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_fields_are_checked_at_their_path() {
        let cases = [
            (json!({"a": {"b": 1}}), true),
            (json!({"a": {"b": [1, 2]}}), true),
            (json!({"a": [{"b": 1}, {"c": "x"}, {"b": null}]}), true),
            (json!({"a": 3}), true),
            (json!({"b": "x", "a.b": "x"}), true),
            (json!({"a": {"b": "x"}}), false),
            (json!({"a": {"b": {"c": 1}}}), false),
            (json!({"a": {"b": [1, "x"]}}), false),
            (json!({"a": [{"b": 1}, {"b": 1.5}]}), false),
        ];
        for (meta, ok) in cases {
            let outcome = check("k", "a.b", FieldType::Int, meta.as_object().unwrap());
            assert_eq!(outcome.is_ok(), ok, "{meta}");
        }
        let meta = json!({"a": {"b": "x"}});
        let error = check("k", "a.b", FieldType::Int, meta.as_object().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "field \"a.b\" of document \"k\" must be a whole number, it is a string"
        );
    }
}
