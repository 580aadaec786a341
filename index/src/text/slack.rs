//! Where the elements of a phrase stand together, with some slack.

/// Elements of a phrase that are looked for; a word may have as many as it has characters.
pub(crate) const MOST_ELEMENTS: usize = 256;

/// Finds the places where elements stand as far from each other as in a phrase, or away from there within a
/// range of the slack (as Lucene's sloppy phrases measure it).
///
/// Elements of the same term share a list of positions, and walk it each for itself.
#[derive(Debug)]
pub(crate) struct Slack {
    elements: Vec<Element>,
    slop: u64,
    /// Whether some elements share a list.
    shared: bool,
    /// How far each element has come in its list, and which of its places was taken.
    heads: Vec<usize>,
    taken: Vec<usize>,
    /// Behind the last place that was taken, by the first element of the same list.
    behind: Vec<usize>,
    /// By distance from the start: when a place was taken last.
    stamps: Vec<u64>,
    round: u64,
}

#[derive(Debug)]
struct Element {
    offset: u64,
    /// How far it is before the last element.
    later: u64,
    list: usize,
    /// The first element of the same list.
    first: usize,
    /// Whether that is an element before it.
    repeats: bool,
}

impl Element {
    /// Where the phrase would end by a place of the element: ends are not below 0, as starts would be.
    #[inline]
    fn end(&self, lists: &[Vec<u32>], at: usize) -> Option<u64> {
        let place = lists.get(self.list)?.get(at)?;
        Some(u64::from(*place) + self.later)
    }

    /// The first place at or after `at` by which the phrase would end at `end` or later.
    #[inline]
    fn seek(&self, lists: &[Vec<u32>], at: usize, end: u64) -> usize {
        let ahead = lists.get(self.list).and_then(|list| list.get(at..));
        let ahead = ahead.unwrap_or_default();
        let before = |place: &u32| u64::from(*place) + self.later < end;
        // Steps that double, then a binary search in the last: mostly it is the next.
        let mut step = 1;
        if !ahead.first().is_some_and(before) {
            return at;
        }
        while ahead.get(step).is_some_and(before) {
            step *= 2;
        }
        let (from, to) = (step / 2, ahead.len().min(step + 1));
        let last = ahead.get(from..to).unwrap_or_default();
        at + from + last.partition_point(before)
    }
}

impl Slack {
    /// For elements by how far they are from the start and the number of their list.
    pub(crate) fn new(elements: impl IntoIterator<Item = (u32, usize)>, slop: u32) -> Slack {
        let elements: Vec<(u32, usize)> = elements.into_iter().collect();
        let last = elements.iter().map(|(offset, _)| *offset).max();
        let last = u64::from(last.unwrap_or_default());
        let slop = u64::from(slop);
        let first = |list: usize| elements.iter().position(|(_, other)| *other == list);
        let element = |(number, (offset, list)): (usize, &(u32, usize))| {
            let first = first(*list).unwrap_or(number);
            Element {
                offset: u64::from(*offset),
                later: last - u64::from(*offset),
                list: *list,
                first,
                repeats: first < number,
            }
        };
        let elements: Vec<Element> = elements.iter().enumerate().map(element).collect();
        Slack {
            slop,
            shared: elements.iter().any(|element| element.repeats),
            heads: Vec::with_capacity(elements.len()),
            taken: Vec::with_capacity(elements.len()),
            behind: vec![0; elements.len()],
            stamps: vec![0; (slop + last) as usize + 1],
            round: 0,
            elements,
        }
    }

    /// Calls `each` with the places taken of the lists, one for each element, of every range that the
    /// elements stand in; each end of such a range counts once. Positions ascend in the lists.
    pub(crate) fn each(&mut self, lists: &[Vec<u32>], mut each: impl FnMut(&[usize])) {
        self.heads.clear();
        self.heads.resize(self.elements.len(), 0);
        loop {
            let (mut from, mut to) = (u64::MAX, 0);
            for (element, head) in self.elements.iter().zip(&self.heads) {
                // What has no place left is missing in all that follow.
                let Some(end) = element.end(lists, *head) else {
                    return;
                };
                (from, to) = (from.min(end), to.max(end));
            }
            if from > to {
                return;
            }
            let mut next = from + 1;
            if to - from > self.slop {
                next = to - self.slop;
            } else if self.take(lists, from) {
                each(&self.taken);
            }
            for (element, head) in self.elements.iter().zip(&mut self.heads) {
                *head = element.seek(lists, *head, next);
            }
        }
    }

