//! Documents in the order of a field, a page at a time.

use std::borrow::Cow;
use std::cmp::Ordering;

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
        found.extend(first(
            state,
            (segment, rows),
            (values, direction),
            after,
            limit + 1,
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
    let mut ranked: Vec<(u32, u32)> = Vec::new();
    for row in rows {
        let rank = order.rank(values, row);
        if rank < from || (shared == Some(rank) && key(row)?.as_str() <= after_key) {
            continue;
        }
        ranked.push((rank, row));
        // Now and then what is too far back is dropped, so that pages need little memory.
        if ranked.len() >= wanted.saturating_mul(8).max(1 << 16) {
            keep(&mut ranked, wanted);
        }
    }
    keep(&mut ranked, wanted);
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

/// Keeps the first `wanted` by rank, and all that share the rank of the last of them.
fn keep(ranked: &mut Vec<(u32, u32)>, wanted: usize) {
    if wanted == 0 || ranked.len() <= wanted {
        return;
    }
    let (_, last, _) = ranked.select_nth_unstable(wanted - 1);
    let last = last.0;
    ranked.retain(|(rank, _)| *rank <= last);
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
