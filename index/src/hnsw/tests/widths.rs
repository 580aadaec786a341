//! Widths that were measured against what searches find.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::codes::{Codes, Rung};
use crate::error::DecodeError;

/// For queries that were not measured, a width finds what it was measured to find, about.
#[test]
fn a_width_for_a_recall_finds_that_much() {
    for metric in METRICS {
        let components = clustered(metric, 6000, 48, 30, 31);
        let queries = clustered(metric, 60, 48, 30, 32);
        let vectors = Vectors::new(48, &components).unwrap();
        let graph = Hnsw::build(vectors, metric, &HnswParams::default());
        let codes = Codes::build(vectors, metric, Rung::Sq8);
        let view = graph.view().with_codes(codes.view());
        let widths = view.widths(vectors, metric).unwrap();
        let mut before = 0;
        for wanted in [0.8, 0.9, 0.95, 0.97] {
            for k in [1, 10, 30, 150] {
                let ef = widths.ef(wanted, k).unwrap();
                let found = recall(&view, vectors, metric, &queries, (k, ef), None);
                let least = f64::from(wanted) - 0.02;
                assert!(
                    found >= least,
                    "{metric:?} {wanted} of {k}: ef {ef}, {found}"
                );
            }
            let ef = widths.ef(wanted, 10).unwrap();
            assert!(ef >= before, "{wanted} takes {ef}, less took {before}");
            before = ef;
        }
        assert_eq!(widths.ef(0.9999, 10), None, "only a scan is sure");
        assert_eq!(widths, Widths::decode(&widths.encode()).unwrap());
        assert_eq!(widths.ef(0.8, 1), widths.ef(0.8, 5));
        assert!(widths.ef(0.8, 1000).unwrap() >= 1000);
    }
}

#[test]
fn bytes_that_are_no_widths_are_refused() {
    let sound = Widths::default().encode();
    assert_eq!(Widths::decode(&sound), Ok(Widths::default()));
    for cut in 0..sound.len() {
        assert!(Widths::decode(&sound[..cut]).is_err(), "cut at {cut}");
    }
    let refused = |at: usize, byte: u8| {
        let mut bytes = sound.clone();
        bytes[at] = byte;
        Widths::decode(&bytes).unwrap_err()
    };
    assert!(matches!(refused(0, 0), DecodeError::Magic { .. }));
    assert!(matches!(
        refused(4, 2),
        DecodeError::Version { found: 2, .. }
    ));
    for at in (12..sound.len()).filter(|at| at % 4 > 1) {
        assert!(
            matches!(refused(at, 1), DecodeError::Invalid { .. }),
            "byte {at}"
        );
    }
}
