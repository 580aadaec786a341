//! Formulas give what a naive evaluator gives: the same number, or an error of the same kind.

use lumos_index::{Formula, FormulaFault, FormulaRow};

use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let doc = Doc {
        score: f64::from(input.byte()) / 16.0 - 8.0,
        numbers: [(); 2].map(|()| (input.below(4) > 0).then(|| f64::from(input.byte()) - 128.0)),
        matches: input.below(2) == 0,
    };
    let tree = tree(&mut input, 4);
    let text = tree.text();
    let formula = Formula::parse(&text).unwrap();
    let found = formula.eval(&doc);
    match (tree.value(&doc), &found) {
        (Ok(expected), Ok(found)) => {
            let far = (f64::from(*found) - expected).abs();
            assert!(far <= 1e-5 * expected.abs().max(1e-3), "{text}: {found} {expected}");
        }
        (Ok(expected), Err(FormulaFault::Undefined(_))) => assert!(expected.abs() > 1e38, "{text}"),
        (Err(Wrong::Missing), Err(FormulaFault::Missing(_)))
        | (Err(Wrong::Undefined), Err(FormulaFault::Undefined(_))) => {}
        (expected, found) => panic!("{text}: {expected:?} {found:?}"),
    }
    let again = Formula::parse(&formula.to_string()).unwrap();
    assert_eq!(again.eval(&doc).ok(), found.ok(), "{text}");
}

struct Doc {
    score: f64,
    numbers: [Option<f64>; 2],
    matches: bool,
}

const NAMES: [&str; 2] = ["a", "`b c`.d"];

impl FormulaRow for Doc {
    fn score(&self) -> f64 {
        self.score
    }

    fn leg(&self, _: &str) -> Option<f64> {
        Some(self.score / 2.0)
    }

    fn number(&self, path: &str) -> Option<f64> {
        let at = NAMES.iter().position(|name| *name == path)?;
        self.numbers[at]
    }

    fn matches(&self, _: usize) -> bool {
        self.matches
    }
}

enum Tree {
    Number(f64),
    Score,
    Leg,
    Field(usize),
    Negate(Box<Tree>),
    Binary(char, Box<Tree>, Box<Tree>),
    Call(&'static str, Box<Tree>, Box<Tree>),
    Decay(&'static str, Box<Tree>, Box<Tree>, f64),
    Default(Box<Tree>, Box<Tree>),
    Boost(Box<Tree>),
}

#[derive(Debug)]
enum Wrong {
    Missing,
    Undefined,
}

fn tree(input: &mut Input<'_>, depth: u8) -> Tree {
    let inner = |input: &mut Input<'_>| Box::new(tree(input, depth - 1));
    match input.below(if depth == 0 { 4 } else { 12 }) {
        0 => Tree::Number(f64::from(input.byte()) / 8.0),
        1 => Tree::Score,
        2 => Tree::Leg,
        3 => Tree::Field(usize::from(input.below(2))),
        4 => Tree::Negate(inner(input)),
        5..=7 => {
            let sign = ['+', '-', '*', '/'][usize::from(input.below(4))];
            Tree::Binary(sign, inner(input), inner(input))
        }
        8 => {
            let name = ["min", "max", "pow", "abs", "ln", "exp", "sqrt"][usize::from(input.below(7))];
            Tree::Call(name, inner(input), inner(input))
        }
        9 => {
            let name = ["exp_decay", "gauss_decay", "linear_decay"][usize::from(input.below(3))];
            let scale = f64::from(input.byte()) / 4.0 + 0.25;
            Tree::Decay(name, inner(input), inner(input), scale)
        }
        10 => Tree::Default(inner(input), inner(input)),
        _ => Tree::Boost(inner(input)),
    }
}

impl Tree {
    fn text(&self) -> String {
        match self {
            Tree::Number(number) => format!("{number}"),
            Tree::Score => "score".to_string(),
            Tree::Leg => "leg('any leg')".to_string(),
            Tree::Field(at) => NAMES[*at].to_string(),
            Tree::Negate(of) => format!("-({})", of.text()),
            Tree::Binary(sign, a, b) => format!("({}) {sign} ({})", a.text(), b.text()),
            Tree::Call(name @ ("min" | "max" | "pow"), a, b) => {
                format!("{name}({}, {})", a.text(), b.text())
            }
            Tree::Call(name, a, _) => format!("{name}({})", a.text()),
            Tree::Decay(name, a, b, scale) => format!("{name}({}, {}, {scale})", a.text(), b.text()),
            Tree::Default(a, b) => format!("default({}, {})", a.text(), b.text()),
            Tree::Boost(of) => format!("boost(x IN ('(', ',') OR y = 1, {})", of.text()),
        }
    }

    fn value(&self, doc: &Doc) -> Result<f64, Wrong> {
        let value = match self {
            Tree::Number(number) => *number,
            Tree::Score => doc.score,
            Tree::Leg => doc.score / 2.0,
            Tree::Field(at) => doc.numbers[*at].ok_or(Wrong::Missing)?,
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
            Tree::Call(name, a, b) => {
                let a = a.value(doc)?;
                match *name {
                    "min" => a.min(b.value(doc)?),
                    "max" => a.max(b.value(doc)?),
                    "pow" => a.powf(b.value(doc)?),
                    "abs" => a.abs(),
                    "ln" => a.ln(),
                    "exp" => a.exp(),
                    _ => a.sqrt(),
                }
            }
            Tree::Decay(name, a, b, scale) => {
                let far = (a.value(doc)? - b.value(doc)?).abs() / scale;
                match *name {
                    "exp_decay" => 0.5_f64.powf(far),
                    "gauss_decay" => 0.5_f64.powf(far * far),
                    _ => (1.0 - 0.5 * far).max(0.0),
                }
            }
            Tree::Default(a, b) => match a.value(doc) {
                Err(Wrong::Missing) => b.value(doc)?,
                known => known?,
            },
            Tree::Boost(of) if doc.matches => of.value(doc)?,
            Tree::Boost(_) => 0.0,
        };
        if value.is_finite() { Ok(value) } else { Err(Wrong::Undefined) }
    }
}
