//! Rankings fused by hand, for stores that have no fusion of their own.

use crate::questions::K;

/// The ten best by the sums of `1 / (60 + rank)`.
pub(crate) fn fused(lists: [&[u64]; 2]) -> Vec<u64> {
    let ranked = lists.into_iter().flat_map(|list| (1u32..).zip(list));
    let mut all: Vec<(u64, f32)> = ranked
        .map(|(rank, &number)| (number, 1.0 / (60 + rank) as f32))
        .collect();
    all.sort_unstable_by_key(|(number, _)| *number);
    all.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    if all.len() > K {
        all.select_nth_unstable_by(K, |a, b| b.1.total_cmp(&a.1));
        all.truncate(K);
    }
    all.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.into_iter().map(|(number, _)| number).collect()
}
