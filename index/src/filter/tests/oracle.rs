//! What a naive reader of the documents says of a filter, and filters to ask it.

use std::cmp::Ordering;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::expr::{Node, Op, Quantifier};
use super::super::pattern::Style;
use super::super::region::Region;
use super::super::{Filter, Literal, element, field, path, value};

/// Everything at a path, the slow way.
fn at<'a>(holder: &'a Value, path: &str) -> Vec<&'a Value> {
    fn walk<'a>(value: &'a Value, keys: &[String], out: &mut Vec<&'a Value>) {
        match (value, keys) {
            (Value::Null, _) => {}
            (value, []) => out.push(value),
            (Value::Array(items), _) => {
                items
                    .iter()
                    .filter(|item| item.is_object())
                    .for_each(|item| walk(item, keys, out));
            }
            (Value::Object(map), [key, rest @ ..]) => {
                if let Some(value) = map.get(key) {
                    walk(value, rest, out);
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    let keys = match path {
        "" => Vec::new(),
        path => path::split(path).unwrap(),
    };
    walk(holder, &keys, &mut out);
    out
}

fn leaves<'a>(value: &'a Value, out: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(item, out)),
        Value::Null | Value::Object(_) => {}
        scalar => out.push(scalar),
    }
}

fn scalars<'a>(holder: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut out = Vec::new();
    at(holder, path)
        .into_iter()
        .for_each(|value| leaves(value, &mut out));
    out
}

/// The elements at a path, if there is anything.
fn elements<'a>(holder: &'a Value, path: &str) -> Option<Vec<&'a Value>> {
    fn flat<'a>(value: &'a Value, out: &mut Vec<&'a Value>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| flat(item, out)),
            value => out.push(value),
        }
    }
    let found = at(holder, path);
    let mut out = Vec::new();
    found.iter().for_each(|value| flat(value, &mut out));
    (!found.is_empty()).then_some(out)
}

/// How a stored value compares with a literal, `None` when it does not.
fn compare(stored: &Value, literal: &Value) -> Option<Ordering> {
    match (stored, literal) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (Value::String(a), Value::String(b)) => match value::instant(b) {
            Some(b) => Some(value::instant(a)?.cmp(&b)),
            None => Some(a.cmp(b)),
        },
        _ => None,
    }
}

fn json_of(literal: &Literal) -> Value {
    match &literal.0 {
        value::Form::Bool(value) => json!(value),
        value::Form::Number(value::Num::Int(value)) => json!(*value as i64),
        value::Form::Number(value::Num::Float(value)) => json!(value),
        value::Form::Text(text) => json!(text),
        value::Form::Now(_) | value::Form::NotANumber => Value::Null,
    }
}

/// LIKE and GLOB by trying every way.
fn fits(style: Style, pattern: &[char], text: &[char]) -> bool {
    let (run, one) = match style {
        Style::Like => ('%', '_'),
        _ => ('*', '?'),
    };
    match (pattern, text) {
        ([], text) => text.is_empty(),
        ([c, rest @ ..], text) if *c == run => {
            (0..=text.len()).any(|at| fits(style, rest, &text[at..]))
        }
        (['\\', c, rest @ ..], [d, more @ ..]) if style == Style::Like => {
            c == d && fits(style, rest, more)
        }
        (['[', c, ']', rest @ ..], [d, more @ ..]) if style == Style::Glob => {
            c == d && fits(style, rest, more)
        }
        ([c, rest @ ..], [d, more @ ..]) => (*c == one || c == d) && fits(style, rest, more),
        _ => false,
    }
}

/// Where a value lies.
fn place(value: &Value) -> Option<(f64, f64)> {
    let (lat, lon) = (value.get("lat")?.as_f64()?, value.get("lon")?.as_f64()?);
    (lat.abs() <= 90.0 && lon.abs() <= 180.0).then_some((lat, lon))
}

