#![allow(clippy::unwrap_used, clippy::expect_used)]

use ownedbytes::OwnedBytes;
use proptest::prelude::*;

use super::*;

/// Cases of a test; `LUMOS_CASES` says how many.
fn cases() -> u32 {
    let cases = std::env::var("LUMOS_CASES");
    cases.ok().and_then(|n| n.parse().ok()).unwrap_or(500)
}

/// Every row scored, the best first.
fn naive(
    rows: &[Option<SparseVector>],
    query: &SparseVector,
    k: usize,
    accept: Option<&RoaringBitmap>,
) -> Vec<(f32, u32)> {
    let shares = |vector: &SparseVector| vector.iter().any(|(id, _)| query.weight(id) != 0.0);
    let mut scored: Vec<(f32, u32)> = (0u32..)
        .zip(rows)
        .filter(|(row, _)| accept.is_none_or(|accept| accept.contains(*row)))
        .filter_map(|(row, vector)| Some((row, vector.as_ref()?)))
        .filter(|(_, vector)| shares(vector))
        .map(|(row, vector)| (query.dot(vector), row))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.truncate(k);
    scored
}

/// Dimensions as words of a text: few are in many vectors.
fn vectors() -> impl Strategy<Value = SparseVector> {
    let weight = prop_oneof![
        4 => 0.01f32..3.0,
        1 => -2.0f32..0.0,
        1 => Just(1.0f32),
    ];
    let id = prop_oneof![Just(0u32), 0u32..4, 0u32..40, Just(u32::MAX)];
    proptest::collection::btree_map(id, weight, 0..9)
        .prop_map(|entries| SparseVector::new(entries).unwrap())
}

/// Vectors of so many of 200 dimensions.
fn long(entries: std::ops::Range<usize>) -> impl Strategy<Value = SparseVector> {
    proptest::collection::btree_map(0u32..200, -1.0f32..3.0, entries)
        .prop_map(|entries| SparseVector::new(entries).unwrap())
}

fn aligned(bytes: Vec<u8>) -> OwnedBytes {
    let words: Vec<u64> = vec![0; bytes.len().div_ceil(8)];
    let mut room: Vec<u8> = bytemuck::cast_slice(&words).to_vec();
    room[..bytes.len()].copy_from_slice(&bytes);
    room.truncate(bytes.len());
    OwnedBytes::new(room)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    /// Memory and bytes give what adding up everything gives, to the last bit, whatever is accepted.
    #[test]
    fn the_best_are_those_of_adding_up_everything(
        rows in proptest::collection::vec(proptest::option::weighted(0.9, vectors()), 0..120),
        query in vectors(),
        k in 0usize..30,
        visible in 0u32..150,
        accept in proptest::option::of(proptest::collection::btree_set(0u32..120, 0..120)),
    ) {
        let mut postings = SparsePostings::new();
        for (row, vector) in (0u32..).zip(&rows) {
            if let Some(vector) = vector {
                postings.add(row, vector);
            }
        }
        let accept: Option<RoaringBitmap> = accept.map(|rows| rows.into_iter().collect());
        let accept = accept.as_ref();
        let count = rows.len() as u32;
        let all = naive(&rows, &query, k, accept);
        let memory = SparseSource::Memory(&postings, count);
        prop_assert_eq!(&memory.top(&query, k, accept).0, &all);
        let bytes = aligned(postings.encode(count));
        let sealed = SealedSparse::open(bytes, count).unwrap();
        prop_assert_eq!(sealed.len(), rows.iter().flatten().count() as u32);
        let sealed = SparseSource::Sealed(&sealed, count);
        prop_assert_eq!(&sealed.top(&query, k, accept).0, &all);
        // A snapshot sees the rows below its watermark.
        let seen = rows.get(..visible as usize).unwrap_or(&rows);
        let early = SparseSource::Memory(&postings, visible);
        prop_assert_eq!(early.top(&query, k, accept).0, naive(seen, &query, k, accept));
        let asked: Vec<u32> = (0..count + 3).step_by(2).collect();
        let alone = naive(&rows, &query, usize::MAX, None);
        let expected: Vec<Option<f32>> = asked
            .iter()
            .map(|row| alone.iter().find(|(_, at)| at == row).map(|(score, _)| *score))
            .collect();
        prop_assert_eq!(&memory.scores(&query, &asked), &expected);
        prop_assert_eq!(&sealed.scores(&query, &asked), &expected);
    }

    /// Queries of many dimensions are added up in another way, to the same bits.
    #[test]
    fn long_queries_find_what_adding_up_everything_gives(
        rows in proptest::collection::vec(proptest::option::weighted(0.9, long(0..30)), 0..60),
        query in long(66..200),
        k in 0usize..30,
        accept in proptest::option::of(proptest::collection::btree_set(0u32..60, 0..60)),
    ) {
        let mut postings = SparsePostings::new();
        for (row, vector) in (0u32..).zip(&rows) {
            if let Some(vector) = vector {
                postings.add(row, vector);
            }
        }
        let accept: Option<RoaringBitmap> = accept.map(|rows| rows.into_iter().collect());
        let accept = accept.as_ref();
        let count = rows.len() as u32;
        let sealed = SealedSparse::open(aligned(postings.encode(count)), count).unwrap();
        let alone = naive(&rows, &query, usize::MAX, None);
        for source in [SparseSource::Memory(&postings, count), SparseSource::Sealed(&sealed, count)] {
            prop_assert_eq!(source.top(&query, k, accept).0, naive(&rows, &query, k, accept));
            for step in [1, 7] {
                let asked: Vec<u32> = (0..count + 3).step_by(step).collect();
                let score = |row: &u32| alone.iter().find(|(_, at)| at == row).map(|(score, _)| *score);
                let expected: Vec<Option<f32>> = asked.iter().map(score).collect();
                prop_assert_eq!(source.scores(&query, &asked), expected);
            }
        }
        let early = SparseSource::Memory(&postings, count / 2);
        let seen = rows.get(..rows.len() / 2).unwrap_or_default();
        prop_assert_eq!(early.top(&query, k, accept).0, naive(seen, &query, k, accept));
    }

    /// Whatever the bytes are, opening and searching them is safe, and rows exist.
    #[test]
    fn hostile_bytes_do_no_harm(
        rows in proptest::collection::vec(prop_oneof![vectors(), long(0..150)], 1..20),
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..6),
        query in prop_oneof![3 => vectors(), 1 => long(100..150)],
    ) {
        let mut postings = SparsePostings::new();
        for (row, vector) in (0u32..).zip(&rows) {
            postings.add(row, vector);
        }
        let count = rows.len() as u32;
        let mut bytes = postings.encode(count);
        for (at, byte) in changes {
            let len = bytes.len();
            bytes[at % len] = byte;
        }
        if let Ok(index) = SealedSparse::open(aligned(bytes), count) {
            let source = SparseSource::Sealed(&index, count);
            let (found, _) = source.top(&query, 5, None);
            prop_assert!(found.iter().all(|(_, row)| *row < count));
            let _ = source.scores(&query, &[0, 1, count]);
        }
    }
}

