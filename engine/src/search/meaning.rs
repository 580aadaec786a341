//! Legs by meaning get their vectors from the embedder.

use super::leg::{Ask, Leg};
use super::request::{Fusion, SearchRequest};
use crate::core::Core;
use crate::{EmbedKind, Result};

/// Whether a leg of the request waits for a vector.
pub(crate) fn is_due(request: &SearchRequest) -> bool {
    let mut open: Vec<&Leg> = request.legs.iter().collect();
    while let Some(leg) = open.pop() {
        match &leg.ask {
            Ask::Meaning(_) if leg.embedded.is_none() => return true,
            Ask::Prefetch { legs, then, .. } => open.extend(legs.iter().chain(then.as_deref())),
            _ => {}
        }
    }
    false
}

/// Embeds the texts of all legs by meaning together. Legs whose language the model does not speak are left
/// out, or search by keyword where they are alone. Without an embedder nothing happens: the plan says so.
pub(crate) fn embed(
    core: &Core,
    collection: &str,
    request: &mut SearchRequest,
    fusion_is_set: bool,
) -> Result<()> {
    if !is_due(request) {
        return Ok(());
    }
    let Some(embedder) = core.embedder(collection) else {
        return Ok(());
    };
    drop_unknown(&mut request.legs, &|text| embedder.supports(text));
    let mut due = Vec::new();
    collect(&mut request.legs, &mut due);
    if !due.is_empty() && !fusion_is_set {
        let vector_weight = embedder.fusion_weight();
        request.fusion = Fusion::Convex { vector_weight };
    }
    for due in due.chunks_mut(embedder.batch_size().max(1)) {
        let texts: Vec<&str> = due.iter().map(|(text, _)| text.as_str()).collect();
        let vectors = embedder.embed(&texts, EmbedKind::Query)?;
        for ((_, embedded), vector) in due.iter_mut().zip(vectors) {
            **embedded = Some(vector);
        }
    }
    Ok(())
}

fn drop_unknown(legs: &mut Vec<Leg>, speaks: &dyn Fn(&str) -> bool) {
    let unknown = |leg: &Leg| matches!(&leg.ask, Ask::Meaning(text) if !speaks(text));
    if legs.iter().all(unknown) {
        // Words at least: the model would only add noise.
        for leg in legs.iter_mut() {
            if let Ask::Meaning(text) = &leg.ask {
                leg.ask = Ask::Text(text.clone());
                leg.fields.clear();
            }
        }
    } else {
        legs.retain(|leg| !unknown(leg));
    }
    for leg in legs {
        if let Ask::Prefetch { legs, then, .. } = &mut leg.ask {
            drop_unknown(legs, speaks);
            if then.as_deref().is_some_and(unknown) {
                *then = None;
            }
        }
    }
}

fn collect<'a>(legs: &'a mut [Leg], due: &mut Vec<(&'a String, &'a mut Option<Vec<f32>>)>) {
    for leg in legs {
        match &mut leg.ask {
            Ask::Meaning(text) => due.push((text, &mut leg.embedded)),
            Ask::Prefetch { legs, then, .. } => {
                collect(legs, due);
                if let Some(then) = then.as_deref_mut() {
                    collect(std::slice::from_mut(then), due);
                }
            }
            _ => {}
        }
    }
}
