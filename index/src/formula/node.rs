//! The parts of a formula, and how they are printed.

use super::lex::{continues_word, starts_word};
use crate::filter::{Filter, inside, split};

/// A part of a formula; others are meant by their numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Number(f64),
    Now,
    Score,
    Leg(String),
    /// A path as columns spell it.
    Field(String),
    Negate(usize),
    Binary(Op, usize, usize),
    Call(Function, Vec<usize>),
    /// A path, a latitude, a longitude.
    GeoKm(String, usize, usize),
    Default(usize, usize),
    /// The number of a filter.
    Boost(usize, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Op {
    fn sign(self) -> char {
        match self {
            Op::Add => '+',
            Op::Subtract => '-',
            Op::Multiply => '*',
            Op::Divide => '/',
        }
    }

    /// What binds more is larger.
    fn strength(self) -> u8 {
        match self {
            Op::Add | Op::Subtract => 1,
            Op::Multiply | Op::Divide => 2,
        }
    }
}

/// A function of numbers alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Min,
    Max,
    Abs,
    Ln,
    Exp,
    Sqrt,
    Pow,
    ExpDecay,
    GaussDecay,
    LinearDecay,
}

/// Most numbers of `min` and `max`.
const MOST: usize = 16;

/// Every function with its name and how many numbers it takes, at least and at most.
pub(super) const FUNCTIONS: [(&str, Function, [usize; 2]); 10] = [
    ("min", Function::Min, [1, MOST]),
    ("max", Function::Max, [1, MOST]),
    ("abs", Function::Abs, [1, 1]),
    ("ln", Function::Ln, [1, 1]),
    ("exp", Function::Exp, [1, 1]),
    ("sqrt", Function::Sqrt, [1, 1]),
    ("pow", Function::Pow, [2, 2]),
    ("exp_decay", Function::ExpDecay, [3, 4]),
    ("gauss_decay", Function::GaussDecay, [3, 4]),
    ("linear_decay", Function::LinearDecay, [3, 4]),
];

/// The paths of the two numbers of a place.
pub(super) fn lat_lon(path: &str) -> [String; 2] {
    ["lat", "lon"].map(|key| inside(path, key))
}

/// A path as formulas spell it, where a dash is a minus: other keys than words go into backticks.
pub(super) fn spelled(path: &str) -> String {
    let keys = split(path).unwrap_or_else(|| vec![path.to_string()]);
    let alone = keys.len() == 1;
    let key = |key: &String| {
        let word = key.starts_with(starts_word) && key.chars().all(continues_word);
        if word && !(alone && key == "score") {
            key.clone()
        } else {
            format!("`{}`", key.replace('`', "``"))
        }
    };
    let keys: Vec<String> = keys.iter().map(key).collect();
    keys.join(".")
}

/// A number as it would be written; what is not finite as one that is refused.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "1e999".to_string();
    }
    if size == 0.0 || (1e-4..1e15).contains(&size) {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

pub(super) fn print(nodes: &[Node], filters: &[Filter]) -> String {
    match nodes.len().checked_sub(1) {
        Some(last) => printed(nodes, filters, last).0,
        None => String::new(),
    }
}

/// The text of a node and how much it binds.
fn printed(nodes: &[Node], filters: &[Filter], at: usize) -> (String, u8) {
    const WHOLE: u8 = 4;
    let plain = |at: usize| printed(nodes, filters, at).0;
    let list = |all: &[usize]| {
        let all: Vec<String> = all.iter().map(|&at| plain(at)).collect();
        all.join(", ")
    };
    let bound = |at: usize, least: u8| {
        let (text, strength) = printed(nodes, filters, at);
        if strength < least {
            format!("({text})")
        } else {
            text
        }
    };
    let Some(node) = nodes.get(at) else {
        return (String::new(), WHOLE);
    };
    let text = match node {
        Node::Number(value) => number(*value),
        Node::Now => "now()".to_string(),
        Node::Score => "score".to_string(),
        Node::Leg(name) => format!("leg('{}')", name.replace('\'', "''")),
        Node::Field(path) => spelled(path),
        Node::Negate(of) => return (format!("-{}", bound(*of, 3)), 3),
        Node::Binary(op, a, b) => {
            let strength = op.strength();
            let text = format!(
                "{} {} {}",
                bound(*a, strength),
                op.sign(),
                bound(*b, strength + 1)
            );
            return (text, strength);
        }
        Node::Call(function, of) => {
            let named = FUNCTIONS.iter().find(|(_, known, _)| known == function);
            format!("{}({})", named.map_or("", |(name, ..)| name), list(of))
        }
        Node::GeoKm(path, lat, lon) => {
            format!("geo_km({}, {})", spelled(path), list(&[*lat, *lon]))
        }
        Node::Default(of, other) => format!("default({})", list(&[*of, *other])),
        Node::Boost(filter, of) => {
            let filter = filters.get(*filter).map(ToString::to_string);
            format!("boost({}, {})", filter.unwrap_or_default(), plain(*of))
        }
    };
    (text, WHOLE)
}
