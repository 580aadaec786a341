//! Telling a torn tail from damage.
//!
//! A crash may leave the writes after the last sync in any state, so the last file may end in an
//! invalid frame. That alone proves nothing. But each frame says how much of the file was durable when
//! it was written: a later frame that says so of the damaged place proves that acknowledged bytes were
//! lost, and then cutting the tail would lose them in silence.

use std::path::Path;

use crate::Seqno;
use crate::error::Result;
use crate::frame::{FRAME_ALIGN, FRAME_HEADER, FrameHeader, FrameKind};
use crate::reader::Window;
use crate::vfs::VfsFile;

/// What follows an invalid frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Nothing that was durable: cut it. `bytes` is how much of it was recognised as frames.
    Torn { bytes: u64 },
    /// The frame at `proof` says that the damaged place was durable.
    Damaged { proof: u64 },
}

/// Looks for later frames of the file, from the place of an invalid frame to the end of the file.
///
/// `last` is the last valid seqno before it: bytes of earlier frames inside a payload are no frames.
pub(crate) fn classify(
    file: &dyn VfsFile,
    path: &Path,
    salt: u64,
    from: u64,
    last: Seqno,
) -> Result<Tail> {
    let mut window = Window::new(file, path)?;
    let len = window.file_len();
    let mark = salt.to_le_bytes();
    let mut torn_end = from;
    let mut offset = from;
    while offset < len {
        let bytes = window.bytes(offset, FRAME_HEADER)?;
        if bytes.len() < FRAME_HEADER {
            break;
        }
        // Every place of this window where a whole header fits.
        let places = (bytes.len() - FRAME_HEADER) / FRAME_ALIGN as usize + 1;
        for place in 0..places {
            let rest = bytes
                .get(place * FRAME_ALIGN as usize..)
                .unwrap_or_default();
            // Nearly all places end here, at the price of one comparison.
            if rest.get(24..32) != Some(&mark[..]) {
                continue;
            }
            let Some(header) = FrameHeader::decode(rest, salt) else {
                continue;
            };
            let at = offset + place as u64 * FRAME_ALIGN;
            let later = match header.kind {
                FrameKind::Transaction => header.seqno > last,
                FrameKind::End => header.seqno >= last,
            };
            if !later || header.synced > at {
                continue;
            }
            if header.synced > from {
                return Ok(Tail::Damaged { proof: at });
            }
            torn_end = torn_end.max(at.saturating_add(header.frame_len()).min(len));
        }
        offset += places as u64 * FRAME_ALIGN;
    }
    Ok(Tail::Torn {
        bytes: torn_end - from,
    })
}
