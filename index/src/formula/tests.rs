//! Formulas against a naive evaluator, and what is wrong with others.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::filter::field;

/// A document by its numbers.
#[derive(Debug, Default)]
struct Doc {
    score: f64,
    numbers: BTreeMap<String, f64>,
    matches: bool,
}

impl FormulaRow for Doc {
    fn score(&self) -> f64 {
        self.score
    }

    fn leg(&self, name: &str) -> Option<f64> {
        (name == "text").then_some(self.score * 2.0)
    }

    fn number(&self, path: &str) -> Option<f64> {
        self.numbers.get(path).copied()
    }

    fn matches(&self, _: usize) -> bool {
        self.matches
    }
}

/// A formula as a tree that knows its text and its value; `None` is an error.
#[derive(Debug, Clone)]
enum Tree {
    Number(f64),
    Score,
    Field(&'static str),
    Negate(Box<Tree>),
    Binary(char, Box<Tree>, Box<Tree>),
    Call(&'static str, Vec<Tree>),
    Default(Box<Tree>, Box<Tree>),
    Boost(Box<Tree>),
}

/// What goes wrong: a field is missing, or there is no value.
#[derive(Debug, PartialEq)]
enum Wrong {
    Missing,
    Undefined,
}

impl Tree {
    fn text(&self) -> String {
        let list = |all: &[Tree]| all.iter().map(Tree::text).collect::<Vec<_>>().join(" , ");
        match self {
            Tree::Number(number) => format!("{number}"),
            Tree::Score => "score".to_string(),
            Tree::Field(name) => (*name).to_string(),
            Tree::Negate(of) => format!("-({})", of.text()),
            Tree::Binary(sign, a, b) => format!("({}){sign}({})", a.text(), b.text()),
            Tree::Call(name, of) => format!("{name}({})", list(of)),
            Tree::Default(a, b) => format!("default({}, {})", a.text(), b.text()),
            Tree::Boost(of) => format!("boost(lang IN ('en', 'a,)b'), {})", of.text()),
        }
    }

    fn value(&self, doc: &Doc) -> Result<f64, Wrong> {
        let value = match self {
            Tree::Number(number) => *number,
            Tree::Score => doc.score,
            Tree::Field(name) => *doc.numbers.get(*name).ok_or(Wrong::Missing)?,
            Tree::Negate(of) => -of.value(doc)?,
            Tree::Binary(sign, a, b) => {
                let (a, b) = (a.value(doc)?, b.value(doc)?);
                match sign {
                    '+' => a + b,
                    '-' => a - b,
                    '*' => a * b,
                    _ => a / b,
                }
            }
            Tree::Call(name, of) => {
                let of: Result<Vec<f64>, Wrong> = of.iter().map(|of| of.value(doc)).collect();
                let of = of?;
                let far = |at: usize| (of[0] - of[1]).abs() / of[at];
                if name.ends_with("decay") && of[2] <= 0.0 {
                    return Err(Wrong::Undefined);
                }
                match *name {
                    "min" => of.iter().copied().reduce(f64::min).unwrap(),
                    "max" => of.iter().copied().reduce(f64::max).unwrap(),
                    "abs" => of[0].abs(),
                    "ln" => of[0].ln(),
                    "exp" => of[0].exp(),
                    "sqrt" => of[0].sqrt(),
                    "pow" => of[0].powf(of[1]),
                    "exp_decay" => 0.5_f64.powf(far(2)),
                    "gauss_decay" => 0.5_f64.powf(far(2) * far(2)),
                    _ => (1.0 - 0.5 * far(2)).max(0.0),
                }
            }
            Tree::Default(a, b) => match a.value(doc) {
                Err(Wrong::Missing) => b.value(doc)?,
                known => known?,
            },
            Tree::Boost(of) if doc.matches => of.value(doc)?,
            Tree::Boost(_) => 0.0,
        };
        if value.is_finite() {
            Ok(value)
        } else {
            Err(Wrong::Undefined)
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        (0u32..40).prop_map(|n| Tree::Number(f64::from(n) / 8.0)),
        Just(Tree::Score),
        prop::sample::select(vec!["a", "b.c", "`odd key`"]).prop_map(Tree::Field),
    ];
    leaf.prop_recursive(4, 40, 3, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let sign = prop::sample::select(vec!['+', '-', '*', '/']);
        let one = prop::sample::select(vec!["abs", "ln", "exp", "sqrt", "min", "max"]);
        let three = prop::sample::select(vec!["exp_decay", "gauss_decay", "linear_decay", "max"]);
        prop_oneof![
            boxed.clone().prop_map(Tree::Negate),
            (sign, boxed.clone(), boxed.clone()).prop_map(|(sign, a, b)| Tree::Binary(sign, a, b)),
            (one, inner.clone()).prop_map(|(name, of)| Tree::Call(name, vec![of])),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Tree::Call("pow", vec![a, b])),
            (three, prop::collection::vec(inner.clone(), 3))
                .prop_map(|(name, of)| Tree::Call(name, of)),
            (boxed.clone(), boxed.clone()).prop_map(|(a, b)| Tree::Default(a, b)),
            boxed.prop_map(Tree::Boost),
        ]
    })
}

fn cases() -> ProptestConfig {
    let set = std::env::var("LUMOS_CASES").ok();
    ProptestConfig::with_cases(set.and_then(|set| set.parse().ok()).unwrap_or(500))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn values_are_those_of_a_naive_evaluator(
        tree in tree(),
        score in -2.0f64..2.0,
        numbers in prop::collection::btree_map(
            prop::sample::select(vec!["a", "b.c", "`odd key`"]).prop_map(str::to_string),
            -4.0f64..4.0,
            0..4,
        ),
        matches in any::<bool>(),
    ) {
        let doc = Doc { score, numbers, matches };
        let text = tree.text();
        let formula = match Formula::parse(&text) {
            Ok(formula) => formula,
            // A scale that is written as 0 is refused before it is met.
            Err(error) => {
                prop_assert!(error.message().contains("scale"), "{text}: {error}");
                return Ok(());
            }
        };
        let found = formula.eval(&doc);
        match (tree.value(&doc), &found) {
            (Ok(expected), Ok(found)) => {
                let close = (f64::from(*found) - expected).abs() <= 1e-5 * expected.abs().max(1e-3);
                prop_assert!(close, "{text}: {found} {expected}");
            }
            // A double that is too large for a score.
            (Ok(expected), Err(FormulaFault::Undefined(_))) => prop_assert!(expected.abs() > 1e38, "{text}"),
            (Err(Wrong::Missing), Err(FormulaFault::Missing(_))) => {}
            (Err(Wrong::Undefined), Err(FormulaFault::Undefined(_))) => {}
            (expected, found) => prop_assert!(false, "{text}: {expected:?} {found:?}"),
        }
        // What is printed means the same, and is printed the same.
        let printed = formula.to_string();
        let again = Formula::parse(&printed).unwrap();
        prop_assert_eq!(again.to_string(), printed);
        prop_assert_eq!(again.eval(&doc).ok(), found.ok());
    }
}

fn value(text: &str) -> f32 {
    let numbers = [
        ("year", 2000.0),
        ("place.lat", 48.2),
        ("place.lon", 16.4),
        ("a-b", 3.0),
        ("score", 7.0),
    ];
    let numbers = numbers.map(|(path, number)| (path.to_string(), number));
    let doc = Doc {
        score: 0.5,
        numbers: BTreeMap::from(numbers),
        matches: true,
    };
    let formula = Formula::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let formula = formula
        .resolve(1_000_000_000_000_000_000)
        .unwrap_or(formula);
    formula
        .eval(&doc)
        .unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
}

#[test]
fn every_part_means_what_the_table_says() {
    for (text, expected) in [
        ("1 + 2 * 3 - 4 / 2", 5.0),
        ("(1 + 2) * -3", -9.0),
        ("10 - 4 - 3", 3.0),
        ("2 * -score", -1.0),
        ("1.5e2 + .5", 150.5),
        ("30d", 2_592_000.0),
        ("250ms + 1s + 2m + 1h + 1w", 608_521.25),
        ("leg(text) + leg('text')", 2.0),
        ("`score`", 7.0),
        ("`a-b`", 3.0),
        ("year - 1999", 1.0),
        ("now()", 1e9),
        ("date('1970-01-02')", 86_400.0),
        ("date('1970-01-01T00:00:01Z')", 1.0),
        ("min(3, 1, 2) + max(3, 1, 2) + abs(-4)", 8.0),
        ("exp(0) + ln(1) + sqrt(9) + pow(2, 5)", 36.0),
        ("exp_decay(year, 2010, 10)", 0.5),
        ("exp_decay(year, 2010, 10, 0.25)", 0.25),
        ("gauss_decay(year, 2020, 10)", 0.0625),
        ("linear_decay(year, 2005, 10)", 0.75),
        ("linear_decay(year, 2050, 10)", 0.0),
        ("boost(a = 'x, y)' AND NOT b IN (1, 2), score)", 0.5),
        ("boost(a =~ /^x{1,2}\\/\\($/, score)", 0.5),
        ("boost(a =~ /it's \\) \"/ AND b = 'a/b', score)", 0.5),
        ("default(nothing, 4) + default(year, 0)", 2004.0),
        ("default(leg(other), 1)", 1.0),
        ("default(nowhere.at * 2, 1)", 1.0),
    ] {
        let found = value(text);
        assert!(
            (found - expected).abs() <= 1e-5 * expected.abs().max(1.0),
            "{text}: {found}"
        );
    }
    // Vienna to Bratislava.
    assert!((value("geo_km(place, 48.15, 17.1)") - 52.0).abs() < 1.0);
    assert_eq!(value("default(geo_km(nowhere, 0, 0), 9)"), 9.0);
}

#[test]
fn what_has_no_value_says_where() {
    let doc = Doc::default();
    for (text, marked, says) in [
        ("1 / score", "1 / score", "division by zero"),
        ("1 + ln(score)", "ln(score)", "logarithm"),
        ("sqrt(0 - 1)", "sqrt(0 - 1)", "root"),
        ("exp(1000)", "exp(1000)", "too large"),
        ("pow(-2, 0.5)", "pow(-2, 0.5)", "too large or none"),
        ("1e300 * 1e300", "1e300 * 1e300", "too large"),
        ("1e39", "1e39", "too large"),
        ("2 * year", "year", "\"year\" is missing"),
        ("leg(other)", "leg(other)", "leg \"other\" is missing"),
        ("exp_decay(1, 0, score)", "exp_decay(1, 0, score)", "scale"),
        (
            "exp_decay(1, 0, 1, score + 1)",
            "exp_decay(1, 0, 1, score + 1)",
            "midpoint",
        ),
        (
            "geo_km(place, 0, 0)",
            "geo_km(place, 0, 0)",
            "a place in field \"place\"",
        ),
    ] {
        let error = Formula::parse(text)
            .unwrap()
            .eval(&doc)
            .unwrap_err()
            .into_error();
        assert!(error.message().contains(says), "{text}: {error}");
        assert_eq!(&text[error.span()], marked, "{text}");
    }
}

#[test]
fn what_is_no_formula_says_where_and_what_to_write() {
    let deep = format!("{}1{}", "(".repeat(40), ")".repeat(40));
    let long = vec!["1"; 200].join("+");
    let large = "1 ".repeat(2_049);
    for (text, marked, says) in [
        ("", "", "empty"),
        ("1 +", "", "the formula ends where a number"),
        ("1 2", "2", "a number stands"),
        ("(1", "", "\")\" is expected"),
        ("scores(1)", "scores", "no function \"scores\""),
        ("abs(1, 2)", "abs(1, 2)", "takes one value, it has 2"),
        ("pow(1)", "pow(1)", "2 values"),
        ("exp_decay(1, 2)", "exp_decay(1, 2)", "3 to 4 values"),
        ("exp_decay(x, 0, 0)", "0", "scale"),
        ("exp_decay(x, 0, 1, 1)", "1", "midpoint"),
        ("year > 2000", ">", "no meaning"),
        ("2 ^ 3", "^", "no meaning"),
        ("'text'", "'text'", "text is no number"),
        ("'text", "'text", "not closed"),
        ("3x", "3x", "\"x\" is no unit"),
        ("1e999", "1e999", "no number"),
        ("date('soon')", "'soon'", "no date"),
        ("date(1)", "1", "a date in quotes"),
        ("leg(1)", "1", "the name of a leg"),
        ("boost(lang = 'en')", "boost", "a filter and a value"),
        ("1 + boost(lang = , 1)", "", "a value is expected"),
        ("boost(yaer, 1)", "", "a comparison"),
        ("default(1)", ")", "another value"),
        ("geo_km(1, 2, 3)", "1", "the field of a place"),
        ("a.", "", "a key after"),
        (deep.as_str(), "(", "deeper than 32"),
        (long.as_str(), "1+1", "longer than 256"),
        (large.as_str(), "", "longer than 4096 bytes"),
    ] {
        let error = Formula::parse(text).unwrap_err();
        assert!(error.message().contains(says), "{text}: {error}");
        let found = &text[error.span()];
        assert!(
            found == marked || (marked == "1+1" && found.starts_with(marked)),
            "{text}: {found}"
        );
        let _ = error.caret(text);
    }
    let many = vec!["score"; 128].join(" + ");
    assert!(Formula::parse(&many).is_ok());
    let chain = format!("{}1", "-".repeat(31));
    assert!(Formula::parse(&chain).is_ok());
    assert!(Formula::parse(&format!("-{chain}")).is_err());
}

#[test]
fn built_formulas_are_those_that_are_written() {
    let sum = Expr::score() + 1;
    for (built, text) in [
        (sum.clone() * 2, "(score + 1) * 2"),
        (2.0 * sum.clone(), "2 * (score + 1)"),
        (1.0 - (sum.clone() - 2), "1 - (score + 1 - 2)"),
        (-sum.clone() / Expr::field("a.b"), "-(score + 1) / a.b"),
        (Expr::field("x-y") * Expr::field("score"), "`x-y` * `score`"),
        (
            sum.clone().abs().ln().exp().sqrt(),
            "sqrt(exp(ln(abs(score + 1))))",
        ),
        (
            Expr::leg("my leg").min(3).max(-1.5),
            "max(min(leg('my leg'), 3), -1.5)",
        ),
        (Expr::field("n").or(0).pow(2), "pow(default(n, 0), 2)"),
        (
            Expr::boost(field("a").eq("x"), sum),
            "boost(a = 'x', score + 1)",
        ),
        (
            Expr::geo_km("place", 48.2, -16.4),
            "geo_km(place, 48.2, -16.4)",
        ),
        (
            Expr::field("t").gauss_decay(Expr::now(), Duration::from_secs(60)),
            "gauss_decay(t, now(), 1m)",
        ),
        (Expr::field("t").linear_decay(0, 5), "linear_decay(t, 0, 5)"),
        (Expr::from(1e300) + 1e-9, "1e300 + 1e-9"),
    ] {
        assert_eq!(
            built.clone().into_formula().unwrap(),
            Formula::parse(text).unwrap(),
            "{built:?}"
        );
    }
    assert!(Expr::from(f64::NAN).into_formula().is_err());
    assert!(Expr::from(f64::INFINITY).into_formula().is_err());
    let formula = Formula::parse("leg(a) + x + default(x, 1) + geo_km(p, 1, 2) + now()").unwrap();
    assert_eq!(formula.legs(), ["a"]);
    assert_eq!(formula.paths(), ["x", "p.lat", "p.lon"]);
    let at = formula.resolve(2_500_000_000).unwrap();
    assert!(at.to_string().ends_with(" + 2"), "a whole second: {at}");
    assert_eq!(at.resolve(1), None);
    assert!(
        Formula::parse("boost(t > now() - 1d, 1)")
            .unwrap()
            .resolve(0)
            .is_some()
    );
    let error = formula.unknown_leg("a", &["text", "vector"]);
    assert_eq!(error.hint().unwrap(), "the legs are: text, vector");
    assert_eq!(error.span(), 0..6);
}
