//! Frames: one transaction each.
//!
//! | offset | size | field |
//! |-------:|-----:|-------|
//! | 0  | 4 | length of the payload in bytes |
//! | 4  | 4 | kind: 1 transaction, 2 end of a file that was closed in good order |
//! | 8  | 8 | seqno; for the end, that of the last transaction |
//! | 16 | 8 | synced: the bytes of this file below this offset were durable when the frame was written |
//! | 24 | 8 | salt of the file |
//! | 32 | 8 | length: the file was durably at least this long when the frame was written |
//! | 40 | 4 | CRC-32 of the payload |
//! | 44 | 4 | CRC-32 of bytes 0 to 44 |
//! | 48 | n | payload |
//! | .. | 0 to 7 | zeros up to a multiple of 8 |
//!
//! Integers are little-endian. Frames follow each other without gaps. `synced` tells a torn tail
//! from damage: a frame that was written after these bytes were durable proves that they were there.
//! `length` does the same for a file that was cut short.

use crate::Seqno;
use crate::checksum::checksum;
use crate::header::{u32_at, u64_at};

/// The largest payload of a frame, in bytes: 1 GiB.
pub const MAX_PAYLOAD: usize = 1 << 30;

pub(crate) const FRAME_HEADER: usize = 48;
pub(crate) const FRAME_ALIGN: u64 = 8;
const TRANSACTION: u32 = 1;
const END: u32 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    Transaction,
    /// Nothing follows in this file.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) payload_len: u32,
    pub(crate) kind: FrameKind,
    pub(crate) seqno: Seqno,
    pub(crate) synced: u64,
    pub(crate) length: u64,
    pub(crate) payload_crc: u32,
}

/// What all frames of one batch say of their file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FileState {
    pub(crate) salt: u64,
    pub(crate) synced: u64,
    pub(crate) length: u64,
}

impl FrameHeader {
    /// Reads a header; `None` unless it is one of the file with this salt, whole and unchanged.
    pub(crate) fn decode(bytes: &[u8], salt: u64) -> Option<FrameHeader> {
        let bytes = bytes.first_chunk::<FRAME_HEADER>()?;
        if u64_at(bytes, 24) != salt || u32_at(bytes, 44) != checksum(&bytes[..44]) {
            return None;
        }
        let kind = match u32_at(bytes, 4) {
            TRANSACTION => FrameKind::Transaction,
            END => FrameKind::End,
            _ => return None,
        };
        let payload_len = u32_at(bytes, 0);
        if payload_len as usize > MAX_PAYLOAD {
            return None;
        }
        Some(FrameHeader {
            payload_len,
            kind,
            seqno: u64_at(bytes, 8),
            synced: u64_at(bytes, 16),
            length: u64_at(bytes, 32),
            payload_crc: u32_at(bytes, 40),
        })
    }

    /// The bytes from the start of this frame to the start of the next one.
    pub(crate) fn frame_len(&self) -> u64 {
        frame_len(self.payload_len as usize)
    }
}

/// The bytes that a payload takes in a file.
pub(crate) fn frame_len(payload: usize) -> u64 {
    (FRAME_HEADER as u64 + payload as u64).next_multiple_of(FRAME_ALIGN)
}

/// Appends the frame of one transaction.
pub(crate) fn encode(out: &mut Vec<u8>, seqno: Seqno, state: FileState, payload: &[u8]) {
    push(out, TRANSACTION, seqno, state, payload);
}

/// The frame that ends a file.
pub(crate) fn encode_end(last: Seqno, state: FileState) -> Vec<u8> {
    let mut out = Vec::with_capacity(FRAME_HEADER);
    push(&mut out, END, last, state, &[]);
    out
}

fn push(out: &mut Vec<u8>, kind: u32, seqno: Seqno, state: FileState, payload: &[u8]) {
    let mut header = [0; FRAME_HEADER];
    header[0..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    header[4..8].copy_from_slice(&kind.to_le_bytes());
    header[8..16].copy_from_slice(&seqno.to_le_bytes());
    header[16..24].copy_from_slice(&state.synced.to_le_bytes());
    header[24..32].copy_from_slice(&state.salt.to_le_bytes());
    header[32..40].copy_from_slice(&state.length.to_le_bytes());
    header[40..44].copy_from_slice(&checksum(payload).to_le_bytes());
    let crc = checksum(&header[..44]);
    header[44..48].copy_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(payload);
    let padded = out.len() + frame_len(payload.len()) as usize - FRAME_HEADER - payload.len();
    out.resize(padded, 0);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A frame gives back what went in, and only under its own salt.
        #[test]
        fn frames_survive_under_their_own_salt(
            seqno: u64, synced: u64, length: u64, salt: u64, other: u64,
            payload in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut out = vec![0xaa; 8];
            encode(&mut out, seqno, FileState { salt, synced, length }, &payload);
            let bytes = &out[8..];
            let header = FrameHeader::decode(bytes, salt).unwrap();
            prop_assert_eq!(header.seqno, seqno);
            prop_assert_eq!((header.synced, header.length), (synced, length));
            prop_assert_eq!(header.kind, FrameKind::Transaction);
            prop_assert_eq!(header.payload_crc, checksum(&payload));
            prop_assert_eq!(header.frame_len(), bytes.len() as u64);
            prop_assert_eq!(bytes.len() % 8, 0);
            let end = FRAME_HEADER + payload.len();
            prop_assert_eq!(&bytes[FRAME_HEADER..end], &payload[..]);
            prop_assert!(bytes[end..].iter().all(|byte| *byte == 0));
            if other != salt {
                prop_assert!(FrameHeader::decode(bytes, other).is_none());
            }
        }

        /// Every bit of the header counts.
        #[test]
        fn a_flipped_bit_in_the_header_is_noticed(seqno: u64, bit in 0..FRAME_HEADER * 8) {
            let mut out = encode_end(seqno, FileState { salt: 5, ..FileState::default() });
            prop_assert_eq!(FrameHeader::decode(&out, 5).unwrap().kind, FrameKind::End);
            out[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(FrameHeader::decode(&out, 5).is_none());
        }

        /// Arbitrary bytes are no frame and no panic.
        #[test]
        fn arbitrary_bytes_are_no_frame(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(FrameHeader::decode(&bytes, 5).is_none());
        }
    }

    /// Preallocated zeros must never read as a frame, not even under a salt of zero.
    #[test]
    fn zeros_are_no_frame() {
        assert!(FrameHeader::decode(&[0; 64], 0).is_none());
    }
}
