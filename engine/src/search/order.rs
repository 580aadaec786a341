//! Documents in the order of a field, a page at a time.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Bound;

use lumos_index::{RowValues, Scalar};
use roaring::RoaringBitmap;

use super::cursor::{Cursor, Held};
use crate::Result;
use crate::state::{CollectionState, Place};

/// Which values come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The least first; of an array, its least value counts.
    #[default]
    Asc,
    /// The greatest first; of an array, its greatest value counts.
    Desc,
}

impl Order {
    /// Values in this order; what is missing is last in both.
    fn compare(self, a: Option<Scalar<'_>>, b: Option<Scalar<'_>>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) => match self {
                Order::Asc => a.cmp(&b),
                Order::Desc => b.cmp(&a),
            },
            (a, b) => a.is_none().cmp(&b.is_none()),
        }
    }

    /// The number of the value that counts, such that less comes first.
    fn rank(self, values: &RowValues, row: u32) -> u32 {
        let ordinals = values.ordinals(row);
        let rank = match self {
            Order::Asc => ordinals.first().copied(),
            Order::Desc => ordinals.last().map(|last| values.distinct() - 1 - last),
        };
        rank.unwrap_or(u32::MAX)
    }

    /// The value of a rank.
    fn value(self, values: &RowValues, rank: u32) -> Option<Scalar<'_>> {
        match self {
            Order::Asc => values.value(rank),
            Order::Desc => values.value((values.distinct().checked_sub(1)?).checked_sub(rank)?),
        }
    }
}

/// A document in its order.
struct Next {
    value: Option<Held>,
    key: String,
    place: Place,
}

