//! Sums of the rows of a short range.

/// What each row of a range is worth so far, and how many parts of the query it matches.
#[derive(Debug)]
pub(crate) struct Window {
    sums: Vec<u32>,
    /// Parts that each row matches, counted only when asked for.
    counts: Vec<u16>,
    some: Vec<u64>,
}

impl Window {
    /// Of so many rows.
    pub(crate) fn new(width: u32, counting: bool) -> Window {
        let width = width as usize;
        Window {
            sums: vec![0; width],
            counts: vec![0; if counting { width } else { 0 }],
            some: vec![0; width.div_ceil(64)],
        }
    }

    /// Adds to the row at an offset from the start of the range.
    #[inline(always)]
    pub(crate) fn add(&mut self, offset: u32, score: u32) {
        let at = offset as usize;
        if let (Some(sum), Some(word)) = (self.sums.get_mut(at), self.some.get_mut(at / 64)) {
            *sum += score;
            *word |= 1 << (at % 64);
        }
        if let Some(count) = self.counts.get_mut(at) {
            *count += 1;
        }
    }

    /// The first row at or after an offset that has something, with its sum and count; it is forgotten.
    #[inline]
    pub(crate) fn take(&mut self, from: u32) -> Option<(u32, u32, u16)> {
        let mut word = (from / 64) as usize;
        let mut mask = u64::MAX << (from % 64);
        while let Some(bits) = self.some.get_mut(word) {
            if *bits & mask != 0 {
                let bit = (*bits & mask).trailing_zeros();
                *bits &= !(1 << bit);
                let at = word * 64 + bit as usize;
                let sum = self.sums.get_mut(at).map(std::mem::take);
                let count = self.counts.get_mut(at).map(std::mem::take);
                return Some((
                    at as u32,
                    sum.unwrap_or_default(),
                    count.unwrap_or_default(),
                ));
            }
            word += 1;
            mask = u64::MAX;
        }
        None
    }

    /// Forgets all rows.
    pub(crate) fn clear(&mut self) {
        let mut from = 0;
        while let Some((at, ..)) = self.take(from) {
            from = at;
        }
    }
}
