//! `lumos schema`: what a collection holds, and fields to add and to drop.

use clap::{Args, Subcommand};
use lumos::{CodesChoice, Collection, Element, FieldType, Metric, Schema, VectorField};
use serde_json::{Value, json};

use crate::context::{Context, DEFAULT_COLLECTION};
use crate::failure::{Failure, Outcome, Result};
use crate::snippet;

/// Types that need no more than their name, as they are written and shown.
const METADATA: [(&str, FieldType); 5] = [
    ("bool", FieldType::Bool),
    ("int", FieldType::Int),
    ("float", FieldType::Float),
    ("string", FieldType::Text),
    ("date", FieldType::Date),
];
const METRICS: [(&str, Metric); 6] = [
    ("cosine", Metric::Cosine),
    ("dot", Metric::Dot),
    ("l2", Metric::L2),
    ("l1", Metric::L1),
    ("hamming", Metric::Hamming),
    ("jaccard", Metric::Jaccard),
];
const ELEMENTS: [(&str, Element); 5] = [
    ("f32", Element::F32),
    ("f16", Element::F16),
    ("bf16", Element::Bf16),
    ("i8", Element::I8),
    ("bits", Element::Bits),
];
const TYPES: &str = "bool, int, float, string, date; text or text(ANALYZER); sparse; \
                     vector(N,METRIC) or vector(N,METRIC,ELEMENT); multi(N,METRIC)";

/// Show the schema of a collection, add fields to it, drop fields of it.
#[derive(Debug, Args)]
pub(crate) struct SchemaCommand {
    /// The collection
    #[arg(long, short, global = true, default_value = DEFAULT_COLLECTION)]
    collection: String,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the fields, one a line as NAME:TYPE (what is done without an action)
    Show,
    /// Add fields; the collection is created when missing
    Add {
        /// Such as year:int, title:text, image:vector(512,cosine), words:sparse
        #[arg(required = true, value_name = "NAME:TYPE")]
        fields: Vec<String>,
    },
    /// Drop fields: documents and searches do not show them any more; compact frees their bytes
    Drop {
        /// The fields
        #[arg(required = true, value_name = "NAME")]
        fields: Vec<String>,
    },
}

impl SchemaCommand {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        match &self.action {
            None | Some(Action::Show) => {
                let db = context.readable()?;
                show(&db.existing_collection(&self.collection)?, context)
            }
            Some(Action::Add { fields }) => {
                let added = fields
                    .iter()
                    .try_fold(Schema::new(), |schema, field| declare(schema, field))?;
                let db = context.writable()?;
                let collection = db.collection(&self.collection)?;
                collection.alter(|schema| schema.add(added))?;
                show(&collection, context)
            }
            Some(Action::Drop { fields }) => {
                let db = context.existing()?;
                let collection = db.existing_collection(&self.collection)?;
                collection.alter(|schema| {
                    fields
                        .iter()
                        .fold(schema, |schema, field| schema.drop_field(field))
                })?;
                show(&collection, context)
            }
        }
    }
}

/// Adds a field that is written as `NAME:TYPE`.
fn declare(mut schema: Schema, text: &str) -> Result<Schema> {
    let bad = |detail: String| Failure::argument("field", format!("\"{text}\" {detail}"));
    // A name may hold colons, a type does not.
    let split = text.rsplit_once(':').filter(|(name, _)| !name.is_empty());
    let Some((name, kind)) = split else {
        return Err(bad(format!("must be NAME:TYPE; types are {TYPES}")));
    };
    let (kind, arguments) = match kind.split_once('(') {
        None => (kind, Vec::new()),
        Some((kind, rest)) => match rest.strip_suffix(')') {
            Some(inside) if kind == "text" => (kind, vec![inside.trim()]),
            Some(inside) => (kind, inside.split(',').map(str::trim).collect()),
            None => return Err(bad("lacks a closing parenthesis".to_string())),
        },
    };
    if let Some((_, kind)) = METADATA.iter().find(|(known, _)| *known == kind)
        && arguments.is_empty()
    {
        return Ok(schema.field(name, *kind));
    }
    match (kind, &arguments[..]) {
        ("text", []) => Ok(schema.text_field(name)),
        ("text", [analyzer]) => {
            schema
                .texts
                .insert(name.to_string(), (*analyzer).to_string());
            Ok(schema)
        }
        ("sparse", []) => Ok(schema.sparse_field(name)),
        ("vector" | "multi", [dimension, metric, element @ ..]) if element.len() < 2 => {
            let dimension = dimension
                .parse()
                .map_err(|_| bad(format!("has \"{dimension}\" where a number is expected")))?;
            let metric = of(&METRICS, metric).map_err(&bad)?;
            let element = element.first().map(|name| of(&ELEMENTS, name));
            let element = element.transpose().map_err(&bad)?;
            let mut field =
                VectorField::new(dimension, metric).element(element.unwrap_or_default());
            if kind == "multi" {
                field = field.multi();
            }
            Ok(schema.vector_with(name, field))
        }
        _ => Err(bad(format!("has no known type; types are {TYPES}"))),
    }
}

