//! The schema of a tool's arguments, put together from the types of a function.

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

/// Builds the JSON Schema of a tool's arguments.
///
/// ```
/// # use lumos_agent::Parameters;
/// let schema = Parameters::new()
///     .required::<String>("city", Some("The city's name"))
///     .optional::<u32>("days", None)
///     .build();
/// assert_eq!(schema["required"], serde_json::json!(["city"]));
/// assert_eq!(schema["properties"]["city"]["description"], "The city's name");
/// ```
#[derive(Debug)]
pub struct Parameters {
    generator: SchemaGenerator,
    properties: Map<String, Value>,
    required: Vec<String>,
}

impl Default for Parameters {
    fn default() -> Self {
        Parameters {
            generator: SchemaSettings::draft2020_12().into_generator(),
            properties: Map::new(),
            required: Vec::new(),
        }
    }
}

impl Parameters {
    /// No arguments yet.
    #[must_use]
    pub fn new() -> Self {
        Parameters::default()
    }

    /// An argument that must be given.
    #[must_use]
    pub fn required<T: JsonSchema>(mut self, name: &str, description: Option<&str>) -> Self {
        self.required.push(name.to_string());
        self.optional::<T>(name, description)
    }

    /// An argument that may be left out.
    #[must_use]
    pub fn optional<T: JsonSchema>(mut self, name: &str, description: Option<&str>) -> Self {
        let mut schema = self.generator.subschema_for::<T>();
        if let Some(description) = description {
            schema.insert("description".to_string(), Value::from(description));
        }
        self.properties.insert(name.to_string(), schema.to_value());
        self
    }

    /// The schema: an object that has no other fields.
    #[must_use]
    pub fn build(mut self) -> Value {
        let mut schema = json!({
            "type": "object",
            "properties": self.properties,
            "required": self.required,
            "additionalProperties": false,
        });
        let definitions = self.generator.take_definitions(true);
        if !definitions.is_empty()
            && let Some(schema) = schema.as_object_mut()
        {
            schema.insert("$defs".to_string(), Value::Object(definitions));
        }
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::validate;

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    #[serde(rename_all = "lowercase")]
    enum Unit {
        Celsius,
        Fahrenheit,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Stop {
        name: String,
        unit: Option<Unit>,
        next: Option<Box<Stop>>,
    }

    /// The generator and the validator are two halves of one thing: what types produce must be
    /// understood.
    #[test]
    fn schemas_of_types_accept_their_values_and_no_others() {
        let schema = Parameters::new()
            .required::<Vec<Stop>>("stops", Some("Where to"))
            .optional::<Option<u8>>("days", None)
            .optional::<Option<Unit>>("unit", None)
            .optional::<std::collections::BTreeMap<String, f64>>("weights", None)
            .build();
        for good in [
            json!({"stops": []}),
            json!({"stops": [{"name": "a", "next": {"name": "b", "unit": "celsius"}}]}),
            json!({"stops": [], "days": 7, "unit": null, "weights": {"x": 1}}),
        ] {
            assert_eq!(validate(&schema, &good), Ok(()), "{good}\n{schema:#}");
        }
        for bad in [
            json!({}),
            json!({"stops": [{}]}),
            json!({"stops": [{"name": "a", "next": {"name": 1}}]}),
            json!({"stops": [], "days": 256}),
            json!({"stops": [], "days": -1}),
            json!({"stops": [], "unit": "kelvin"}),
            json!({"stops": [], "weights": {"x": "y"}}),
        ] {
            assert!(validate(&schema, &bad).is_err(), "{bad}\n{schema:#}");
        }
    }

    #[test]
    fn a_tool_without_arguments_takes_an_empty_object() {
        let schema = Parameters::new().build();
        assert_eq!(validate(&schema, &json!({})), Ok(()));
        assert!(validate(&schema, &json!({"x": 1})).is_err());
    }
}
