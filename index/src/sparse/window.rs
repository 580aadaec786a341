//! Sums of the rows of a range.

use super::list::Cursor;

/// Rows that are summed together.
const WIDTH: u32 = 1 << 16;

/// What each row of a range is worth so far.
struct Window {
    sums: Vec<f32>,
    /// A bit for each row that has something.
    some: Vec<u64>,
}

impl Window {
    fn new(width: u32) -> Window {
        let width = width as usize;
        Window {
            sums: vec![0.0; width],
            some: vec![0; width.div_ceil(64)],
        }
    }

    #[inline(always)]
    fn add(&mut self, offset: u32, product: f32) {
        let at = offset as usize;
        if let (Some(sum), Some(word)) = (self.sums.get_mut(at), self.some.get_mut(at / 64)) {
            *sum += product;
            *word |= 1 << (at % 64);
        }
    }

    /// Gives the rows that have something, and forgets them.
    fn drain(&mut self, mut each: impl FnMut(u32, f32)) {
        for (word, bits) in self.some.iter_mut().enumerate() {
            let mut left = std::mem::take(bits);
            while left != 0 {
                let at = word * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                let sum = self.sums.get_mut(at).map(std::mem::take);
                each(at as u32, sum.unwrap_or_default());
            }
        }
    }
}

/// Calls `each` with all rows below `rows` and their sums, in order. A sum is added up in the order of the
/// cursors, and every entry of their lists is read once.
pub(super) fn each_sum(cursors: &mut [Cursor<'_>], rows: u32, mut each: impl FnMut(u32, f32)) {
    let mut window = Window::new(rows.min(WIDTH));
    let first = cursors.iter().filter_map(Cursor::row).min();
    let mut from = first.unwrap_or(rows);
    while from < rows {
        let to = from.saturating_add(WIDTH).min(rows);
        let mut next = rows;
        for cursor in &mut *cursors {
            cursor.drain(to, |row, product| {
                // In bytes that are not what was written, rows may not ascend.
                if let Some(offset) = row.checked_sub(from) {
                    window.add(offset, product);
                }
            });
            next = next.min(cursor.row().unwrap_or(rows));
        }
        window.drain(|offset, sum| each(from + offset, sum));
        from = next.max(to);
    }
}
