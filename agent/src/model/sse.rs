//! Server-sent events out of bytes, however they are cut.

use std::mem;

/// Bytes of one event that are kept at most.
const MAX_EVENT: usize = 4 << 20;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SseEvent {
    /// Its type, empty when the stream does not say.
    pub event: String,
    /// Its data, lines joined by line feeds.
    pub data: String,
}

/// An event of the stream is longer than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {limit} bytes")]
#[non_exhaustive]
pub struct SseOverflow {
    /// The limit in bytes.
    pub limit: usize,
}

/// Reads the event stream format of the HTML standard. Total: every sequence of bytes gives events
/// or [`SseOverflow`], and the same ones wherever it is split.
#[derive(Debug, Default)]
pub struct SseParser {
    line: Vec<u8>,
    event: SseEvent,
    has_data: bool,
    begun: bool,
    // The last byte was CR: an LF that follows belongs to the same line end.
    after_cr: bool,
}

impl SseParser {
    /// A parser at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        SseParser::default()
    }

    /// Takes the next bytes and returns the events that they complete.
    ///
    /// # Errors
    /// [`SseOverflow`] when one event exceeds 4 MiB; the stream cannot be continued then.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<SseEvent>, SseOverflow> {
        let mut events = Vec::new();
        for &byte in bytes {
            let after_cr = mem::take(&mut self.after_cr);
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    events.extend(self.end_line());
                }
                _ => {
                    self.line.push(byte);
                    let size = self.line.len() + self.event.data.len() + self.event.event.len();
                    if size > MAX_EVENT {
                        return Err(SseOverflow { limit: MAX_EVENT });
                    }
                }
            }
        }
        Ok(events)
    }

    // Ends a line; an empty one ends the event.
    fn end_line(&mut self) -> Option<SseEvent> {
        let bytes = mem::take(&mut self.line);
        let mut line: &[u8] = &bytes;
        if !mem::replace(&mut self.begun, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            let event = mem::take(&mut self.event);
            return mem::take(&mut self.has_data).then_some(event);
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (field, value) = match colon {
            Some(at) => (line.get(..at)?, line.get(at + 1..)?),
            None => (line, &b""[..]),
        };
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match field {
            b"data" => {
                if mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(&value);
            }
            b"event" => self.event.event = value.into_owned(),
            // Comments, ids and reconnection times mean nothing to one answer.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn whole(bytes: &[u8]) -> Vec<SseEvent> {
        SseParser::new().push(bytes).unwrap()
    }

    fn datas(bytes: &[u8]) -> Vec<String> {
        whole(bytes).into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn events_end_at_an_empty_line_whatever_ends_the_lines() {
        for end in ["\n", "\r\n", "\r"] {
            let stream = "event: delta|data: a|data:b|data|:note|id: 7||data: c||data: lost"
                .replace('|', end);
            let events = whole(stream.as_bytes());
            assert_eq!(events.len(), 2, "{end:?}");
            assert_eq!(
                events[0],
                SseEvent {
                    event: "delta".into(),
                    data: "a\nb\n".into()
                }
            );
            assert_eq!(
                events[1],
                SseEvent {
                    event: String::new(),
                    data: "c".into()
                }
            );
        }
    }

    #[test]
    fn a_byte_order_mark_counts_only_at_the_beginning() {
        assert_eq!(datas(b"\xef\xbb\xbfdata: a\n\ndata: b\n\n"), ["a", "b"]);
        assert_eq!(datas(b"data: a\n\n\xef\xbb\xbfdata: b\n\n"), ["a"]);
    }

    #[test]
    fn an_event_without_data_is_none() {
        assert!(whole(b"event: ping\n\n: comment\n\n\n\n").is_empty());
        assert_eq!(datas(b"data\n\n"), [""]);
    }

    /// A service that never ends its line must not fill the memory.
    #[test]
    fn an_endless_line_is_refused() {
        let mut parser = SseParser::new();
        let piece = vec![b'x'; 1 << 20];
        let mut refused = false;
        for _ in 0..8 {
            refused |= parser.push(&piece).is_err();
        }
        assert!(refused);
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"data: ".to_vec()),
            Just(b"data:{\"a\":1}\n\n".to_vec()),
            Just(b"event: x\r\n".to_vec()),
            Just(b"\r\n\r\n".to_vec()),
            Just(b"\r\r".to_vec()),
            Just(b"\n\n".to_vec()),
            Just(b"\n".to_vec()),
            Just(b":".to_vec()),
            Just(b"\xef\xbb\xbf".to_vec()),
            Just("\u{4f60}\u{1f600}".as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..6),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        /// The network cuts where it likes: inside a character, between CR and LF, after one byte.
        #[test]
        fn any_split_gives_the_same_events(bytes in bytes(), cuts in prop::collection::vec(0usize..200, 0..12)) {
            let expected = whole(&bytes);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut parser = SseParser::new();
            let (mut events, mut from) = (Vec::new(), 0);
            for cut in cuts.into_iter().chain([bytes.len()]) {
                events.extend(parser.push(&bytes[from..cut]).unwrap());
                from = cut;
            }
            prop_assert_eq!(&events, &expected);

            let mut parser = SseParser::new();
            let single: Vec<_> =
                bytes.iter().flat_map(|byte| parser.push(&[*byte]).unwrap()).collect();
            prop_assert_eq!(&single, &expected);
        }
    }
}
