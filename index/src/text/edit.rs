//! How far one word is from another.

/// Whether `a` becomes `b` by at most `limit` insertions, deletions, replacements or swaps of
/// neighbours (optimal string alignment).
pub(crate) fn within(a: &[char], b: &str, limit: usize) -> bool {
    let length = b.chars().count();
    if a.len().abs_diff(length) > limit {
        return false;
    }
    let width = length + 1;
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..width).collect();
    let mut row = vec![0; width];
    for (i, x) in a.iter().enumerate() {
        row.fill(i + 1);
        let mut least = i + 1;
        let mut previous = None;
        for (j, y) in b.chars().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let mut cost = (at(&last, j) + usize::from(*x != y))
                .min(at(&last, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped = i > 0 && a.get(i - 1) == Some(&y) && previous == Some(*x);
            if swapped && let Some(earlier) = j.checked_sub(1) {
                cost = cost.min(at(&before, earlier) + 1);
            }
            if let Some(cell) = row.get_mut(j + 1) {
                *cell = cost;
            }
            least = least.min(cost);
            previous = Some(y);
        }
        if least > limit {
            return false;
        }
        before.clone_from(&last);
        std::mem::swap(&mut last, &mut row);
    }
    last.last().is_some_and(|cost| *cost <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit_is_an_insertion_a_deletion_a_replacement_or_a_swap() {
        let near = |a: &str, b: &str, limit| within(&a.chars().collect::<Vec<_>>(), b, limit);
        for other in [
            "segment", "segmen", "segments", "sogment", "sgement", "esgment",
        ] {
            assert!(near("segment", other, 1), "{other}");
        }
        for other in ["segmnte", "sgmnt", "fragment"] {
            assert!(!near("segment", other, 1), "{other}");
        }
        assert!(near("segment", "sgmnt", 2));
        assert!(near("", "a", 1));
        assert!(!near("", "ab", 1));
    }
}
