//! The most frequent of the terms that a pattern stands for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::error::TextError;
use super::pattern::Form;
use super::source::SourceField;

/// Terms that a pattern stands for and that are scored one by one: those of the most rows. The others
/// count alike.
pub(crate) const MOST_SCORED: usize = 64;
/// Terms that a pattern stands for at all.
const MOST_TERMS: usize = 65_536;

/// What terms are ordered by: the word itself comes first, then those of the most rows, then by name.
type Rank<T> = (bool, Reverse<u64>, T);

/// The terms of any segment that fit; those that are scored come first, in their order.
pub(crate) fn frequent(
    form: &Form,
    parts: &[Option<SourceField<'_>>],
) -> Result<Vec<String>, TextError> {
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for part in parts.iter().flatten() {
        form.each_term(part, &mut |term, rows| match found.get_mut(term) {
            Some(count) => *count += u64::from(rows),
            None => {
                found.insert(term.to_string(), u64::from(rows));
            }
        })?;
    }
    let exact = form.exact();
    let ranked = found.into_iter();
    let ranked = ranked.map(|(term, rows)| (Some(&*term) != exact, Reverse(rows), term));
    let mut terms: Vec<Rank<String>> = ranked.collect();
    terms.sort_unstable();
    let parts = parts.iter().flatten();
    let deleted: Vec<&SourceField<'_>> = parts.filter(|part| part.has_deletes()).collect();
    let most = match terms.len() > MOST_TERMS {
        true => MOST_TERMS,
        false => MOST_SCORED,
    };
    let mut first = Vec::with_capacity(terms.len().min(MOST_TERMS));
    if terms.len() > most && !deleted.is_empty() {
        let leaders = leaders(&terms, most, &deleted)?;
        let mut left: Vec<Option<Rank<String>>> = terms.into_iter().map(Some).collect();
        for number in leaders {
            first.extend(left.get_mut(number).and_then(Option::take));
        }
        terms = left.into_iter().flatten().collect();
    }
    first.extend(terms);
    first.truncate(MOST_TERMS);
    Ok(first.into_iter().map(|(_, _, term)| term).collect())
}

/// The numbers of the terms that come first by their live rows alone: what is deleted is gone after a
/// compaction, which must not change what is found, nor what it is worth.
///
/// The terms are sorted by all of their rows. There are no more live ones, so that none matters any more once
/// the next could not be among the first with all of its own.
fn leaders(
    terms: &[Rank<String>],
    most: usize,
    deleted: &[&SourceField<'_>],
) -> Result<Vec<usize>, TextError> {
    let mut first: BinaryHeap<(Rank<&str>, usize)> = BinaryHeap::with_capacity(most + 1);
    for (number, (other, Reverse(rows), term)) in terms.iter().enumerate() {
        let next = (*other, Reverse(*rows), term.as_str());
        if first.len() >= most && first.peek().is_some_and(|(last, _)| next >= *last) {
            break;
        }
        let mut live = *rows;
        for part in deleted {
            if let Some(found) = part.find(term)? {
                let dead = found.rows() - part.live_rows(term, &found)?;
                live = live.saturating_sub(u64::from(dead));
            }
        }
        first.push(((*other, Reverse(live), term), number));
        if first.len() > most {
            first.pop();
        }
    }
    let sorted = first.into_sorted_vec().into_iter();
    Ok(sorted.map(|(_, number)| number).collect())
}
