//! Hostile bytes of an index of sparse vectors are refused or searched to rows that exist; those of a sound
//! one give what comparing every vector gives.

use lumos_index::{SealedSparse, SparsePostings, SparseSource, SparseVector};
use ownedbytes::OwnedBytes;

use super::input::Input;

/// Bytes as they lie in a segment file, at a multiple of 64.
fn aligned(bytes: &[u8]) -> OwnedBytes {
    let room = vec![0; bytes.len() + 64];
    let start = room.as_ptr().align_offset(64);
    let mut room = room;
    room[start..start + bytes.len()].copy_from_slice(bytes);
    OwnedBytes::new(room).slice(start..start + bytes.len())
}

/// A vector of some of a few dimensions, so that many share them.
fn vector(input: &mut Input<'_>) -> SparseVector {
    let count = input.below(6);
    let entries: std::collections::BTreeMap<u32, f32> = (0..count)
        .map(|_| (u32::from(input.below(9)), f32::from(input.byte()) - 100.0))
        .collect();
    SparseVector::new(entries).unwrap()
}

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let query = vector(&mut input);
    let k = usize::from(input.below(20));
    if input.below(2) == 0 {
        let rows = u32::from(input.u16());
        let Ok(index) = SealedSparse::open(aligned(input.rest()), rows) else {
            return;
        };
        let source = SparseSource::Sealed(&index, rows);
        let (found, _) = source.top(&query, k, None);
        assert!(found.len() <= k && found.iter().all(|(_, row)| *row < rows));
        let few = [0, rows / 2].into_iter().collect();
        let (found, _) = source.top(&query, k, Some(&few));
        assert!(found.iter().all(|(_, row)| few.contains(*row)));
        assert_eq!(source.scores(&query, &[0, 1, rows]).len(), 3);
        return;
    }
    let mut vectors = Vec::new();
    while !input.is_empty() && vectors.len() < 200 {
        vectors.push(vector(&mut input));
    }
    let mut postings = SparsePostings::new();
    for (row, vector) in (0u32..).zip(&vectors) {
        postings.add(row, vector);
    }
    let rows = vectors.len() as u32;
    let shares = |vector: &SparseVector| vector.iter().any(|(id, _)| query.weight(id) != 0.0);
    let scored = (0u32..).zip(&vectors).filter(|(_, vector)| shares(vector));
    let mut expected: Vec<(f32, u32)> =
        scored.map(|(row, vector)| (query.dot(vector), row)).collect();
    expected.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    expected.truncate(k);
    assert_eq!(SparseSource::Memory(&postings, rows).top(&query, k, None).0, expected);
    let index = SealedSparse::open(aligned(&postings.encode(rows)), rows).unwrap();
    assert_eq!(SparseSource::Sealed(&index, rows).top(&query, k, None).0, expected);
}
