//! `.fvecs` and `.ivecs`: per row a little-endian count, then that many 32-bit numbers.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use crate::failure::{Failure, Outcome, Result};

/// Longest row accepted.
const MAX_DIMENSION: u32 = 65_536;

/// Rows of equal length, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rows<T> {
    /// Numbers in a row.
    pub(crate) width: usize,
    /// `[rows, width]`.
    pub(crate) numbers: Vec<T>,
}

impl<T> Rows<T> {
    pub(crate) fn len(&self) -> usize {
        self.numbers.len().checked_div(self.width).unwrap_or(0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[T]> {
        self.numbers.chunks_exact(self.width.max(1))
    }

    /// Keeps the first rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.numbers.truncate(rows.saturating_mul(self.width));
    }
}

/// Reads `.fvecs`.
pub(crate) fn read_floats(path: &Path) -> Result<Rows<f32>> {
    read(path, f32::from_le_bytes)
}

/// Reads `.ivecs`.
pub(crate) fn read_ids(path: &Path) -> Result<Rows<u32>> {
    read(path, u32::from_le_bytes)
}

fn read<T>(path: &Path, decode: fn([u8; 4]) -> T) -> Result<Rows<T>> {
    let file = File::open(path).map_err(|source| Failure::read(path, source))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let wrong = |row: usize, what: &str| {
        Failure::contents(path.display().to_string(), format!("row {row} {what}"))
    };
    let mut rows = Rows {
        width: 0,
        numbers: Vec::new(),
    };
    let mut bytes = Vec::new();
    for row in 0.. {
        let mut count = [0; 4];
        let mut filled = 0;
        while filled < count.len() {
            match reader
                .read(&mut count[filled..])
                .map_err(|source| Failure::read(path, source))?
            {
                0 => break,
                read => filled += read,
            }
        }
        match filled {
            0 => break,
            4 => {}
            _ => return Err(wrong(row, "is cut short")),
        }
        let width = u32::from_le_bytes(count);
        if width == 0 || width > MAX_DIMENSION {
            return Err(wrong(
                row,
                &format!("says it has {width} numbers, 1 to {MAX_DIMENSION} are possible"),
            ));
        }
        let width = width as usize;
        if row > 0 && width != rows.width {
            return Err(wrong(
                row,
                &format!("has {width} numbers, the rows before have {}", rows.width),
            ));
        }
        rows.width = width;
        bytes.resize(width * 4, 0);
        reader
            .read_exact(&mut bytes)
            .map_err(|_| wrong(row, "is cut short"))?;
        rows.numbers.extend(
            bytes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|number| decode(*number)),
        );
    }
    if rows.numbers.is_empty() {
        return Err(Failure::contents(
            path.display().to_string(),
            "holds no row",
        ));
    }
    Ok(rows)
}

/// Writes `.fvecs`.
pub(crate) fn write_floats(path: &Path, rows: &Rows<f32>) -> Outcome {
    write(path, rows, |number| number.to_le_bytes())
}

/// Writes `.ivecs`.
pub(crate) fn write_ids(path: &Path, rows: &Rows<u32>) -> Outcome {
    write(path, rows, |number| number.to_le_bytes())
}

fn write<T: Copy>(path: &Path, rows: &Rows<T>, encode: fn(T) -> [u8; 4]) -> Outcome {
    let run = || -> std::io::Result<()> {
        let mut writer = BufWriter::with_capacity(1 << 20, File::create(path)?);
        for row in rows.iter() {
            writer.write_all(&(rows.width as u32).to_le_bytes())?;
            for number in row {
                writer.write_all(&encode(*number))?;
            }
        }
        writer.flush()
    };
    run().map_err(|source| Failure::write(path, source))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn vectors_are_read_as_they_were_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.fvecs");
        let rows = Rows {
            width: 3,
            numbers: vec![1.0, -2.5, 3.0, 4.0, 5.0, 6.0],
        };
        write_floats(&path, &rows).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 2 * (4 + 12));
        assert_eq!(read_floats(&path).unwrap(), rows);
    }

    #[test]
    fn a_damaged_file_is_told_by_its_row() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.ivecs");
        let one = [1u32.to_le_bytes(), 7u32.to_le_bytes()].concat();
        let cases: [(&[&[u8]], &str); 5] = [
            (&[], "holds no row"),
            (&[&one, &one[..6]], "row 1 is cut short"),
            (&[&one, &one[..2]], "row 1 is cut short"),
            (
                &[&[0, 0, 0, 0]],
                "row 0 says it has 0 numbers, 1 to 65536 are possible",
            ),
            (
                &[&one, &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
                "row 1 has 2 numbers, the rows before have 1",
            ),
        ];
        for (parts, message) in cases {
            std::fs::write(&path, parts.concat()).unwrap();
            assert_eq!(
                read_ids(&path).unwrap_err().message(),
                format!("{}: {message}", path.display())
            );
        }
    }
}