fn of<T: Copy>(known: &[(&str, T)], name: &str) -> Result<T, String> {
    let found = known.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        format!(
            "has \"{name}\" where one of {} is expected",
            names.join(", ")
        )
    })
}

fn name_of<T: PartialEq>(known: &[(&'static str, T)], value: &T) -> &'static str {
    let found = known.iter().find(|(_, known)| known == value);
    found.map_or("unknown", |(name, _)| name)
}

/// The fields by name, each as it is written for `add`.
fn fields(schema: &Schema) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for (name, field) in &schema.vectors {
        let kind = if field.multi { "multi" } else { "vector" };
        let mut told = format!(
            "{kind}({},{}",
            field.dimension,
            name_of(&METRICS, &field.metric)
        );
        if field.element != Element::F32 {
            told = format!("{told},{}", field.element);
        }
        told.push(')');
        if field.codes != CodesChoice::Auto {
            told = format!("{told} codes {:?}", field.codes);
        }
        fields.push((name.clone(), told));
    }
    for name in schema.sparse.keys() {
        fields.push((name.clone(), "sparse".to_string()));
    }
    for (name, analyzer) in &schema.texts {
        let told = match analyzer.as_str() {
            "default" => "text".to_string(),
            analyzer => format!("text({analyzer})"),
        };
        fields.push((name.clone(), told));
    }
    for (name, kind) in &schema.fields {
        fields.push((name.clone(), name_of(&METADATA, kind).to_string()));
    }
    fields.sort();
    fields
}

fn show(collection: &Collection, context: &mut Context) -> Outcome {
    let schema = collection.schema()?;
    let fields = fields(&schema);
    let dropped = collection.dropped_fields()?;
    if context.out.is_json() {
        let list: Vec<Value> = fields
            .iter()
            .map(|(name, kind)| json!({ "name": name, "type": kind }))
            .collect();
        return context.out.json(&json!({
            "collection": collection.name(),
            "fields": list,
            "model": schema.model,
            "ttl_ms": schema.ttl_ms,
            "dropped": dropped,
        }));
    }
    for (name, kind) in &fields {
        context
            .out
            .line(format!("{}:{kind}", snippet::name(name)))?;
    }
    if fields.is_empty() {
        context.out.line("no fields are declared")?;
    }
    if let Some(model) = &schema.model {
        context
            .out
            .line(format!("embedded with {}", snippet::name(model)))?;
    }
    if !dropped.is_empty() {
        let names: Vec<String> = dropped.iter().map(|name| snippet::name(name)).collect();
        context.out.line(format!(
            "dropped, and in segments until they are merged (lumos compact): {}",
            names.join(", ")
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_shown_can_be_added() {
        let all = [
            "author.born:int",
            "draft:bool",
            "image:vector(512,cosine,f16)",
            "price:float",
            "site:string",
            "title:text(code)",
            "tokens:multi(128,dot)",
            "a:b:text",
            "vector:vector(3,l2)",
            "words:sparse",
            "written:date",
        ];
        let schema = all
            .iter()
            .try_fold(Schema::new(), |schema, field| declare(schema, field))
            .unwrap();
        let mut shown: Vec<String> = fields(&schema)
            .into_iter()
            .map(|(name, kind)| format!("{name}:{kind}"))
            .collect();
        shown.sort();
        let mut all = all.to_vec();
        all.sort_unstable();
        assert_eq!(shown, all);
    }

    #[test]
    fn what_is_no_field_is_refused_with_the_reason() {
        let cases = [
            ("year", "must be NAME:TYPE"),
            (":int", "must be NAME:TYPE"),
            ("year:integer", "has no known type"),
            ("year:int(4)", "has no known type"),
            ("v:vector(3)", "has no known type"),
            ("v:vector(x,dot)", "has \"x\" where a number is expected"),
            (
                "v:vector(3,angular)",
                "has \"angular\" where one of cosine, dot",
            ),
            ("v:vector(3,dot,f8)", "has \"f8\" where one of f32, f16"),
            ("v:vector(3,dot", "lacks a closing parenthesis"),
        ];
        for (text, reason) in cases {
            let message = declare(Schema::new(), text).unwrap_err().message();
            assert!(message.contains(reason), "{text}: {message}");
        }
    }
}
