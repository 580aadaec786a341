//! Facets on the command line: how they are asked for and told.

use lumos::{Facet, FacetAnswer, FacetResult, Interval};
use serde_json::Value;

use crate::context::Context;
use crate::failure::{Failure, Outcome, Result};
use crate::output::{counted, grouped};
use crate::snippet;

/// What `--facet` says of itself.
pub(crate) const HELP: &str = "Count over all that matches: terms:FIELD[:N], range:FIELD:N,N.., \
    histogram:FIELD:WIDTH, date:FIELD:month (minute to year), stats:FIELD, distinct:FIELD";

/// Reads what was asked for.
pub(crate) fn parse(specs: &[String]) -> Result<Vec<Facet>> {
    specs.iter().map(|spec| one(spec)).collect()
}

fn one(spec: &str) -> Result<Facet> {
    let wrong = |detail: &str| Failure::argument("--facet", format!("\"{spec}\" {detail}"));
    let Some((kind, rest)) = spec.split_once(':') else {
        return Err(wrong("needs a field: terms:lang"));
    };
    let split = || rest.rsplit_once(':');
    match kind {
        "terms" => Ok(
            match split().and_then(|(path, n)| Some((path, n.parse().ok()?))) {
                Some((path, limit)) => Facet::terms(path).limit(limit),
                None => Facet::terms(rest),
            },
        ),
        "range" => {
            let (path, bounds) =
                split().ok_or_else(|| wrong("needs bounds: range:year:2000,2010"))?;
            let bounds: Option<Vec<f64>> =
                bounds.split(',').map(|n| n.trim().parse().ok()).collect();
            let bounds = bounds.ok_or_else(|| wrong("has bounds that are no numbers"))?;
            Ok(Facet::ranges(path, bounds))
        }
        "histogram" => {
            let (path, width) =
                split().ok_or_else(|| wrong("needs a width: histogram:price:10"))?;
            let width = width
                .parse()
                .map_err(|_| wrong("has a width that is no number"))?;
            Ok(Facet::histogram(path, width))
        }
        "date" => {
            let (path, name) =
                split().ok_or_else(|| wrong("needs an interval: date:created:month"))?;
            let interval = Interval::named(name).ok_or_else(|| {
                wrong("has no interval of minute, hour, day, week, month, quarter, year")
            })?;
            Ok(Facet::dates(path, interval))
        }
        "stats" => Ok(Facet::stats(rest)),
        "distinct" => Ok(Facet::cardinality(rest)),
        _ => Err(wrong(
            "is none of terms, range, histogram, date, stats, distinct",
        )),
    }
}

/// Prints facets for people.
pub(crate) fn print(facets: &[FacetResult], context: &mut Context) -> Outcome {
    for facet in facets {
        let with = counted(facet.documents, "document");
        let without = grouped(facet.missing);
        let path = snippet::name(&facet.path);
        context
            .out
            .line(format!("{path}: {with}, {without} without"))?;
        for (name, count) in lines(&facet.answer) {
            context
                .out
                .line(format!("  {}  {count}", snippet::name(&name)))?;
        }
    }
    Ok(())
}

fn lines(answer: &FacetAnswer) -> Vec<(String, String)> {
    let range = |from: Option<f64>, to: Option<f64>| match (from, to) {
        (None, Some(to)) => format!("below {to}"),
        (Some(from), None) => format!("{from} and above"),
        (from, to) => format!("{} to {}", from.unwrap_or_default(), to.unwrap_or_default()),
    };
    let number =
        |number: Option<f64>| number.map_or("none".to_string(), |number| number.to_string());
    match answer {
        FacetAnswer::Terms {
            values,
            distinct,
            other,
        } => {
            let told = |value: &Value| match value {
                Value::String(text) => text.clone(),
                value => value.to_string(),
            };
            let mut lines: Vec<(String, String)> = values
                .iter()
                .map(|term| (told(&term.value), grouped(term.count)))
                .collect();
            let rest = distinct.saturating_sub(values.len() as u64);
            if rest > 0 {
                lines.push((counted(rest, "other value"), grouped(*other)));
            }
            lines
        }
        FacetAnswer::Ranges { ranges } | FacetAnswer::Histogram { bins: ranges } => {
            let lines = ranges.iter();
            lines
                .map(|bin| (range(bin.from, bin.to), grouped(bin.count)))
                .collect()
        }
        FacetAnswer::Dates { dates } => dates
            .iter()
            .map(|date| (date.from.clone(), grouped(date.count)))
            .collect(),
        FacetAnswer::Stats {
            count,
            min,
            max,
            sum,
            mean,
        } => vec![
            ("count".to_string(), grouped(*count)),
            ("min".to_string(), number(*min)),
            ("max".to_string(), number(*max)),
            ("sum".to_string(), sum.to_string()),
            ("mean".to_string(), number(*mean)),
        ],
        FacetAnswer::Cardinality { distinct } => {
            vec![("distinct".to_string(), grouped(*distinct))]
        }
        _ => Vec::new(),
    }
}
