//! Arguments checked against the part of JSON Schema that argument types produce.

use std::fmt;

use serde_json::{Map, Value};

/// Depth of nested values and references that is followed.
const MAX_DEPTH: usize = 64;
/// Problems that are reported at once.
const MAX_PROBLEMS: usize = 8;

/// An argument that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArgumentError {
    /// Where, such as `address.lines[2]`; empty for the arguments as a whole.
    pub path: String,
    /// What is wrong with it.
    pub detail: String,
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.detail)
        } else {
            write!(f, "{}: {}", self.path, self.detail)
        }
    }
}

/// Checks a value against a schema: `type`, `properties`, `required`, `additionalProperties`,
/// `enum`, `const`, `items`, `prefixItems`, `minItems`, `maxItems`, `minimum`, `maximum`,
/// `minLength`, `maxLength`, `$ref` within the schema, `anyOf`, `oneOf` and `allOf`. Other keywords
/// say nothing.
///
/// # Errors
/// What does not fit, up to eight problems.
pub fn validate(schema: &Value, value: &Value) -> Result<(), Vec<ArgumentError>> {
    let mut check = Check {
        root: schema,
        problems: Vec::new(),
    };
    check.value(schema, value, "", 0);
    if check.problems.is_empty() {
        Ok(())
    } else {
        Err(check.problems)
    }
}

struct Check<'a> {
    root: &'a Value,
    problems: Vec<ArgumentError>,
}

