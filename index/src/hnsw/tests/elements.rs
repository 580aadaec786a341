//! Graphs over packed vectors, and under the metrics that have no codes.

use super::*;
use crate::element::{Element, Packer};

const N: usize = 1_200;

/// Packed rows, aligned as in a file.
fn pack(element: Element, metric: Metric, rows: &[f32], dim: usize) -> Vec<u64> {
    let mut packer = Packer::new(element, metric);
    let mut bytes: Vec<u8> = Vec::new();
    for row in rows.chunks_exact(dim) {
        bytes.extend_from_slice(packer.pack(row));
    }
    bytes.extend(packer.finish());
    let mut words = vec![0_u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(&bytes);
    words
}

/// The graph of packed vectors is that of the same vectors in memory, link by link, on codes and without;
/// it finds what a scan finds, filtered too.
#[test]
fn a_graph_does_not_depend_on_where_its_vectors_are() {
    let pairs = [
        (Element::F16, Metric::Cosine),
        (Element::Bf16, Metric::Dot),
        (Element::I8, Metric::L2),
        (Element::I8, Metric::L1),
        (Element::F32, Metric::L1),
        (Element::Bits, Metric::Hamming),
        (Element::Bits, Metric::Jaccard),
    ];
    for (element, metric) in pairs {
        // With codes and without, where there can be any.
        for dim in [24, 70] {
            let mut rows = clustered(Metric::L2, N, dim, 30, 31);
            let mut queries = clustered(Metric::L2, 30, dim, 30, 32);
            for row in rows.chunks_exact_mut(dim) {
                element.prepare(metric, row).unwrap();
            }
            for query in queries.chunks_exact_mut(dim) {
                metric.prepare(query).unwrap();
            }
            let words = pack(element, metric, &rows, dim);
            let bytes: &[u8] = bytemuck::cast_slice(&words);
            let bytes = &bytes[..element.packed_bytes(dim, N).unwrap()];
            let packed = Vectors::packed(element, dim, N, bytes).unwrap();
            let memory = Vectors::new(dim, &rows).unwrap();
            let params = HnswParams::default();
            let graph = Hnsw::build(packed, metric, &params);
            let other = Hnsw::build(memory, metric, &params);
            assert!(
                graph.encode() == other.encode(),
                "{element} {metric:?} {dim}"
            );
            // Part in memory, the rest when it was packed.
            let half = Hnsw::build(memory.first(N / 2), metric, &params);
            let (a, b) = (half.extended(packed, metric), half.extended(memory, metric));
            assert!(a.encode() == b.encode(), "{element} {metric:?} {dim}");

            let view = graph.view();
            let found = recall(&view, packed, metric, &queries, (10, 100), None);
            assert!(found >= 0.95, "{element} {metric:?} {dim}: {found}");
            let allowed = OrdinalSet::collect(N, (0..N as u32).filter(|row| row % 3 == 0));
            let found = recall(&view, packed, metric, &queries, (10, 100), Some(&allowed));
            assert!(
                found >= 0.95,
                "{element} {metric:?} {dim} filtered: {found}"
            );
        }
    }
}