pub(super) fn lies(region: &Region, (lat, lon): (f64, f64)) -> bool {
    let numbers: Vec<f64> = region
        .numbers()
        .iter()
        .map(|number| json_of(number).as_f64().unwrap())
        .collect();
    match region {
        Region::Circle(_) => {
            // By the angle between two unit vectors.
            let unit = |lat: f64, lon: f64| {
                let (lat, lon) = (lat.to_radians(), lon.to_radians());
                [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
            };
            let (a, b) = (unit(lat, lon), unit(numbers[0], numbers[1]));
            let chord: f64 = a
                .iter()
                .zip(&b)
                .map(|(a, b)| (a - b).powi(2))
                .sum::<f64>()
                .sqrt();
            2.0 * (chord / 2.0).min(1.0).asin() * 6_371_008.8 <= numbers[2]
        }
        Region::Box(_) => {
            let [south, west, north, east] = [numbers[0], numbers[1], numbers[2], numbers[3]];
            // Eastwards from the west.
            let turn = |degrees: f64| (degrees - west).rem_euclid(360.0);
            let within = if west <= east {
                west <= lon && lon <= east
            } else {
                turn(lon) <= turn(east)
            };
            south <= lat && lat <= north && within
        }
        Region::Polygon(_) => {
            let mut east = numbers[1];
            let mut corners = Vec::new();
            for (at, corner) in numbers.chunks(2).enumerate() {
                // The least of the ways to a meridian; of two that are as long, the one that is written.
                let way = corner[1] - numbers[(at.max(1) - 1) * 2 + 1];
                let ways = [way, way - 360.0, way + 360.0].into_iter();
                east += ways.min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap();
                corners.push((corner[0], east));
            }
            let mut odd = false;
            for turn in -5..=5 {
                match turns(&corners, (lat, lon + 360.0 * f64::from(turn))) {
                    None => return true,
                    Some(turns) => odd ^= turns % 2 != 0,
                }
            }
            odd
        }
    }
}

/// How often the way around the corners turns around a point, by the sum of its angles; `None` on the way.
fn turns(corners: &[(f64, f64)], (lat, lon): (f64, f64)) -> Option<i32> {
    let seen: Vec<(f64, f64)> = corners
        .iter()
        .map(|(corner, east)| (corner - lat, east - lon))
        .collect();
    let mut sum = 0.0;
    for (at, (y, x)) in seen.iter().enumerate() {
        let (then_y, then_x) = seen[(at + 1) % seen.len()];
        let (cross, dot) = (x * then_y - y * then_x, x * then_x + y * then_y);
        if cross == 0.0 && dot <= 0.0 {
            return None;
        }
        sum += f64::atan2(cross, dot);
    }
    Some((sum / std::f64::consts::TAU).round() as i32)
}

pub(super) fn oracle(node: &Node, holder: &Value) -> bool {
    let holds = |path: &str, op: Op, literal: &Literal| {
        let literal = json_of(literal);
        let scalars = scalars(holder, path);
        let mut orders = scalars.iter().filter_map(|value| compare(value, &literal));
        orders.any(|order| match op {
            Op::Eq | Op::Ne => order == Ordering::Equal,
            Op::Lt => order == Ordering::Less,
            Op::Lte => order != Ordering::Greater,
            Op::Gt => order == Ordering::Greater,
            Op::Gte => order != Ordering::Less,
        })
    };
    match node {
        Node::Compare {
            path,
            op: Op::Ne,
            value,
        } => !at(holder, path).is_empty() && !holds(path, Op::Eq, value),
        Node::Compare { path, op, value } => holds(path, *op, value),
        Node::Between { path, low, high } => {
            let (low, high) = (json_of(low), json_of(high));
            let between = |value: &&Value| {
                let from = compare(value, &low).is_some_and(Ordering::is_ge);
                from && compare(value, &high).is_some_and(Ordering::is_le)
            };
            scalars(holder, path).iter().any(between)
        }
        Node::In { path, values } => values.iter().any(|value| holds(path, Op::Eq, value)),
        Node::Fits { path, pattern } => {
            let wanted: Vec<char> = pattern.text.chars().collect();
            let texts = scalars(holder, path);
            texts.iter().filter_map(|value| value.as_str()).any(|text| {
                let chars: Vec<char> = text.chars().collect();
                match pattern.style {
                    Style::Prefix => chars.starts_with(&wanted),
                    Style::Regex => regex::Regex::new(&pattern.text).unwrap().is_match(text),
                    style => fits(style, &wanted, &chars),
                }
            })
        }
        Node::Exists { path } => !at(holder, path).is_empty(),
        Node::Length { path, op, value } => elements(holder, path).is_some_and(|elements| {
            let order = compare(&json!(elements.len()), &json_of(value)).unwrap();
            match op {
                Op::Eq => order == Ordering::Equal,
                Op::Ne => order != Ordering::Equal,
                Op::Lt => order == Ordering::Less,
                Op::Lte => order != Ordering::Greater,
                Op::Gt => order == Ordering::Greater,
                Op::Gte => order != Ordering::Less,
            }
        }),
        Node::Elements {
            path,
            quantifier,
            inner,
        } => {
            let elements = elements(holder, path).unwrap_or_default();
            let mut matching = elements.iter().filter(|element| oracle(inner, element));
            match quantifier {
                Quantifier::Any => matching.next().is_some(),
                Quantifier::None => matching.next().is_none(),
                Quantifier::All => !elements.is_empty() && matching.count() == elements.len(),
            }
        }
        Node::Area { path, area } => {
            let places = elements(holder, path).unwrap_or_default();
            places
                .iter()
                .filter_map(|value| place(value))
                .any(|point| lies(area, point))
        }
        Node::Match { .. } => panic!("words are asked of documents with texts"),
        Node::And(nodes) => nodes.iter().all(|node| oracle(node, holder)),
        Node::Or(nodes) => nodes.iter().any(|node| oracle(node, holder)),
        Node::Not(node) => !oracle(node, holder),
    }
}

const TEXTS: [&str; 8] = [
    "a",
    "b",
    "ab",
    "it's",
    "a%_[",
    "2026-01-01",
    "2026-01-01T01:00:00+01:00",
    "2026-02-01",
];

fn literal() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(|b| json!(b)),
        (-3i64..4).prop_map(|n| json!(n)),
        (-6i64..7).prop_map(|n| json!(n as f64 / 2.0)),
        prop::sample::select(&TEXTS[..]).prop_map(|text| json!(text)),
    ]
}

