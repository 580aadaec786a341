//! The kernels in plain Rust: the definition that the others are tested against.

/// See [`super::tier::Tier::sq8`].
#[inline(always)]
pub(crate) fn sq8(query: &[i8], row: &[u8]) -> i32 {
    let (query, row) = (query.as_chunks::<32>().0, row.as_chunks::<32>().0);
    let mut sum = 0;
    for (query, row) in query.iter().zip(row) {
        for (&q, &x) in query.iter().zip(row) {
            sum += i32::from(q) * i32::from(x);
        }
    }
    sum
}

/// See [`super::tier::Tier::sq4`].
#[inline(always)]
pub(crate) fn sq4(query: &[i8], row: &[u8]) -> i32 {
    let (query, row) = (query.as_chunks::<64>().0, row.as_chunks::<32>().0);
    let mut sum = 0;
    for (query, row) in query.iter().zip(row) {
        let (low, high) = query.split_at(32);
        for ((&low, &high), &x) in low.iter().zip(high).zip(row) {
            sum += i32::from(low) * i32::from(x & 15) + i32::from(high) * i32::from(x >> 4);
        }
    }
    sum
}