impl<'a> Check<'a> {
    fn report(&mut self, path: &str, detail: impl Into<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(ArgumentError {
                path: path.to_string(),
                detail: detail.into(),
            });
        }
    }

    // Whether the value fits, without reporting.
    fn fits(&self, schema: &'a Value, value: &Value, depth: usize) -> Vec<ArgumentError> {
        let mut check = Check {
            root: self.root,
            problems: Vec::new(),
        };
        check.value(schema, value, "", depth);
        check.problems
    }

    fn value(&mut self, schema: &'a Value, value: &Value, path: &str, depth: usize) {
        if depth > MAX_DEPTH {
            self.report(path, format!("is nested deeper than {MAX_DEPTH} levels"));
            return;
        }
        let schema = match schema {
            Value::Object(schema) => schema,
            Value::Bool(false) => return self.report(path, "is not allowed"),
            _ => return,
        };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            match target(self.root, reference) {
                Some(target) => self.value(target, value, path, depth + 1),
                None => self.report(path, format!("has no schema at {reference}")),
            }
        }
        if let Some(kinds) = schema.get("type")
            && !has_kind(kinds, value)
        {
            // The rest would only repeat that it is of the wrong kind.
            let detail = format!("must be {}, not {}", kinds_text(kinds), shown(value));
            return self.report(path, detail);
        }
        if let Some(Value::Array(allowed)) = schema.get("enum")
            && !allowed.contains(value)
        {
            let list = allowed
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ");
            self.report(path, format!("must be one of {list}, not {}", shown(value)));
        }
        if let Some(only) = schema.get("const")
            && only != value
        {
            self.report(path, format!("must be {only}, not {}", shown(value)));
        }
        self.bounds(schema, value, path);
        if let Some(Value::Array(all)) = schema.get("allOf") {
            for part in all {
                self.value(part, value, path, depth + 1);
            }
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(Value::Array(choices)) = schema.get(keyword) {
                self.choices(choices, keyword == "oneOf", value, path, depth);
            }
        }
        match value {
            Value::Object(object) => self.object(schema, object, path, depth),
            Value::Array(items) => self.array(schema, items, path, depth),
            _ => {}
        }
    }

    fn choices(
        &mut self,
        choices: &'a [Value],
        exactly_one: bool,
        value: &Value,
        path: &str,
        depth: usize,
    ) {
        let (mut fitting, mut nearest): (usize, Option<Vec<ArgumentError>>) = (0, None);
        for choice in choices {
            let problems = self.fits(choice, value, depth + 1);
            if problems.is_empty() {
                fitting += 1;
                continue;
            }
            // A choice that agrees on the kind of value says best what is missing.
            let inner = problems.iter().all(|problem| !problem.path.is_empty());
            if nearest.is_none() || inner {
                nearest = Some(problems);
            }
        }
        if fitting == 0 {
            let nearest = nearest.unwrap_or_default();
            let why = nearest.first().map(ToString::to_string).unwrap_or_default();
            self.report(
                path,
                format!("fits none of its {} forms: {why}", choices.len()),
            );
        } else if exactly_one && fitting > 1 {
            self.report(path, "fits several of its forms, it must fit one");
        }
    }

    fn object(
        &mut self,
        schema: &'a Map<String, Value>,
        object: &Map<String, Value>,
        path: &str,
        depth: usize,
    ) {
        let empty = Map::new();
        let properties = match schema.get("properties") {
            Some(Value::Object(properties)) => Some(properties),
            _ => None,
        };
        if let Some(Value::Array(required)) = schema.get("required") {
            for name in required.iter().filter_map(Value::as_str) {
                if !object.contains_key(name) {
                    self.report(&join(path, name), "is missing");
                }
            }
        }
        for (name, value) in object {
            match properties.and_then(|known| known.get(name)) {
                Some(schema) => self.value(schema, value, &join(path, name), depth + 1),
                None => match schema.get("additionalProperties") {
                    Some(Value::Bool(false)) => {
                        let known: Vec<&str> = properties
                            .unwrap_or(&empty)
                            .keys()
                            .map(String::as_str)
                            .collect();
                        let known = match known.is_empty() {
                            true => "there are none".to_string(),
                            false => format!("there are: {}", known.join(", ")),
                        };
                        self.report(&join(path, name), format!("is unknown; {known}"));
                    }
                    Some(schema) => self.value(schema, value, &join(path, name), depth + 1),
                    None => {}
                },
            }
        }
    }

    fn array(&mut self, schema: &'a Map<String, Value>, items: &[Value], path: &str, depth: usize) {
        let prefix = match schema.get("prefixItems") {
            Some(Value::Array(prefix)) => prefix.as_slice(),
            _ => &[],
        };
        let rest = schema.get("items");
        for (n, item) in items.iter().enumerate() {
            if let Some(schema) = prefix.get(n).or(rest) {
                self.value(schema, item, &format!("{path}[{n}]"), depth + 1);
            }
            if self.problems.len() >= MAX_PROBLEMS {
                return;
            }
        }
    }

    fn bounds(&mut self, schema: &Map<String, Value>, value: &Value, path: &str) {
        let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
        let (what, size, low, high) = match value {
            Value::Number(number) => ("", number.as_f64(), limit("minimum"), limit("maximum")),
            Value::Array(items) => (
                " items",
                Some(items.len() as f64),
                limit("minItems"),
                limit("maxItems"),
            ),
            Value::String(text) => (
                " characters",
                Some(text.chars().count() as f64),
                limit("minLength"),
                limit("maxLength"),
            ),
            _ => return,
        };
        let Some(size) = size else { return };
        if let Some(low) = low.filter(|low| size < *low) {
            self.report(path, format!("must be at least {low}{what}, not {size}"));
        }
        if let Some(high) = high.filter(|high| size > *high) {
            self.report(path, format!("must be at most {high}{what}, not {size}"));
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_string()
    } else {
        format!("{path}.{name}")
    }
}

fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    root.pointer(reference.strip_prefix('#')?)
}

fn has_kind(kinds: &Value, value: &Value) -> bool {
    let fits = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => is_integer(value),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    match kinds {
        Value::String(kind) => fits(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(fits),
        _ => true,
    }
}

// Serde reads no integer out of `1.0`, so it does not count as one here either.
fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64()
}

fn kinds_text(kinds: &Value) -> String {
    let name = |kind: &str| match kind {
        "null" => "null".to_string(),
        "integer" | "array" | "object" => format!("an {kind}"),
        kind => format!("a {kind}"),
    };
    match kinds {
        Value::String(kind) => name(kind),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .map(name)
            .collect::<Vec<_>>()
            .join(" or "),
        other => other.to_string(),
    }
}