/// The places of the `limit` documents that come first after a cursor, in order, of those rows of each
/// segment; and the cursor after them if there are more.
pub(super) fn page(
    state: &CollectionState,
    rows: &[Cow<'_, RoaringBitmap>],
    order: Option<&(String, Order)>,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<(Vec<Place>, Option<Cursor>)> {
    let nothing = RowValues::default();
    let direction = order.map_or(Order::Asc, |(_, order)| *order);
    let values = order.map(|(path, _)| state.values(path));
    let mut found: Vec<Next> = Vec::new();
    for (segment, rows) in rows.iter().enumerate() {
        let values = values.as_ref().and_then(|values| values.segment(segment));
        let values = values.unwrap_or(&nothing);
        let wanted = limit + 1;
        if order.is_none()
            && let Some(next) = by_key(state, (segment, rows), after, wanted)?
        {
            found.extend(next);
            continue;
        }
        found.extend(first(
            state,
            (segment, rows),
            (values, direction),
            after,
            wanted,
        )?);
    }
    let value = |next: &Next| next.value.clone();
    found.sort_by(|a, b| {
        let (a_value, b_value) = (
            a.value.as_ref().map(Held::scalar),
            b.value.as_ref().map(Held::scalar),
        );
        direction
            .compare(a_value, b_value)
            .then_with(|| a.key.cmp(&b.key))
    });
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| Cursor {
        value: value(last),
        key: last.key.clone(),
    });
    Ok((found.into_iter().map(|next| next.place).collect(), next))
}

/// The first documents of one segment by key, walked in the order of keys; `None` when the keys of all rows
/// are read sooner.
fn by_key(
    state: &CollectionState,
    (segment, rows): (usize, &RoaringBitmap),
    after: Option<&Cursor>,
    wanted: usize,
) -> Result<Option<Vec<Next>>> {
    let Some(view) = state.segments.get(segment) else {
        return Ok(None);
    };
    // So many keys are walked past for as many of these rows as are wanted, about.
    let walked = (wanted as u64).saturating_mul(view.rows.into()) / rows.len().max(1);
    if walked >= rows.len() {
        return Ok(None);
    }
    let from = match after {
        Some(cursor) => Bound::Excluded(cursor.key.as_str()),
        None => Bound::Unbounded,
    };
    let found = view.keys_from(from, "", wanted, Some(rows))?;
    let next = found.into_iter().map(|(key, row)| Next {
        value: None,
        key: key.to_string(),
        place: Place { segment, row },
    });
    Ok(Some(next.collect()))
}

/// The first documents of one segment, in no order.
fn first(
    state: &CollectionState,
    (segment, rows): (usize, &RoaringBitmap),
    (values, order): (&RowValues, Order),
    after: Option<&Cursor>,
    wanted: usize,
) -> Result<Vec<Next>> {
    let key = |row: u32| state.key(Place { segment, row });
    // Ranks before this one are on earlier pages; rows of a rank that is the cursor's, if their keys are.
    let (from, shared) = match after {
        None => (0, None),
        Some(Cursor { value: None, .. }) => (u32::MAX, Some(u32::MAX)),
        Some(Cursor {
            value: Some(held), ..
        }) => {
            let at = start(values, order, held.scalar());
            let same = order.value(values, at) == Some(held.scalar());
            (at, same.then_some(at))
        }
    };
    let after_key = after.map_or("", |cursor| cursor.key.as_str());
    let mut leading = Leading::new(wanted);
    for row in rows {
        let rank = order.rank(values, row);
        if rank < from || (shared == Some(rank) && key(row)?.as_str() <= after_key) {
            continue;
        }
        leading.push(rank, row);
    }
    let ranked = leading.finish();
    let mut nexts = Vec::with_capacity(ranked.len());
    let last = ranked
        .iter()
        .map(|(rank, _)| *rank)
        .max()
        .unwrap_or_default();
    let mut ties: Vec<(String, u32)> = Vec::new();
    for (rank, row) in ranked {
        if rank == last {
            ties.push((key(row)?, row));
            continue;
        }
        let value = order.value(values, rank).and_then(Held::new);
        let place = Place { segment, row };
        nexts.push(Next {
            value,
            key: key(row)?,
            place,
        });
    }
    // Of those that share the last value the first keys are wanted.
    let room = wanted.saturating_sub(nexts.len());
    if ties.len() > room && room > 0 {
        ties.select_nth_unstable(room - 1);
    }
    let value = order.value(values, last).and_then(Held::new);
    nexts.extend(ties.into_iter().take(room).map(|(key, row)| Next {
        value: value.clone(),
        key,
        place: Place { segment, row },
    }));
    Ok(nexts)
}

/// Rows with their ranks, of which the first are wanted, and all that share the rank of the last of them.
struct Leading {
    wanted: usize,
    ranked: Vec<(u32, u32)>,
    /// What is too far back is dropped when there are so many, so that pages need little memory.
    room: usize,
}

impl Leading {
    fn new(wanted: usize) -> Leading {
        Leading {
            wanted,
            ranked: Vec::new(),
            room: wanted.saturating_mul(8).max(1 << 16),
        }
    }

    /// Adds a row; tells whether it looked for what can be dropped.
    fn push(&mut self, rank: u32, row: u32) -> bool {
        self.ranked.push((rank, row));
        let full = self.ranked.len() >= self.room;
        if full {
            self.drop_back();
            // Where many share a rank little is dropped: the next look waits for as many again.
            self.room = self.room.max(self.ranked.len().saturating_mul(2));
        }
        full
    }

    fn drop_back(&mut self) {
        let Some(last) = self.wanted.checked_sub(1) else {
            return;
        };
        if self.ranked.len() > self.wanted {
            let (_, (last, _), _) = self.ranked.select_nth_unstable(last);
            let last = *last;
            self.ranked.retain(|(rank, _)| *rank <= last);
        }
    }

    fn finish(mut self) -> Vec<(u32, u32)> {
        self.drop_back();
        self.ranked
    }
}

/// The first rank whose value does not come before this one.
fn start(values: &RowValues, order: Order, value: Scalar<'_>) -> u32 {
    let (mut low, mut high) = (0, values.distinct());
    while low < high {
        let middle = low + (high - low) / 2;
        let before = order.compare(order.value(values, middle), Some(value)) == Ordering::Less;
        if before {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three hundred thousand documents of one value: a look at all of them for each that is added would
    /// take minutes.
    #[test]
    fn rows_that_share_a_value_are_looked_at_a_few_times_only() {
        for ranks in [1, 2, 300_000] {
            let mut leading = Leading::new(100);
            let looks = (0..300_000).filter(|row| leading.push(row % ranks, *row));
            assert!(looks.count() <= 5, "{ranks} ranks");
            let found = leading.finish();
            assert!(found.len() >= 100 && found.iter().all(|(rank, _)| *rank < 100));
        }
    }
}
