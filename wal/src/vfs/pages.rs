//! The contents of a file in memory, in shared pages: a copy costs a pointer for each page.

use std::io;
use std::sync::Arc;

const PAGE: usize = 4096;
/// A mistaken offset must not turn into an enormous page table.
const MAX_LEN: u64 = 1 << 36;

/// Copy-on-write contents; a missing page is zeros.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages {
    len: u64,
    pages: Vec<Option<Arc<[u8; PAGE]>>>,
}

impl Pages {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn read_at(&self, buf: &mut [u8], offset: u64) -> usize {
        let available = self.len.saturating_sub(offset);
        let want = buf
            .len()
            .min(usize::try_from(available).unwrap_or(usize::MAX));
        let mut done = 0;
        while done < want {
            let (page, start) = position(offset + done as u64);
            let n = (PAGE - start).min(want - done);
            let target = &mut buf[done..done + n];
            match self.pages.get(page).and_then(Option::as_ref) {
                Some(bytes) => target.copy_from_slice(&bytes[start..start + n]),
                None => target.fill(0),
            }
            done += n;
        }
        want
    }

    pub(super) fn write_at(&mut self, data: &[u8], offset: u64) -> io::Result<()> {
        let end = offset
            .checked_add(data.len() as u64)
            .filter(|end| *end <= MAX_LEN);
        let end = end.ok_or(io::ErrorKind::FileTooLarge)?;
        if data.is_empty() {
            return Ok(());
        }
        if end > self.len {
            self.set_len(end)?;
        }
        let mut done = 0;
        while done < data.len() {
            let (page, start) = position(offset + done as u64);
            let n = (PAGE - start).min(data.len() - done);
            let source = &data[done..done + n];
            let slot = &mut self.pages[page];
            // Zeros over a page that is not there change nothing: preallocation stays free.
            if slot.is_some() || source.iter().any(|byte| *byte != 0) {
                let bytes = slot.get_or_insert_with(|| Arc::new([0; PAGE]));
                Arc::make_mut(bytes)[start..start + n].copy_from_slice(source);
            }
            done += n;
        }
        Ok(())
    }

    pub(super) fn set_len(&mut self, len: u64) -> io::Result<()> {
        if len > MAX_LEN {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let (page, start) = position(len);
        let pages = page + usize::from(start > 0);
        self.pages.resize(pages, None);
        if len < self.len
            && start > 0
            && let Some(Some(last)) = self.pages.last_mut()
        {
            Arc::make_mut(last)[start..].fill(0);
        }
        self.len = len;
        Ok(())
    }
}

fn position(offset: u64) -> (usize, usize) {
    (
        (offset / PAGE as u64) as usize,
        (offset % PAGE as u64) as usize,
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is written and cut, the pages read like a plain vector, and a copy taken
        /// before keeps what it had.
        #[test]
        fn pages_behave_like_a_vector(
            steps in proptest::collection::vec((any::<bool>(), 0usize..20_000, 0usize..9_000), 1..20),
        ) {
            let (mut pages, mut model) = (Pages::default(), Vec::new());
            for (n, (cut, offset, len)) in steps.into_iter().enumerate() {
                let (before, model_before) = (pages.clone(), model.clone());
                if cut {
                    pages.set_len(offset as u64).unwrap();
                    model.resize(offset, 0);
                } else if len > 0 {
                    let data = vec![n as u8; len];
                    pages.write_at(&data, offset as u64).unwrap();
                    if model.len() < offset + len {
                        model.resize(offset + len, 0);
                    }
                    model[offset..offset + len].copy_from_slice(&data);
                }
                for (pages, model) in [(&pages, &model), (&before, &model_before)] {
                    let mut read = vec![7; model.len() + 10];
                    prop_assert_eq!(pages.len(), model.len() as u64);
                    prop_assert_eq!(pages.read_at(&mut read, 0), model.len());
                    prop_assert_eq!(&read[..model.len()], &model[..]);
                }
            }
        }
    }

    /// A write far beyond any real file is refused instead of eating the memory.
    #[test]
    fn an_absurd_offset_is_refused() {
        assert!(Pages::default().write_at(b"x", u64::MAX).is_err());
        assert!(Pages::default().set_len(1 << 60).is_err());
    }
}
