//! Filters over columns in memory and in bytes find what a naive reader of the documents finds.

use std::cmp::Ordering;

use lumos_index::{
    Columns, Filter, FilterRows, MemoryColumns, SealedColumns, Side, SideKey, Sides, eval,
};
use ownedbytes::OwnedBytes;
use serde_json::{Map, Value, json};

use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let test = node(&mut input, 3, false);
    let mut docs: Vec<Map<String, Value>> = Vec::new();
    while !input.is_empty() && docs.len() < 20 {
        let pairs = (0..input.below(3) + 1).map(|_| (name(&mut input), stored(&mut input, 3)));
        docs.push(pairs.collect());
    }
    let mut memory = MemoryColumns::new();
    for (row, doc) in docs.iter().enumerate() {
        memory.add(row as u32, doc);
    }
    let rows = docs.len() as u32;
    let text = test.text();
    let filter = Filter::parse(&text).unwrap();
    let says = |row: &u32| test.holds(&Value::Object(docs[*row as usize].clone()));
    let expected: Vec<u32> = (0..rows).filter(says).collect();
    let sealed = SealedColumns::open(OwnedBytes::new(memory.encode(rows)), rows).unwrap();
    for (columns, finish) in [(&memory as &dyn Columns, false), (&sealed, true)] {
        let made: Vec<(SideKey, Side)> = filter
            .sides()
            .into_iter()
            .map(|key| {
                let mut side = Side::new(&key);
                docs.iter().for_each(|doc| side.add(doc));
                (key, if finish { side.finish() } else { side })
            })
            .collect();
        let sides: Sides<'_> = made.iter().map(|(key, side)| (key.clone(), side)).collect();
        let found = eval(&filter, &FilterRows::new(columns, rows).sides(&sides));
        let found: Vec<u32> = found.iter().collect();
        assert_eq!(found, expected, "{text} over {docs:?}, sealed: {finish}");
    }
}

