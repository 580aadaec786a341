//! Bodies of the fuzz targets, one file each; this module is included by the fuzz crate and by
//! `tests/fuzz_corpus.rs`.

mod database;
mod input;
pub mod seeds;

#[path = "../../../engine/tests/files/mod.rs"]
mod files;
#[path = "../../../engine/tests/crash/model.rs"]
#[allow(dead_code)]
mod model;

macro_rules! targets {
    ($($name:ident),*) => {
        $(pub mod $name;)*

        /// Every target by its name.
        pub const ALL: &[(&str, fn(&[u8]))] = &[$((stringify!($name), $name::run)),*];
    };
}

targets!(
    analyze,
    backup_restore,
    codes_open,
    columns_open,
    db_ops_model,
    deletes_open,
    distance_kernels,
    facets_eval,
    filter_eval,
    filter_parse,
    formula_eval,
    formula_parse,
    fusion_eval,
    graph_open,
    import_lines,
    keys_open,
    manifest_open,
    payload_decode,
    query_parse,
    segment_open,
    sparse_open,
    text_eval,
    text_open,
    vectors_open,
    wal_decode,
    wal_open
);
