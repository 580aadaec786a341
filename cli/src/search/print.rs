//! Hits for people and for programs.

use lumos::{Group, Hit};
use serde_json::Value;

use crate::context::Context;
use crate::failure::Outcome;
use crate::{citation, snippet};

pub(super) fn hits(hits: &[Hit], context: &mut Context) -> Outcome {
    for (at, hit) in (1..).zip(hits) {
        if context.out.is_json() {
            context.out.json(hit)?;
        } else {
            one(at, hit, "", context)?;
        }
    }
    if hits.is_empty() && !context.out.is_json() {
        context.out.line("no hits")?;
    }
    Ok(())
}

/// A line with the value of each group, and its hits below.
pub(super) fn groups(groups: &[Group], context: &mut Context) -> Outcome {
    let colour = context.out.colour();
    for group in groups {
        if context.out.is_json() {
            context.out.json(group)?;
            continue;
        }
        let value = match &group.value {
            Value::String(text) => snippet::name(text),
            other => other.to_string(),
        };
        context.out.line(snippet::strong(&value, colour))?;
        for (at, hit) in (1..).zip(&group.hits) {
            one(at, hit, "  ", context)?;
        }
    }
    if groups.is_empty() && !context.out.is_json() {
        context.out.line("no hits")?;
    }
    Ok(())
}

fn one(at: usize, hit: &Hit, indent: &str, context: &mut Context) -> Outcome {
    let colour = context.out.colour();
    let place = snippet::name(&citation::place(&hit.doc));
    let score = snippet::dim(&format!("{:.3}", hit.score), colour);
    let place = snippet::strong(&place, colour);
    context
        .out
        .line(format!("{indent}{at:>2}. {place}  {score}"))?;
    let piece = snippet::of(hit, colour);
    if !piece.is_empty() {
        context.out.line(format!("{indent}    {piece}"))?;
    }
    Ok(())
}
