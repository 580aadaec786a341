//! The moment of `now()` in the filters of legs and in formulas.

use std::borrow::Cow;

use lumos_index::Filter;

use super::leg::{Ask, Leg};
use super::request::SearchRequest;

/// The request with the moment of now in the place of every `now()` of its legs and its formula; the clock is
/// read when there is one. The filter of the request is not looked at.
pub(crate) fn resolved<'a>(
    request: &'a SearchRequest,
    now: impl FnOnce() -> i128,
) -> Cow<'a, SearchRequest> {
    if !tells_now(request) {
        return Cow::Borrowed(request);
    }
    let now = now();
    let mut request = request.clone();
    each(&mut request.legs, now);
    if let Some(formula) = &request.score
        && let Some(resolved) = formula.resolve(now)
    {
        request.score = Some(resolved);
    }
    Cow::Owned(request)
}

fn tells_now(request: &SearchRequest) -> bool {
    let mut open: Vec<&Leg> = request.legs.iter().collect();
    while let Some(leg) = open.pop() {
        if leg
            .filter
            .as_ref()
            .is_some_and(|filter| filter.resolve(0).is_some())
        {
            return true;
        }
        if let Ask::Prefetch { legs, then, .. } = &leg.ask {
            open.extend(legs.iter().chain(then.as_deref()));
        }
    }
    let formula = request.score.as_ref();
    formula.is_some_and(|formula| formula.resolve(0).is_some())
}

fn each(legs: &mut [Leg], now: i128) {
    for leg in legs {
        if let Some(filter) = &leg.filter
            && let Some(resolved) = filter.resolve(now)
        {
            leg.filter = Some(resolved);
        }
        if let Ask::Prefetch { legs, then, .. } = &mut leg.ask {
            each(legs, now);
            if let Some(then) = then.as_deref_mut() {
                each(std::slice::from_mut(then), now);
            }
        }
    }
}

/// A filter with a moment in the place of `now()`.
pub(crate) fn of_filter(filter: &Filter, now: impl FnOnce() -> i128) -> Cow<'_, Filter> {
    match filter.resolve(now()) {
        Some(resolved) => Cow::Owned(resolved),
        None => Cow::Borrowed(filter),
    }
}