/// What a search takes grows with the entries, not with them times the rows.
#[test]
fn a_query_of_all_dimensions_reads_every_entry_once() {
    let entries = |row: u32| (0..100).map(move |n| ((row * 7 + n * 641) % 65_536, 1.0));
    let mut postings = SparsePostings::new();
    for row in 0..20_000 {
        postings.add(row, &SparseVector::new(entries(row)).unwrap());
    }
    let query = SparseVector::new((0..65_536).map(|id| (id, 1.0))).unwrap();
    let source = SparseSource::Memory(&postings, 20_000);
    let (found, _) = source.top(&query, 3, None);
    assert_eq!(found, [(100.0, 0), (100.0, 1), (100.0, 2)]);
    let all: Vec<u32> = (0..20_000).collect();
    assert_eq!(source.scores(&query, &all), vec![Some(100.0); 20_000]);
}

/// Rows of words that everything has are not walked when a rare word decides.
#[test]
fn common_dimensions_are_passed_over() {
    let mut postings = SparsePostings::new();
    for row in 0..10_000u32 {
        let mut entries = vec![(0, 0.1), (1, 0.2)];
        if row % 100 == 7 {
            entries.push((2, 5.0));
        }
        postings.add(row, &SparseVector::new(entries).unwrap());
    }
    let query = SparseVector::new([(0, 1.0), (1, 1.0), (2, 1.0)]).unwrap();
    let (found, scored) = SparseSource::Memory(&postings, 10_000).top(&query, 10, None);
    let rows: Vec<u32> = found.iter().map(|(_, row)| *row).collect();
    assert_eq!(rows, (0..10).map(|n| n * 100 + 7).collect::<Vec<_>>());
    assert!(scored < 1_200, "{scored} rows were scored");
}

#[test]
fn bytes_of_another_segment_are_refused() {
    let mut postings = SparsePostings::new();
    postings.add(0, &SparseVector::new([(3, 1.0)]).unwrap());
    let bytes = postings.encode(2);
    assert!(SealedSparse::open(aligned(bytes.clone()), 2).is_ok());
    assert!(SealedSparse::open(aligned(bytes.clone()), 3).is_err());
    for end in 0..bytes.len() {
        assert!(SealedSparse::open(aligned(bytes[..end].to_vec()), 2).is_err());
    }
    let none = aligned(SparsePostings::new().encode(0));
    assert!(SealedSparse::open(none, 0).unwrap().is_empty());
}
