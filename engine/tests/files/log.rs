//! Files of the log.

use std::ops::Range;

use lumos_wal::checksum;

use super::{headed, set, u32_at, u64_at};

/// Where the frames of a log file begin.
pub(crate) const START: usize = 4_096;
/// Bytes before the payload of a frame.
pub(crate) const FRAME: usize = 48;

/// Where the frames of a file are, headers included, as far as their lengths make sense.
pub(crate) fn frames(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut frames = Vec::new();
    let mut at = START;
    while let Some(length) = u32_at(bytes, at)
        && u32_at(bytes, at + 4).is_some_and(|kind| kind != 0)
    {
        let end = at + FRAME + length as usize;
        if end > bytes.len() {
            break;
        }
        frames.push(at..end);
        at = end.next_multiple_of(8);
    }
    frames
}

/// Makes the checksums of a log file fit its bytes, up to the first frame whose length does not.
pub(crate) fn reseal(bytes: &mut [u8]) {
    headed::reseal_header(bytes);
    for frame in frames(bytes) {
        reseal_frame(&mut bytes[frame]);
    }
}

fn reseal_frame(frame: &mut [u8]) {
    let crc = checksum(&frame[FRAME..]);
    set(frame, 40, &crc.to_le_bytes());
    let crc = checksum(&frame[..44]);
    set(frame, 44, &crc.to_le_bytes());
}

/// A log file with the header of another one and these payloads, each with the frame header it had or that
/// of the last one; commits are numbered from the first of the file.
pub(crate) fn with_payloads(file: &[u8], payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = file[..START].to_vec();
    let headers: Vec<&[u8]> = frames(file)
        .into_iter()
        .map(|frame| &file[frame.start..frame.start + FRAME])
        .collect();
    let first = u64_at(file, 24).unwrap_or(1);
    for (n, payload) in payloads.iter().enumerate() {
        let header = headers.get(n).or(headers.last());
        let mut frame = header.map_or(vec![0; FRAME], |header| header.to_vec());
        set(&mut frame, 0, &(payload.len() as u32).to_le_bytes());
        set(&mut frame, 4, &1_u32.to_le_bytes());
        set(&mut frame, 8, &(first + n as u64).to_le_bytes());
        // What was durable: everything before it. How long the file is: no claim.
        set(&mut frame, 16, &(bytes.len() as u64).to_le_bytes());
        set(&mut frame, 32, &[0; 8]);
        frame.extend_from_slice(payload);
        reseal_frame(&mut frame);
        bytes.extend_from_slice(&frame);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    bytes
}