enum Node {
    /// An empty path is the element itself.
    Compare(Vec<&'static str>, &'static str, Value),
    Between(Vec<&'static str>, i64, i64),
    In(Vec<&'static str>, Vec<Value>),
    /// Text begins so.
    Starts(Vec<&'static str>, &'static str),
    /// `LIKE '%..%'`.
    Contains(Vec<&'static str>, &'static str),
    /// `GLOB '?*'` and as a regular expression.
    NotEmpty(Vec<&'static str>, bool),
    Length(Vec<&'static str>, &'static str, usize),
    Elements(Vec<&'static str>, &'static str, Box<Node>),
    /// South, west, north, east; written as a polygon where one is the same and the path has two names.
    Box(Vec<&'static str>, [f64; 4]),
    Exists(Vec<&'static str>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
}

const OPERATORS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];
const NAMES: [&str; 3] = ["a", "b", "c d"];
const TEXTS: [&str; 5] = ["a", "b", "it's", "", "\u{5e74}a"];
const DEGREES: [f64; 6] = [-90.0, -10.5, 0.0, 10.5, 60.0, 90.0];

fn node(input: &mut Input<'_>, depth: u8, of_element: bool) -> Node {
    let kinds = if depth == 0 { 10 } else { 16 };
    let inner = |input: &mut Input<'_>| Box::new(node(input, depth - 1, of_element));
    let text = |input: &mut Input<'_>| TEXTS[usize::from(input.below(5))];
    match input.below(kinds) {
        0..=2 => {
            let path = subject(input, of_element);
            let operator = OPERATORS[usize::from(input.below(6))];
            Node::Compare(path, operator, scalar(input))
        }
        3 => Node::Exists(path(input)),
        4 => {
            let low = i64::from(input.below(7)) - 3;
            Node::Between(subject(input, of_element), low, low + i64::from(input.below(4)) - 1)
        }
        5 => {
            let values = (0..=input.below(4)).map(|_| scalar(input)).collect();
            Node::In(subject(input, of_element), values)
        }
        6 => match input.below(3) {
            0 => Node::Starts(subject(input, of_element), text(input)),
            1 => Node::Contains(subject(input, of_element), text(input)),
            n => Node::NotEmpty(subject(input, of_element), n.is_multiple_of(2)),
        },
        7 => {
            let operator = OPERATORS[usize::from(input.below(6))];
            Node::Length(path(input), operator, usize::from(input.below(4)))
        }
        8 | 9 => {
            let mut degrees = || DEGREES[usize::from(input.below(6))];
            let (a, b, west, east) = (degrees(), degrees(), degrees() * 2.0, degrees() * 2.0);
            Node::Box(path(input), [a.min(b), west, a.max(b), east])
        }
        10..=12 => {
            let quantifier = ["ANY", "ALL", "NONE"][usize::from(input.below(3))];
            let path = path(input);
            Node::Elements(path, quantifier, Box::new(node(input, depth - 1, true)))
        }
        13 => Node::And(inner(input), inner(input)),
        14 => Node::Or(inner(input), inner(input)),
        _ => Node::Not(inner(input)),
    }
}

/// What is compared: a path, or an element itself.
fn subject(input: &mut Input<'_>, of_element: bool) -> Vec<&'static str> {
    match of_element && input.below(2) == 0 {
        true => Vec::new(),
        false => path(input),
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
        3 => json!(TEXTS[usize::from(n % 5)]),
        _ => json!([i64::MAX, i64::MIN, 1 << 53, (1 << 53) + 1][usize::from(n % 4)]),
    }
}

fn stored(input: &mut Input<'_>, depth: u8) -> Value {
    match input.below(if depth == 0 { 5 } else { 10 }) {
        0 => Value::Null,
        5 | 6 => (0..input.below(4))
            .map(|_| stored(input, depth - 1))
            .collect(),
        7 | 8 => {
            let members = (0..input.below(3)).map(|_| (name(input), stored(input, depth - 1)));
            Value::Object(members.collect())
        }
        9 => {
            let mut degrees = || DEGREES[usize::from(input.below(6))];
            json!({"lat": degrees(), "lon": degrees() * 2.0})
        }
        _ => scalar(input),
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{text}\""),
        value => value.to_string(),
    }
}

impl Node {
    fn text(&self) -> String {
        let quoted = |path: &[&str]| {
            let keys: Vec<String> = path.iter().map(|key| format!("`{key}`")).collect();
            keys.join(".")
        };
        match self {
            Node::Compare(path, operator, value) => {
                format!("{} {operator} {}", quoted(path), literal(value))
            }
            Node::Between(path, low, high) => format!("{} BETWEEN {low} AND {high}", quoted(path)),
            Node::In(path, values) => {
                let values: Vec<String> = values.iter().map(literal).collect();
                format!("{} IN ({})", quoted(path), values.join(", "))
            }
            Node::Starts(path, text) => format!("{} STARTS WITH \"{text}\"", quoted(path)),
            Node::Contains(path, text) => format!("{} LIKE \"%{text}%\"", quoted(path)),
            Node::NotEmpty(path, true) => format!("{} GLOB '?*'", quoted(path)),
            Node::NotEmpty(path, false) => format!("{} =~ /(?s)./", quoted(path)),
            Node::Length(path, operator, n) => format!("LENGTH({}) {operator} {n}", quoted(path)),
            Node::Elements(path, quantifier, inner) => {
                format!("{} {quantifier} ({})", quoted(path), inner.text())
            }
            Node::Box(path, sides) if path.len() == 2 && is_polygon(sides) => {
                let [south, west, north, east] = sides;
                let corners =
                    format!("{south} {west}, {south} {east}, {north} {east}, {north} {west}");
                format!("POLYGON({}, {corners})", quoted(path))
            }
            Node::Box(path, [south, west, north, east]) => {
                format!("BOX({}, {south}, {west}, {north}, {east})", quoted(path))
            }
            Node::Exists(path) => format!("EXISTS({})", quoted(path)),
            Node::And(a, b) => format!("({} AND {})", a.text(), b.text()),
            Node::Or(a, b) => format!("({} OR {})", a.text(), b.text()),
            Node::Not(a) => format!("NOT ({})", a.text()),
        }
    }

    fn holds(&self, holder: &Value) -> bool {
        let scalars = |path: &[&str]| {
            let mut scalars = Vec::new();
            let found = at(holder, path);
            found.into_iter().for_each(|value| leaves(value, &mut scalars));
            scalars
        };
        let any_text = |path: &[&str], test: &dyn Fn(&str) -> bool| {
            scalars(path).into_iter().filter_map(Value::as_str).any(test)
        };
        match self {
            Node::Compare(path, "!=", literal) => {
                let equal = |value: &&Value| compare(value, literal).is_some_and(Ordering::is_eq);
                !at(holder, path).is_empty() && !scalars(path).iter().any(equal)
            }
            Node::Compare(path, operator, literal) => scalars(path)
                .into_iter()
                .filter_map(|value| compare(value, literal))
                .any(|order| is(order, operator)),
            Node::Between(path, low, high) => scalars(path).into_iter().any(|value| {
                let order = |bound: &i64| compare(value, &json!(bound));
                order(low).is_some_and(Ordering::is_ge) && order(high).is_some_and(Ordering::is_le)
            }),
            Node::In(path, values) => scalars(path).into_iter().any(|value| {
                let equal = |other| compare(value, other).is_some_and(Ordering::is_eq);
                values.iter().any(equal)
            }),
            Node::Starts(path, text) => any_text(path, &|stored| stored.starts_with(text)),
            Node::Contains(path, text) => any_text(path, &|stored| stored.contains(text)),
            Node::NotEmpty(path, _) => any_text(path, &|stored| !stored.is_empty()),
            Node::Length(path, operator, n) => {
                elements(holder, path).is_some_and(|all| is(all.len().cmp(n), operator))
            }
            Node::Elements(path, quantifier, inner) => {
                let all = elements(holder, path).unwrap_or_default();
                let count = all.iter().filter(|element| inner.holds(element)).count();
                match *quantifier {
                    "ANY" => count > 0,
                    "NONE" => count == 0,
                    _ => count > 0 && count == all.len(),
                }
            }
            Node::Box(path, [south, west, north, east]) => {
                let all = elements(holder, path).unwrap_or_default();
                let degrees = |value: &Value, key| value.get(key).and_then(Value::as_f64);
                let places = all.into_iter().filter_map(|value| {
                    let place = (degrees(value, "lat")?, degrees(value, "lon")?);
                    (place.0.abs() <= 90.0 && place.1.abs() <= 180.0).then_some(place)
                });
                let mut places = places;
                places.any(|(lat, lon)| {
                    let across = west > east;
                    let east_of_west = lon >= *west;
                    let west_of_east = lon <= *east;
                    let within = if across {
                        east_of_west || west_of_east
                    } else {
                        east_of_west && west_of_east
                    };
                    within && lat >= *south && lat <= *north
                })
            }
            Node::Exists(path) => !at(holder, path).is_empty(),
            Node::And(a, b) => a.holds(holder) && b.holds(holder),
            Node::Or(a, b) => a.holds(holder) || b.holds(holder),
            Node::Not(a) => !a.holds(holder),
        }
    }
}

/// Whether a box is also the polygon of its corners: it has an area, its sides go the shorter way round, and
/// none is the meridian that has two names.
fn is_polygon([south, west, north, east]: &[f64; 4]) -> bool {
    south < north && west < east && east - west < 180.0 && *west > -180.0 && *east < 180.0
}

fn is(order: Ordering, operator: &str) -> bool {
    match operator {
        "=" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// Everything at a path that is not null.
fn at<'a>(holder: &'a Value, path: &[&str]) -> Vec<&'a Value> {
    let mut out = Vec::new();
    match (holder, path.split_first()) {
        (Value::Null, _) => {}
        (holder, None) => out.push(holder),
        (Value::Object(map), Some((first, rest))) => {
            if let Some(value) = map.get(*first) {
                below(value, rest, &mut out);
            }
        }
        _ => {}
    }
    out
}

fn below<'a>(value: &'a Value, rest: &[&str], out: &mut Vec<&'a Value>) {
    match value {
        Value::Null => {}
        value if rest.is_empty() => out.push(value),
        Value::Object(_) => out.extend(at(value, rest)),
        Value::Array(items) => {
            let objects = items.iter().filter(|item| item.is_object());
            objects.for_each(|object| out.extend(at(object, rest)));
        }
        _ => {}
    }
}

/// The elements at a path, if there is anything.
fn elements<'a>(holder: &'a Value, path: &[&str]) -> Option<Vec<&'a Value>> {
    fn apart<'a>(value: &'a Value, out: &mut Vec<&'a Value>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| apart(item, out)),
            value => out.push(value),
        }
    }
    let found = at(holder, path);
    let mut out = Vec::new();
    found.iter().for_each(|value| apart(value, &mut out));
    (!found.is_empty()).then_some(out)
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
