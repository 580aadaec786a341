//! `lumos bench convert`: IDX files, the form of MNIST and its kin, into `.fvecs`.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::vectors::{self, Rows};
use crate::context::Context;
use crate::failure::{Failure, Outcome, Result};
use crate::output::grouped;

/// Turn an IDX file of unsigned bytes into .fvecs, one row an item.
///
/// Such files usually come compressed: gunzip -c images-idx3-ubyte.gz | lumos bench convert - out.fvecs
#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// The IDX file; - is standard input
    input: PathBuf,
    /// The .fvecs file to write
    output: PathBuf,
    /// Only the first rows
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
}

impl Convert {
    pub(crate) fn run(self, context: &mut Context) -> Outcome {
        let mut bytes = Vec::new();
        if self.input.as_os_str() == "-" {
            std::io::stdin()
                .read_to_end(&mut bytes)
                .map_err(|source| Failure::read(Path::new("<stdin>"), source))?;
        } else {
            bytes =
                std::fs::read(&self.input).map_err(|source| Failure::read(&self.input, source))?;
        }
        let mut rows = decode(&bytes)
            .map_err(|detail| Failure::contents(self.input.display().to_string(), detail))?;
        if let Some(limit) = self.rows {
            rows.truncate(limit);
        }
        vectors::write_floats(&self.output, &rows)?;
        if context.out.is_json() {
            return context
                .out
                .json(&json!({ "rows": rows.len(), "dimension": rows.width }));
        }
        context.out.line(format!(
            "{} rows of {} numbers",
            grouped(rows.len() as u64),
            rows.width
        ))
    }
}

/// IDX: two zero bytes, the type (8: unsigned byte), the number of dimensions, their sizes big-endian,
/// the items.
fn decode(bytes: &[u8]) -> Result<Rows<f32>, String> {
    let (head, mut rest) = bytes
        .split_first_chunk::<4>()
        .ok_or("is too short for an IDX file")?;
    let [0, 0, kind, dimensions] = *head else {
        return Err(match head {
            [0x1f, 0x8b, ..] => "is compressed; pipe it through gunzip -c".to_string(),
            _ => "is not an IDX file".to_string(),
        });
    };
    if kind != 8 || dimensions < 2 {
        return Err(format!(
            "holds type {kind} in {dimensions} dimensions; bytes (8) in 2 or more are read"
        ));
    }
    let mut sizes = Vec::new();
    for _ in 0..dimensions {
        let (size, tail) = rest.split_first_chunk::<4>().ok_or("is cut short")?;
        sizes.push(u32::from_be_bytes(*size) as usize);
        rest = tail;
    }
    let count = sizes.first().copied().unwrap_or(0);
    let width = sizes
        .iter()
        .skip(1)
        .try_fold(1usize, |width, size| width.checked_mul(*size));
    let width = width
        .filter(|width| (1..=65_536).contains(width))
        .ok_or("has items of an impossible size")?;
    if count.checked_mul(width) != Some(rest.len()) {
        return Err(format!(
            "announces {count} items of {width} bytes, {} bytes follow",
            rest.len()
        ));
    }
    Ok(Rows {
        width,
        numbers: rest.iter().map(|byte| f32::from(*byte)).collect(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn images_become_rows() {
        let bytes = [
            &[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2][..],
            &[1, 2, 3, 255],
        ]
        .concat();
        assert_eq!(
            decode(&bytes).unwrap(),
            Rows {
                width: 2,
                numbers: vec![1.0, 2.0, 3.0, 255.0]
            }
        );
    }

    #[test]
    fn every_cut_and_every_changed_header_byte_is_an_error_or_well_formed() {
        let bytes = [&[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2][..], &[1, 2, 3, 4]].concat();
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end]).is_err(), "cut at {end}");
        }
        for at in 0..12 {
            for value in 0..=255 {
                let mut changed = bytes.clone();
                changed[at] = value;
                if let Ok(rows) = decode(&changed) {
                    assert_eq!(rows.numbers.len(), 4);
                }
            }
        }
    }
}
