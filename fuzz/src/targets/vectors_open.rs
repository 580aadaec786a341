//! Any packed vectors of the right length are searched without harm, and their rows packed again.

use lumos_index::{Element, Hnsw, HnswParams, Metric, Packer, Vectors, exact_search};

use super::input::Input;

pub const ROWS: usize = 60;
pub const ELEMENTS: [Element; 5] =
    [Element::F32, Element::F16, Element::Bf16, Element::I8, Element::Bits];
const METRICS: [Metric; 6] =
    [Metric::Cosine, Metric::Dot, Metric::L2, Metric::L1, Metric::Hamming, Metric::Jaccard];

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let element = ELEMENTS[usize::from(input.below(5))];
    let metric = METRICS[usize::from(input.below(6))];
    let dimension = usize::from(input.byte()).max(1);
    let bytes = input.rest();
    // Vectors lie at a multiple of 64 bytes, as they do in a segment file.
    let mut room = vec![0; bytes.len() + 64];
    let start = room.as_ptr().align_offset(64);
    let aligned = &mut room[start..start + bytes.len()];
    aligned.copy_from_slice(bytes);
    // As many rows as there are, and what is left is nothing.
    let mut lengths = (0..=ROWS).map(|rows| (rows, element.packed_bytes(dimension, rows).unwrap()));
    let (rows, needed) = lengths.rfind(|(_, needed)| *needed <= bytes.len()).unwrap();
    if needed < bytes.len() {
        assert!(Vectors::packed(element, dimension, rows, aligned).is_err());
    }
    let vectors = Vectors::packed(element, dimension, rows, &aligned[..needed]).unwrap();
    let query: Vec<f32> = (0..dimension).map(|i| (i as f32 * 0.7).sin()).collect();
    let all = 0..rows as u32;
    let found = exact_search(vectors, metric, &query, rows, all.clone()).unwrap();
    assert_eq!(found.len(), rows);
    assert!(found.iter().all(|neighbor| !neighbor.distance.is_nan()));
    let graph = Hnsw::build(vectors, metric, &HnswParams::default());
    let (found, _) = graph.view().search(vectors, metric, &query, 5, 6, None).unwrap();
    assert_eq!(found.len(), rows.min(5));
    let mut packer = Packer::new(element, metric);
    let mut packed = 0;
    for row in all {
        let row = vectors.get(row).unwrap();
        packed += packer.pack(&row).len();
        // What can be prepared is the same when it is prepared again.
        let mut once = row.into_owned();
        if element.prepare(metric, &mut once).is_ok() {
            let mut twice = once.clone();
            element.prepare(metric, &mut twice).unwrap();
            assert_eq!(once, twice, "{element} {metric:?}");
        }
    }
    assert_eq!(packed + packer.finish().len(), needed);
}