fn point() -> impl Strategy<Value = (f64, f64)> {
    let lat = prop::sample::select(&[-90.0, -17.0, 0.0, 0.5, 60.0, 91.0][..]);
    let lon = prop::sample::select(&[-180.0, -179.0, 0.0, 0.5, 178.0, 180.0][..]);
    (lat, lon)
}

fn stored() -> impl Strategy<Value = Value> {
    let place = point().prop_map(|(lat, lon)| json!({"lat": lat, "lon": lon}));
    let leaf = prop_oneof![6 => literal(), 2 => Just(Value::Null), 1 => place];
    leaf.prop_recursive(3, 10, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[ab]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

pub(super) fn doc() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[ab]", stored(), 0..3).prop_map(|map| map.into_iter().collect())
}

fn to_literal(value: Value) -> Literal {
    match value {
        Value::Bool(value) => Literal::from(value),
        Value::Number(number) => Literal::from(number.as_f64().unwrap()),
        Value::String(text) => Literal::from(text),
        _ => Literal::from(0),
    }
}

/// A condition on a field, or on an element itself where `of_element` says that one may be meant.
fn leaf(of_element: bool) -> impl Strategy<Value = Filter> {
    let path = prop::sample::select(&["a", "b", "a.a", "a.b", "b.a.b", ""][..]);
    let pattern = prop::sample::select(
        &[
            "a", "a%", "%", "_", "a\\%%", "a*", "?", "*b", "2026*", "2026%", "[a]*", "a[%]*",
        ][..],
    );
    let more = prop::collection::vec(point(), 1..4);
    let area = (point(), point(), more, 0u32..3);
    let operands = (literal(), literal(), pattern, area, 0u32..3);
    (path, operands, 0..24).prop_map(move |(path, (one, two, pattern, area, count), kind)| {
        let field = match path {
            "" if of_element && kind < 15 => element(),
            "" => field("a"),
            path => field(path),
        };
        let (one, two) = (to_literal(one), to_literal(two));
        let ((lat, lon), (north, east), more, far) = area;
        match kind {
            0 => field.eq(one),
            1 => field.ne(one),
            2 => field.lt(one),
            3 => field.lte(one),
            4 => field.gt(one),
            5 => field.gte(one),
            6 | 7 => field.is_in([one, two]),
            8 => field.exists(),
            9 | 10 if one.kind() == two.kind() => field.between(one, two),
            9 | 10 => field.between(one.clone(), one),
            11 => field.starts_with(pattern),
            12 => field.like(pattern),
            13 => field.glob(pattern),
            14 => field.regex(&format!("^{}", regex::escape(pattern))),
            15 => field.length().eq(count),
            16 => field.length().gt(count),
            17 => field.length().ne(count),
            18 | 19 => {
                let metres = [0.0, 100_000.0, 9_000_000.0][far as usize];
                field.within(lat.min(90.0), lon, metres)
            }
            20 | 21 => {
                let corners = [(lat, lon), (north, east)].into_iter().chain(more);
                let corners = corners.map(|(lat, lon)| (lat.min(90.0), lon));
                let polygon = field.clone().polygon(corners);
                match polygon.check() {
                    Ok(()) => polygon,
                    Err(_) => field.polygon([(0.5, -179.0), (0.0, 178.0), (-17.0, 180.0)]),
                }
            }
            _ => {
                let (south, north) = (lat.min(north).min(90.0), lat.max(north).min(90.0));
                field.in_box(south, lon, north, east)
            }
        }
    })
}

pub(super) fn filter() -> impl Strategy<Value = Filter> {
    tree(false, 2).prop_filter("within limits", |filter| filter.check().is_ok())
}

fn tree(of_element: bool, depth: u32) -> BoxedStrategy<Filter> {
    let leaf = match depth {
        0 => leaf(of_element).boxed(),
        _ => {
            let path = prop::sample::select(&["a", "b", "a.b"][..]);
            let elements = (path, tree(true, depth - 1), 0..3).prop_map(|(path, inner, kind)| {
                let array = field(path);
                match kind {
                    0 => array.any(inner),
                    1 => array.all(inner),
                    _ => array.none(inner),
                }
            });
            prop_oneof![3 => leaf(of_element), 2 => elements].boxed()
        }
    };
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
            inner.prop_map(|a| !a),
        ]
    })
    .boxed()
}
