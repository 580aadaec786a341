//! The most frequent of the terms that a pattern stands for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::error::TextError;
use super::pattern::Form;
use super::source::SourceField;

/// Terms that a pattern stands for and that are scored one by one: those of the most rows. The others
/// count alike.
const MOST_SCORED: usize = 64;
/// Terms that a pattern stands for at all.
const MOST_TERMS: usize = 65_536;

/// What terms are ordered by: those that no live row has come last, the word itself comes first, then those of
/// the most rows, then by name.
type Rank<T> = (bool, bool, Reverse<u64>, T);

/// Terms of any segment that fit.
#[derive(Debug, Default)]
pub(crate) struct Frequent {
    /// Those that are scored one by one, in their order.
    pub(crate) scored: Vec<String>,
    /// The others; none when no live row has any of them.
    pub(crate) rest: Vec<String>,
}

/// The terms of any segment that fit, the most frequent.
pub(crate) fn frequent(
    form: &Form,
    parts: &[Option<SourceField<'_>>],
) -> Result<Frequent, TextError> {
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
    let ranked = ranked.map(|(term, rows)| (false, Some(&*term) != exact, Reverse(rows), term));
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
    let rest = first.split_off(first.len().min(MOST_SCORED));
    let mut some = false;
    for (.., Reverse(rows), term) in &rest {
        some = live(*rows, term, &deleted)? > 0;
        if some {
            break;
        }
    }
    let names = |terms: Vec<Rank<String>>| terms.into_iter().map(|(.., term)| term).collect();
    Ok(Frequent {
        scored: names(first),
        rest: if some { names(rest) } else { Vec::new() },
    })
}

/// How many of the rows of a term are live.
fn live(rows: u64, term: &str, deleted: &[&SourceField<'_>]) -> Result<u64, TextError> {
    let mut live = rows;
    for part in deleted {
        if let Some(found) = part.find(term)? {
            let dead = found.rows() - part.live_rows(term, &found)?;
            live = live.saturating_sub(u64::from(dead));
        }
    }
    Ok(live)
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
    for (number, (_, other, Reverse(rows), term)) in terms.iter().enumerate() {
        let next = (false, *other, Reverse(*rows), term.as_str());
        if first.len() >= most && first.peek().is_some_and(|(last, _)| next >= *last) {
            break;
        }
        let live = live(*rows, term, deleted)?;
        first.push(((live == 0, *other, Reverse(live), term), number));
        if first.len() > most {
            first.pop();
        }
    }
    let sorted = first.into_sorted_vec().into_iter();
    Ok(sorted.map(|(_, number)| number).collect())
}
