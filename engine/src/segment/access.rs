//! How the bytes of a segment file get into memory. The only unsafe code of the engine.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;

use lumos_wal::VfsFile;
use memmap2::Mmap;
use ownedbytes::OwnedBytes;

/// What sections are aligned to, so that vectors are read where they lie.
pub(super) const ALIGN: usize = 64;

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
        _ => {
            let (mut buffer, start) = aligned(len)?;
            let read = file.read_full_at(buffer.get_mut(start..).unwrap_or_default(), 0)?;
            Ok(OwnedBytes::new(buffer).slice(start..start + read))
        }
    }
}

/// A part of a file that is being written, which begins at a multiple of [`ALIGN`] and will not be
/// written again.
pub(super) fn load_written(file: &dyn VfsFile, range: Range<u64>) -> io::Result<OwnedBytes> {
    let len = |len: u64| usize::try_from(len).map_err(|_| io::ErrorKind::OutOfMemory);
    let (start, end) = (len(range.start)?, len(range.end)?);
    match file.as_std() {
        Some(std_file) if end > start => Ok(OwnedBytes::new(map(std_file)?).slice(start..end)),
        _ => {
            let (mut buffer, at) = aligned(end - start)?;
            let place = buffer.get_mut(at..).unwrap_or_default();
            let read = file.read_full_at(place, range.start)?;
            Ok(OwnedBytes::new(buffer).slice(at..at + read))
        }
    }
}

/// A copy of `bytes`, aligned to [`ALIGN`].
pub(super) fn copy(bytes: &[u8]) -> io::Result<OwnedBytes> {
    let (mut buffer, start) = aligned(bytes.len())?;
    if let Some(place) = buffer.get_mut(start..) {
        place.copy_from_slice(bytes);
    }
    Ok(OwnedBytes::new(buffer).slice(start..start + bytes.len()))
}

/// A buffer with room for `len` bytes if there is as much, and zeros up to where they are to begin.
pub(super) fn reserved(len: usize) -> (Vec<u8>, usize) {
    let mut buffer: Vec<u8> = Vec::new();
    // Without the room it grows as it is filled, and is copied in the end.
    let _grown_later = buffer.try_reserve_exact(len.saturating_add(ALIGN));
    let start = buffer.as_ptr().addr().next_multiple_of(ALIGN) - buffer.as_ptr().addr();
    buffer.resize(start, 0);
    (buffer, start)
}

/// The bytes of a buffer from `start` on, aligned to [`ALIGN`]: where they are, unless the buffer had to
/// grow.
pub(super) fn adopt(buffer: Vec<u8>, start: usize) -> io::Result<OwnedBytes> {
    let bytes = buffer.get(start..).unwrap_or_default();
    if bytes.as_ptr().addr().is_multiple_of(ALIGN) {
        let len = buffer.len();
        return Ok(OwnedBytes::new(buffer).slice(start..len));
    }
    copy(bytes)
}

/// A buffer, and where in it `len` aligned bytes begin, which end with it.
fn aligned(len: usize) -> io::Result<(Vec<u8>, usize)> {
    let mut buffer: Vec<u8> = Vec::new();
    let room = len.checked_add(ALIGN).ok_or(io::ErrorKind::OutOfMemory)?;
    buffer
        .try_reserve_exact(room)
        .map_err(|_| io::ErrorKind::OutOfMemory)?;
    let start = buffer.as_ptr().addr().next_multiple_of(ALIGN) - buffer.as_ptr().addr();
    buffer.resize(start + len, 0);
    Ok((buffer, start))
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
