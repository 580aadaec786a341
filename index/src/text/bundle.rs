//! A keyword index as one run of bytes: tantivy's files behind a short table.
//!
//! All integers are little-endian: `LUMOTXT1`, `u32` format version (1 or 2), `u32` rows, `u32` fields, `u32`
//! files; for each field `u16` length and name, `u64` tokens, `u32` rows with tokens, in version 2 `u16`
//! length and description of the analyzer; for each file `u16` length and name, `u64` length; then the
//! files, each at a multiple of 8 from the first byte. Version 1 is written while all analyzers are the
//! default one, which is what earlier builds read.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ownedbytes::OwnedBytes;
use tantivy::Directory;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, DirectoryLock, FileHandle, Lock, TerminatingWrite, WatchCallback, WatchHandle,
    WritePtr,
};

use super::error::TextError;

const MAGIC: &[u8; 8] = b"LUMOTXT1";
/// The version of indexes whose analyzers are all the default one, and of others.
const PLAIN: u32 = 1;
const VERSION: u32 = 2;
/// The analyzer of all fields in version 1.
const DEFAULT: &str = "default";

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldTotals {
    pub(crate) name: String,
    pub(crate) tokens: u64,
    pub(crate) rows: u32,
    /// The description of its analyzer.
    pub(crate) analyzer: String,
}

/// The files of an index, as the directory that tantivy works in.
#[derive(Clone, Default)]
pub(crate) struct Bundle {
    files: Arc<Mutex<BTreeMap<PathBuf, OwnedBytes>>>,
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bundle")
    }
}

impl Bundle {
    fn with<T>(&self, run: impl FnOnce(&mut BTreeMap<PathBuf, OwnedBytes>) -> T) -> T {
        // A thread that panicked while it held the map left it whole: every change is one insertion.
        run(&mut self
            .files
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The bytes of the whole index.
    pub(crate) fn encode(&self, rows: u32, fields: &[FieldTotals]) -> Vec<u8> {
        let files = self.with(|files| files.clone());
        let mut bytes = MAGIC.to_vec();
        let version = match fields.iter().all(|field| field.analyzer == DEFAULT) {
            true => PLAIN,
            false => VERSION,
        };
        for number in [version, rows, fields.len() as u32, files.len() as u32] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for field in fields {
            name(&mut bytes, &field.name);
            bytes.extend_from_slice(&field.tokens.to_le_bytes());
            bytes.extend_from_slice(&field.rows.to_le_bytes());
            if version == VERSION {
                name(&mut bytes, &field.analyzer);
            }
        }
        for (path, file) in &files {
            name(&mut bytes, &path.to_string_lossy());
            bytes.extend_from_slice(&(file.len() as u64).to_le_bytes());
        }
        for file in files.values() {
            bytes.resize(bytes.len().next_multiple_of(8), 0);
            bytes.extend_from_slice(file);
        }
        bytes
    }

    /// Reads the table; the files are where the bytes lie.
    pub(crate) fn decode(bytes: &OwnedBytes) -> Result<(Bundle, u32, Vec<FieldTotals>), TextError> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.take(8)? != MAGIC {
            return Err(TextError::Damaged("it does not begin like one".to_string()));
        }
        let version = reader.u32()?;
        if ![PLAIN, VERSION].contains(&version) {
            return Err(TextError::Version {
                found: version,
                supported: VERSION,
            });
        }
        let (rows, fields, files) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let mut totals = Vec::new();
        for _ in 0..fields {
            let name = reader.name()?;
            totals.push(FieldTotals {
                name,
                tokens: reader.u64()?,
                rows: reader.u32()?,
                analyzer: match version {
                    PLAIN => DEFAULT.to_string(),
                    _ => reader.name()?,
                },
            });
        }
        let mut table = Vec::new();
        for _ in 0..files {
            let name = reader.name()?;
            let len = usize::try_from(reader.u64()?).map_err(|_| short())?;
            table.push((PathBuf::from(name), len));
        }
        let bundle = Bundle::default();
        for (path, len) in table {
            let start = reader.at.next_multiple_of(8);
            let end = start
                .checked_add(len)
                .filter(|end| *end <= bytes.len())
                .ok_or_else(short)?;
            bundle.with(|files| files.insert(path, bytes.slice(start..end)));
            reader.at = end;
        }
        Ok((bundle, rows, totals))
    }

    fn read(&self, path: &Path) -> Result<OwnedBytes, OpenReadError> {
        let found = self.with(|files| files.get(path).cloned());
        found.ok_or_else(|| OpenReadError::FileDoesNotExist(path.to_path_buf()))
    }
}

fn name(bytes: &mut Vec<u8>, name: &str) {
    bytes.extend_from_slice(&(name.len() as u16).to_le_bytes());
    bytes.extend_from_slice(name.as_bytes());
}

fn short() -> TextError {
    TextError::Damaged("it is cut short".to_string())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], TextError> {
        let end = self.at.checked_add(len).ok_or_else(short)?;
        let part = self.bytes.get(self.at..end).ok_or_else(short)?;
        self.at = end;
        Ok(part)
    }

    fn u32(&mut self) -> Result<u32, TextError> {
        self.take(4)?
            .try_into()
            .map(u32::from_le_bytes)
            .map_err(|_| short())
    }

    fn u64(&mut self) -> Result<u64, TextError> {
        self.take(8)?
            .try_into()
            .map(u64::from_le_bytes)
            .map_err(|_| short())
    }

    fn name(&mut self) -> Result<String, TextError> {
        let len = self
            .take(2)?
            .try_into()
            .map(u16::from_le_bytes)
            .map_err(|_| short())?;
        let name = std::str::from_utf8(self.take(usize::from(len))?);
        name.map(str::to_string)
            .map_err(|_| TextError::Damaged("a name is not UTF-8".to_string()))
    }
}

/// A file being written; it is there when it is terminated.
struct File {
    path: PathBuf,
    bytes: Vec<u8>,
    bundle: Bundle,
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminatingWrite for File {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        let bytes = OwnedBytes::new(std::mem::take(&mut self.bytes));
        self.bundle
            .with(|files| files.insert(self.path.clone(), bytes));
        Ok(())
    }
}

impl Directory for Bundle {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        Ok(Arc::new(self.read(path)?))
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        let found = self.with(|files| files.remove(path));
        found
            .map(|_| ())
            .ok_or_else(|| DeleteError::FileDoesNotExist(path.to_path_buf()))
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        Ok(self.with(|files| files.contains_key(path)))
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let file = File {
            path: path.to_path_buf(),
            bytes: Vec::new(),
            bundle: self.clone(),
        };
        Ok(io::BufWriter::new(Box::new(file)))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        Ok(self.read(path)?.to_vec())
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        self.with(|files| files.insert(path.to_path_buf(), OwnedBytes::new(data.to_vec())));
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn acquire_lock(&self, _: &Lock) -> Result<DirectoryLock, LockError> {
        // One builder or any number of readers: nobody to keep out.
        Ok(DirectoryLock::from(Box::new(())))
    }

    fn watch(&self, _: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}