    /// Takes a place for each element, none of which is before `from`; whether there are such places, one of
    /// them there.
    fn take(&mut self, lists: &[Vec<u32>], from: u64) -> bool {
        if !self.shared {
            self.taken.clone_from(&self.heads);
            return true;
        }
        self.round += 1;
        self.taken.clear();
        self.behind.fill(0);
        let mut touches = false;
        for (element, head) in self.elements.iter().zip(&self.heads) {
            let mut at = *head;
            if element.repeats {
                at = at.max(self.behind.get(element.first).copied().unwrap_or_default());
            }
            loop {
                let end = element.end(lists, at).filter(|end| *end >= from);
                let Some(far) = end.map(|end| end - from).filter(|far| *far <= self.slop) else {
                    return false;
                };
                let Some(stamp) = self.stamps.get_mut((far + element.offset) as usize) else {
                    return false;
                };
                // One place is not two words, even of the same term.
                if element.repeats && *stamp == self.round {
                    at += 1;
                    continue;
                }
                *stamp = self.round;
                touches |= far == 0;
                break;
            }
            if let Some(behind) = self.behind.get_mut(element.first) {
                *behind = at + 1;
            }
            self.taken.push(at);
        }
        touches
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every end looked at, every place compared.
    fn naive(elements: &[(u32, usize)], lists: &[Vec<u32>], slop: u32) -> Vec<Vec<u32>> {
        let last = elements.iter().map(|(offset, _)| *offset).max();
        let last = last.unwrap_or_default();
        let ends = |(offset, list): (u32, usize)| {
            let list = lists.get(list).into_iter().flatten();
            list.map(move |place| place + last - offset)
        };
        let mut all: Vec<u32> = elements.iter().copied().flat_map(ends).collect();
        all.sort_unstable();
        all.dedup();
        let mut found = Vec::new();
        for from in all {
            let mut taken: Vec<u32> = Vec::new();
            let mut touches = false;
            for (number, element) in elements.iter().enumerate() {
                let place = |end: &u32| end + element.0 - last;
                let mut near = ends(*element).filter(|end| *end >= from && *end - from <= slop);
                let free = |end: &u32| element.1 == number || !taken.contains(&place(end));
                let Some(end) = near.find(free) else {
                    break;
                };
                touches |= end == from;
                taken.push(place(&end));
            }
            if touches && taken.len() == elements.len() {
                found.push(taken);
            }
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn walks_of_shared_lists_take_the_places_that_comparing_all_takes(
            lists in prop::collection::vec(prop::collection::btree_set(0u32..40, 0..16), 6),
            chosen in prop::collection::vec((1u32..3, 0usize..6, any::<bool>()), 1..7),
            slop in 0u32..9,
        ) {
            let lists: Vec<Vec<u32>> = lists.into_iter().map(|list| list.into_iter().collect()).collect();
            let mut elements: Vec<(u32, usize)> = Vec::new();
            let mut offset = 0;
            for (number, (far, other, repeats)) in chosen.into_iter().enumerate() {
                let earlier = elements.get(other).filter(|_| repeats && other < number);
                elements.push((offset, earlier.map_or(number, |(_, list)| *list)));
                offset += far;
            }
            let mut found: Vec<Vec<u32>> = Vec::new();
            Slack::new(elements.iter().copied(), slop).each(&lists, |taken| {
                let place = |(at, (_, list)): (&usize, &(u32, usize))| {
                    lists.get(*list).and_then(|list| list.get(*at)).copied()
                };
                found.push(taken.iter().zip(&elements).filter_map(place).collect());
            });
            prop_assert_eq!(found, naive(&elements, &lists, slop));
        }
    }
}
