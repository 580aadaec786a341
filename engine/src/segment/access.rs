//! How the bytes of a segment file get into memory. The only unsafe code of the engine.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;

use lumos_wal::VfsFile;
use memmap2::{Mmap, MmapMut};
use ownedbytes::OwnedBytes;

/// What sections are aligned to, so that vectors are read where they lie.
pub(super) const ALIGN: usize = 64;

/// Bytes of a large page of memory, on common machines.
#[cfg(target_os = "linux")]
const LARGE_PAGE: usize = 2 << 20;

/// How segment files are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SegmentAccess {
    /// Mapped: memory is that of the page cache, and opening reads no large section. A file system or a
    /// program that changes segment files under an open database can crash it.
    #[default]
    Mmap,
    /// Read into memory as a whole, with every checksum verified at opening: for directories that come
    /// from someone else.
    Heap,
}

/// The bytes of a whole file, aligned to [`ALIGN`].
pub(super) fn load(file: &dyn VfsFile, access: SegmentAccess) -> io::Result<OwnedBytes> {
    let len = usize::try_from(file.len()?).map_err(|_| io::ErrorKind::OutOfMemory)?;
    match file.as_std() {
        // An empty file cannot be mapped on every system.
        Some(std_file) if access == SegmentAccess::Mmap && len > 0 => {
            Ok(OwnedBytes::new(map(std_file)?))
        }
        _ => read(file, 0, len),
    }
}

/// A part of a file that is being written, which begins at a multiple of [`ALIGN`] and will not be
/// written again.
pub(super) fn load_written(file: &dyn VfsFile, range: Range<u64>) -> io::Result<OwnedBytes> {
    let len = |len: u64| usize::try_from(len).map_err(|_| io::ErrorKind::OutOfMemory);
    let (start, end) = (len(range.start)?, len(range.end)?);
    match file.as_std() {
        Some(std_file) if end > start => Ok(OwnedBytes::new(map(std_file)?).slice(start..end)),
        _ => read(file, range.start, end - start),
    }
}

/// Up to `len` bytes of a file from `at` on, read into memory, aligned to [`ALIGN`].
fn read(file: &dyn VfsFile, at: u64, len: usize) -> io::Result<OwnedBytes> {
    let mut room = Room::new(len)?;
    room.len = file.read_full_at(room.all(len), at)?;
    room.finish()
}

/// A copy of `bytes`, aligned to [`ALIGN`].
pub(super) fn copy(bytes: &[u8]) -> io::Result<OwnedBytes> {
    let mut room = Room::new(bytes.len())?;
    room.extend(bytes)?;
    room.finish()
}

/// Memory to be filled from the front, straight from the system: aligned, zero until it is written, not
/// there until it is touched, and in large pages where the system has some. Filling those costs a fraction
/// of the page faults, and so does searching them later.
#[derive(Debug)]
pub(super) struct Room {
    map: MmapMut,
    len: usize,
}

impl Room {
    /// Room for `bytes`; it grows when more come.
    pub(super) fn new(bytes: usize) -> io::Result<Room> {
        // An empty mapping is refused on some systems.
        let map = MmapMut::map_anon(bytes.max(1))?;
        #[cfg(target_os = "linux")]
        if bytes >= LARGE_PAGE {
            let _small_pages_do = map.advise(memmap2::Advice::HugePage);
        }
        Ok(Room { map, len: 0 })
    }

    /// The first `len` bytes, to be written in any order.
    fn all(&mut self, len: usize) -> &mut [u8] {
        self.map.get_mut(..len).unwrap_or_default()
    }

    /// Adds bytes.
    pub(super) fn extend(&mut self, bytes: &[u8]) -> io::Result<()> {
        let from = self.skip(bytes.len())?;
        if let Some(place) = self.map.get_mut(from..self.len) {
            place.copy_from_slice(bytes);
        }
        Ok(())
    }

    /// Adds zeros, and returns where.
    pub(super) fn skip(&mut self, bytes: usize) -> io::Result<usize> {
        let from = self.len;
        let len = from.checked_add(bytes).ok_or(io::ErrorKind::OutOfMemory)?;
        if len > self.map.len() {
            let mut larger = Room::new(len.max(self.map.len().saturating_mul(2)))?;
            larger.all(from).copy_from_slice(self.as_slice());
            self.map = larger.map;
        }
        self.len = len;
        Ok(from)
    }

    /// What was added.
    pub(super) fn as_slice(&self) -> &[u8] {
        self.map.get(..self.len).unwrap_or_default()
    }

    /// What was added, not to be changed any more.
    pub(super) fn finish(self) -> io::Result<OwnedBytes> {
        Ok(OwnedBytes::new(self.map.make_read_only()?).slice(0..self.len))
    }
}

fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the bytes behind a mapping must not change. A segment file is written under another name,
    // synced, and gets its own name only then; nothing writes to, cuts or extends a file of this name,
    // and merges unlink it, which leaves mappings whole. A file that is still written is mapped for
    // `load_written` only, as far as it goes; it is written from front to back, so what is added later
    // lies behind the mapping. Other processes are kept from writing by the
    // lock of the directory. A mapping is read-only, and every decoder checks what it reads, so a
    // foreign program that breaks the rule gets wrong answers or SIGBUS here, as `SegmentAccess::Mmap`
    // tells; `SegmentAccess::Heap` is for directories that are not trusted.
    unsafe { Mmap::map(file) }
}