// The value itself when it is short, else its kind.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "an array".to_string(),
        Value::Object(_) => "an object".to_string(),
        value => {
            let text = value.to_string();
            if text.len() <= 40 {
                text
            } else {
                "a long string".to_string()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn problems(schema: Value, value: Value) -> Vec<String> {
        match validate(&schema, &value) {
            Ok(()) => Vec::new(),
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    }

    fn forecast() -> Value {
        json!({
            "type": "object",
            "properties": {
                "city": {"type": "string", "minLength": 1},
                "days": {"type": ["integer", "null"], "minimum": 0, "maximum": 14},
                "unit": {"$ref": "#/$defs/Unit"},
                "stops": {"type": "array", "items": {"$ref": "#/$defs/Stop"}, "maxItems": 2},
                "at": {"anyOf": [{"$ref": "#/$defs/Stop"}, {"type": "null"}]},
            },
            "required": ["city"],
            "additionalProperties": false,
            "$defs": {
                "Unit": {"type": "string", "enum": ["c", "f"]},
                "Stop": {"type": "object", "properties": {"name": {"type": "string"},
                    "at": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}],
                        "minItems": 2, "maxItems": 2}},
                    "required": ["name"], "additionalProperties": false},
            },
        })
    }

    #[test]
    fn arguments_that_fit_pass() {
        for value in [
            json!({"city": "Oslo"}),
            json!({"city": "Oslo", "days": null, "unit": "c"}),
            json!({"city": "Oslo", "days": 3, "stops": [{"name": "a", "at": [1, 2.5]}]}),
            json!({"city": "Oslo", "at": null}),
            json!({"city": "Oslo", "at": {"name": "x"}}),
        ] {
            assert_eq!(problems(forecast(), value.clone()), [""; 0], "{value}");
        }
    }

    /// Each message must tell a model enough to mend its call.
    #[test]
    fn each_problem_names_the_place_and_what_is_wanted() {
        let cases = [
            (json!([]), "must be an object, not an array"),
            (json!({}), "city: is missing"),
            (json!({"city": 5}), "city: must be a string, not 5"),
            (
                json!({"city": ""}),
                "city: must be at least 1 characters, not 0",
            ),
            (
                json!({"city": "O", "days": "3"}),
                "days: must be an integer or null, not \"3\"",
            ),
            (
                json!({"city": "O", "days": 1.0}),
                "days: must be an integer or null, not 1.0",
            ),
            (
                json!({"city": "O", "days": -1}),
                "days: must be at least 0, not -1",
            ),
            (
                json!({"city": "O", "days": 15}),
                "days: must be at most 14, not 15",
            ),
            (
                json!({"city": "O", "unit": "k"}),
                "unit: must be one of \"c\", \"f\", not \"k\"",
            ),
            (
                json!({"city": "O", "town": 1}),
                "town: is unknown; there are: at, city, days, stops, unit",
            ),
            (
                json!({"city": "O", "stops": [{"name": 1}]}),
                "stops[0].name: must be a string, not 1",
            ),
            (
                json!({"city": "O", "stops": [{}]}),
                "stops[0].name: is missing",
            ),
            (
                json!({"city": "O", "stops": [{"name": "a", "at": [1]}]}),
                "stops[0].at: must be at least 2 items, not 1",
            ),
            (
                json!({"city": "O", "stops": [{"name": "a", "at": [1, "x"]}]}),
                "stops[0].at[1]: must be a number, not \"x\"",
            ),
            (
                json!({"city": "O", "at": {}}),
                "at: fits none of its 2 forms: name: is missing",
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(problems(forecast(), value.clone()), [expected], "{value}");
        }
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let endless = json!({"$ref": "#"});
        assert!(problems(endless, json!(1))[0].contains("deeper than 64"));
        let list = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        let mut value = json!({});
        for _ in 0..100 {
            value = json!({"next": value});
        }
        assert!(problems(list, value)[0].contains("deeper than 64"));
    }

    #[test]
    fn problems_are_counted_out() {
        let schema = json!({"type": "array", "items": {"type": "string"}});
        let value = Value::Array(vec![json!(1); 10_000]);
        assert_eq!(problems(schema, value).len(), MAX_PROBLEMS);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[a-z$]{0,4}".prop_map(Value::from),
            Just(json!("object")),
            Just(json!("#/properties")),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let key = prop_oneof![
                Just("type".to_string()),
                Just("properties".to_string()),
                Just("$ref".to_string()),
                Just("required".to_string()),
                Just("anyOf".to_string()),
                Just("items".to_string()),
                Just("enum".to_string()),
                Just("additionalProperties".to_string()),
                "[a-c]",
            ];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::hash_map(key, inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_schema_and_value_give_an_answer(schema in any_json(), value in any_json()) {
            let _ = validate(&schema, &value);
        }
    }
}
