//! Counting values.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::answer::{FacetAnswer, TermCount};
use super::{FacetPart, frequencies};
use crate::values::Scalar;

/// How many matching documents have each value, least value first.
fn each_value(parts: &[FacetPart<'_>], visit: &mut dyn FnMut(Scalar<'_>, u64)) -> u64 {
    let counted: Vec<(Vec<u64>, u64)> = parts
        .iter()
        .map(|part| frequencies(part, |_| true))
        .collect();
    // The values of every segment are in order: the least of those that come next is the next of all.
    let mut next: Vec<u32> = vec![0; parts.len()];
    let lists = || parts.iter().zip(&counted);
    let skip = |at: &mut u32, counts: &[u64]| {
        let rest = counts.get(*at as usize..).unwrap_or_default();
        let empty = rest.iter().take_while(|count| **count == 0).count();
        *at += empty as u32;
    };
    loop {
        for (at, (_, (counts, _))) in next.iter_mut().zip(lists()) {
            skip(at, counts);
        }
        let heads = next.iter().zip(lists());
        let least = heads
            .filter_map(|(at, (part, _))| part.values.value(*at))
            .min();
        let Some(least) = least else {
            break;
        };
        let mut count = 0;
        for (at, (part, (counts, _))) in next.iter_mut().zip(lists()) {
            if part.values.value(*at) == Some(least) {
                count += counts.get(*at as usize).copied().unwrap_or_default();
                *at += 1;
            }
        }
        visit(least, count);
    }
    counted.iter().map(|(_, documents)| documents).sum()
}

pub(super) fn terms(parts: &[FacetPart<'_>], limit: usize) -> (u64, FacetAnswer) {
    /// More frequent ones are greater, of equally frequent ones the first.
    type Entry = Reverse<(u64, Reverse<u64>)>;
    let (mut total, mut distinct) = (0, 0);
    let mut best: BinaryHeap<Entry> = BinaryHeap::new();
    each_value(parts, &mut |_, count| {
        best.push(Reverse((count, Reverse(distinct))));
        if best.len() > limit {
            best.pop();
        }
        distinct += 1;
        total += count;
    });
    let chosen: std::collections::BTreeSet<u64> = best
        .into_iter()
        .map(|Reverse((_, Reverse(at)))| at)
        .collect();
    // Values are made in a second walk: only those that are listed.
    let (mut at, mut listed) = (0, 0);
    let mut values = Vec::with_capacity(chosen.len());
    let documents = each_value(parts, &mut |value, count| {
        if chosen.contains(&at) {
            listed += count;
            values.push(TermCount {
                value: value.to_json(),
                count,
            });
        }
        at += 1;
    });
    values.sort_by_key(|term| Reverse(term.count));
    let other = total - listed;
    let answer = FacetAnswer::Terms {
        values,
        distinct,
        other,
    };
    (documents, answer)
}

pub(super) fn cardinality(parts: &[FacetPart<'_>]) -> (u64, FacetAnswer) {
    let mut distinct = 0;
    let documents = each_value(parts, &mut |_, _| distinct += 1);
    (documents, FacetAnswer::Cardinality { distinct })
}
