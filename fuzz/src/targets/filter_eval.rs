//! Filters over columns in memory and in bytes find what a naive reader of the documents finds.

use std::cmp::Ordering;

use lumos_index::{Filter, FilterRows, MemoryColumns, SealedColumns, eval};
use ownedbytes::OwnedBytes;
use serde_json::{Map, Value, json};

use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let test = node(&mut input, 3);
    let mut docs: Vec<Map<String, Value>> = Vec::new();
    while !input.is_empty() && docs.len() < 20 {
        let pairs = (0..input.below(3) + 1).map(|_| (name(&mut input), stored(&mut input, 2)));
        docs.push(pairs.collect());
    }
    let mut memory = MemoryColumns::new();
    for (row, doc) in docs.iter().enumerate() {
        memory.add(row as u32, doc);
    }
    let rows = docs.len() as u32;
    let text = test.text();
    let filter = Filter::parse(&text).unwrap();
    let expected: Vec<u32> = (0..rows)
        .filter(|row| test.holds(&docs[*row as usize]))
        .collect();
    let found: Vec<u32> = eval(&filter, &FilterRows::new(&memory, rows))
        .iter()
        .collect();
    assert_eq!(found, expected, "{text} over {docs:?}");
    let sealed = SealedColumns::open(OwnedBytes::new(memory.encode(rows)), rows).unwrap();
    let found: Vec<u32> = eval(&filter, &FilterRows::new(&sealed, rows))
        .iter()
        .collect();
    assert_eq!(found, expected, "{text} over sealed {docs:?}");
}

enum Node {
    Compare(Vec<&'static str>, &'static str, Value),
    Exists(Vec<&'static str>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
}

const OPERATORS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];
const NAMES: [&str; 3] = ["a", "b", "c d"];

fn node(input: &mut Input<'_>, depth: u8) -> Node {
    let kinds = if depth == 0 { 4 } else { 8 };
    let inner = |input: &mut Input<'_>| Box::new(node(input, depth - 1));
    match input.below(kinds) {
        0..=2 => {
            let path = path(input);
            let operator = OPERATORS[usize::from(input.below(6))];
            Node::Compare(path, operator, scalar(input))
        }
        3 => Node::Exists(path(input)),
        4 | 5 => Node::And(inner(input), inner(input)),
        6 => Node::Or(inner(input), inner(input)),
        _ => Node::Not(inner(input)),
    }
}

fn path(input: &mut Input<'_>) -> Vec<&'static str> {
    (0..=input.below(2))
        .map(|_| NAMES[usize::from(input.below(3))])
        .collect()
}

fn name(input: &mut Input<'_>) -> String {
    NAMES[usize::from(input.below(3))].to_string()
}

fn scalar(input: &mut Input<'_>) -> Value {
    let n = input.byte();
    match input.below(5) {
        0 => json!(n.is_multiple_of(2)),
        1 => json!(i64::from(n % 7) - 3),
        2 => json!((f64::from(n % 13) - 6.0) / 2.0),
        3 => json!(["a", "b", "it's", "", "\u{5e74}"][usize::from(n % 5)]),
        _ => json!([i64::MAX, i64::MIN, 1 << 53, (1 << 53) + 1][usize::from(n % 4)]),
    }
}

fn stored(input: &mut Input<'_>, depth: u8) -> Value {
    match input.below(if depth == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        5 => (0..input.below(3))
            .map(|_| stored(input, depth - 1))
            .collect(),
        6 | 7 => {
            let members = (0..input.below(3)).map(|_| (name(input), stored(input, depth - 1)));
            Value::Object(members.collect())
        }
        _ => scalar(input),
    }
}

impl Node {
    fn text(&self) -> String {
        let quoted = |path: &[&str]| {
            let keys: Vec<String> = path.iter().map(|key| format!("`{key}`")).collect();
            keys.join(".")
        };
        match self {
            Node::Compare(path, operator, Value::String(text)) => {
                format!("{} {operator} \"{text}\"", quoted(path))
            }
            Node::Compare(path, operator, value) => format!("{} {operator} {value}", quoted(path)),
            Node::Exists(path) => format!("EXISTS({})", quoted(path)),
            Node::And(a, b) => format!("({} AND {})", a.text(), b.text()),
            Node::Or(a, b) => format!("({} OR {})", a.text(), b.text()),
            Node::Not(a) => format!("NOT ({})", a.text()),
        }
    }

    fn holds(&self, doc: &Map<String, Value>) -> bool {
        match self {
            Node::Compare(path, operator, literal) => {
                let mut found = Vec::new();
                at(doc, path, &mut found);
                let mut scalars = Vec::new();
                found.iter().for_each(|value| leaves(value, &mut scalars));
                let any = |test: fn(Ordering) -> bool| {
                    scalars
                        .iter()
                        .filter_map(|value| compare(value, literal))
                        .any(test)
                };
                match *operator {
                    "=" => any(Ordering::is_eq),
                    "!=" => !found.is_empty() && !any(Ordering::is_eq),
                    "<" => any(Ordering::is_lt),
                    "<=" => any(Ordering::is_le),
                    ">" => any(Ordering::is_gt),
                    _ => any(Ordering::is_ge),
                }
            }
            Node::Exists(path) => {
                let mut found = Vec::new();
                at(doc, path, &mut found);
                !found.is_empty()
            }
            Node::And(a, b) => a.holds(doc) && b.holds(doc),
            Node::Or(a, b) => a.holds(doc) || b.holds(doc),
            Node::Not(a) => !a.holds(doc),
        }
    }
}

/// Everything at a path that is not null.
fn at<'a>(doc: &'a Map<String, Value>, path: &[&str], out: &mut Vec<&'a Value>) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if let Some(value) = doc.get(*first) {
        below(value, rest, out);
    }
}

fn below<'a>(value: &'a Value, rest: &[&str], out: &mut Vec<&'a Value>) {
    match value {
        Value::Null => {}
        value if rest.is_empty() => out.push(value),
        Value::Object(map) => at(map, rest, out),
        Value::Array(items) => {
            let objects = items.iter().filter_map(Value::as_object);
            objects.for_each(|map| at(map, rest, out));
        }
        _ => {}
    }
}

fn leaves<'a>(value: &'a Value, out: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(item, out)),
        Value::Null | Value::Object(_) => {}
        scalar => out.push(scalar),
    }
}

fn compare(stored: &Value, literal: &Value) -> Option<Ordering> {
    match (stored, literal) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            (Some(a), None) => halves(a).partial_cmp(&b.as_f64()?.into_halves()),
            (None, Some(b)) => a.as_f64()?.into_halves().partial_cmp(&halves(b)),
            (None, None) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        _ => None,
    }
}

/// All floats here are multiples of a half, so that they compare with integers without rounding.
fn halves(integer: i64) -> i128 {
    i128::from(integer) * 2
}

trait Halves {
    fn into_halves(self) -> i128;
}

impl Halves for f64 {
    fn into_halves(self) -> i128 {
        (self * 2.0) as i128
    }
}
