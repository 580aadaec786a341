//! Hostile graph bytes are refused or searched without harm.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumos_index::{HnswView, Metric, Vectors};

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (n, bytes) = input;
    let n = n as usize;
    // A graph must lie at a multiple of 64 bytes, as it does in a segment file.
    let mut lines = vec![[0u64; 8]; bytes.len().div_ceil(64)];
    for (word, chunk) in lines.iter_mut().flatten().zip(bytes.chunks(8)) {
        let mut le = [0u8; 8];
        le[..chunk.len()].copy_from_slice(chunk);
        *word = u64::from_le_bytes(le);
    }
    let aligned: Vec<u8> = lines.iter().flatten().flat_map(|word| word.to_le_bytes()).collect();
    let components: Vec<f32> = (0..n * 4).map(|i| (i as f32 * 0.7).sin()).collect();
    let Ok(vectors) = Vectors::new(4, &components) else { return };
    if let Ok(view) = HnswView::decode(&aligned, n) {
        let query = [0.5, 0.5, 0.5, 0.5];
        if let Ok((found, _)) = view.search(vectors, Metric::L2, &query, 10, 32, None) {
            assert!(found.iter().all(|neighbor| (neighbor.row as usize) < n));
        }
    }
});
