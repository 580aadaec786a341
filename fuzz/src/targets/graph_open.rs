//! Hostile graph bytes are refused or searched without harm.

use lumos_index::{HnswView, Metric, Vectors};

use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let n = usize::from(input.byte());
    let bytes = input.rest();
    // A graph must lie at a multiple of 64 bytes, as it does in a segment file.
    let mut room = vec![0; bytes.len() + 64];
    let start = room.as_ptr().align_offset(64);
    let aligned = &mut room[start..start + bytes.len()];
    aligned.copy_from_slice(bytes);
    let components: Vec<f32> = (0..n * 4).map(|i| (i as f32 * 0.7).sin()).collect();
    let Ok(vectors) = Vectors::new(4, &components) else {
        return;
    };
    if let Ok(view) = HnswView::decode(aligned, n) {
        let _ = view.check();
        let query = [0.5, 0.5, 0.5, 0.5];
        if let Ok((found, _)) = view.search(vectors, Metric::L2, &query, 10, 32, None) {
            assert!(found.iter().all(|neighbor| (neighbor.row as usize) < n));
        }
    }
}
