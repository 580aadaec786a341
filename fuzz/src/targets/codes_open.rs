//! Hostile codes are refused or walked without harm, and never take a result away.

use lumos_index::{CodesView, Hnsw, HnswParams, Metric, Vectors};

use super::input::Input;

pub const ROWS: usize = 120;
pub const DIMENSION: usize = 40;

/// The vectors that the codes are said to be of.
pub fn components() -> Vec<f32> {
    (0..ROWS * DIMENSION).map(|i| (i as f32 * 0.7).sin()).collect()
}

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let metric = [Metric::Cosine, Metric::Dot, Metric::L2][usize::from(input.byte()) % 3];
    let bytes = input.rest();
    // Codes must lie at a multiple of 64 bytes, as they do in a segment file.
    let mut room = vec![0; bytes.len() + 64];
    let start = room.as_ptr().align_offset(64);
    let aligned = &mut room[start..start + bytes.len()];
    aligned.copy_from_slice(bytes);
    let Ok(codes) = CodesView::decode(aligned, ROWS, DIMENSION) else {
        return;
    };
    let mut components = components();
    for vector in components.chunks_exact_mut(DIMENSION) {
        metric.prepare(vector).unwrap();
    }
    let vectors = Vectors::new(DIMENSION, &components).unwrap();
    let graph = Hnsw::build(vectors, metric, &HnswParams::default());
    let view = graph.view().with_codes(codes);
    let (found, _) = view.search(vectors, metric, &vectors.get(7).unwrap(), 10, 12, None).unwrap();
    assert_eq!(found.len(), 10);
    assert!(found.iter().all(|neighbor| (neighbor.row as usize) < ROWS));
}
