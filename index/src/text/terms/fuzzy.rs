//! Terms that are near a word.

/// Most edits.
const MOST_EDITS: u8 = 2;
/// Places of the word that so many edits reach from one.
const BAND: usize = 2 * MOST_EDITS as usize + 1;

/// The terms that become a word by at most so many insertions, deletions, replacements or swaps of
/// neighbours (optimal string alignment).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fuzzy {
    word: Vec<char>,
    edits: u8,
}

/// How far the beginning of a term is from the beginnings of the word that are about as long: a row of the
/// table by which distances are worked out (Ukkonen 1985, "algorithms for approximate string matching":
/// only a band of it matters), and the row before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Near {
    /// Characters of the term.
    read: usize,
    /// Edits to the beginning of the word that has `read + number - edits` characters.
    now: [u8; BAND],
    before: [u8; BAND],
    last: char,
}

/// Characters that may come next.
pub(crate) enum Next {
    Any,
    /// No edit is left: these, or nothing.
    These([Option<char>; 2 * BAND]),
}

impl Fuzzy {
    pub(crate) fn new(word: &str, edits: u8) -> Fuzzy {
        Fuzzy {
            word: word.chars().collect(),
            edits: edits.min(MOST_EDITS),
        }
    }

    /// The width of the band.
    fn band(&self) -> usize {
        2 * usize::from(self.edits) + 1
    }

    /// What is too far.
    fn far(&self) -> u8 {
        self.edits + 1
    }

    /// A character of the word, by its distance from the start of the band and the place of that.
    fn at(&self, start: usize, number: usize) -> Option<char> {
        let place = (start + number).checked_sub(usize::from(self.edits))?;
        self.word.get(place).copied()
    }

    pub(crate) fn start(&self) -> Near {
        let mut now = [self.far(); BAND];
        for edits in 0..=self.edits {
            let cell = now.get_mut(usize::from(self.edits + edits));
            cell.into_iter().for_each(|cell| *cell = edits);
        }
        Near {
            read: 0,
            now,
            before: [self.far(); BAND],
            last: '\0',
        }
    }

    /// What it becomes with one more character; `None` when nothing that begins so is near.
    pub(crate) fn push(&self, near: &Near, next: char) -> Option<Near> {
        let far = self.far();
        let (mut now, mut some, mut left) = ([far; BAND], false, far);
        let cells = near.now.iter().zip(&near.before).zip(&mut now);
        for (number, ((replaced, swapped), cell)) in cells.take(self.band()).enumerate() {
            let length = (near.read + 1 + number).checked_sub(usize::from(self.edits));
            let Some(length) = length.filter(|length| *length <= self.word.len()) else {
                left = far;
                continue;
            };
            let inserted = near.now.get(number + 1).map_or(far, |cell| cell + 1);
            let mut best = inserted.min(left + 1);
            if length > 0 {
                let own = self.word.get(length - 1);
                best = best.min(replaced + u8::from(own != Some(&next)));
                if length > 1 && own == Some(&near.last) && self.word.get(length - 2) == Some(&next)
                {
                    best = best.min(swapped + 1);
                }
            } else {
                best = best.min((near.read + 1).min(usize::from(far)) as u8);
            }
            *cell = best.min(far);
            some |= best < far;
            left = *cell;
        }
        some.then_some(Near {
            read: near.read + 1,
            now,
            before: near.now,
            last: next,
        })
    }

    /// Whether it is near as it is.
    pub(crate) fn is_match(&self, near: &Near) -> bool {
        let number = (self.word.len() + usize::from(self.edits)).checked_sub(near.read);
        let cell = number.and_then(|number| near.now.get(number));
        cell.is_some_and(|cell| *cell <= self.edits)
    }

    /// What may come next.
    pub(crate) fn next(&self, near: &Near) -> Next {
        if near.now.iter().any(|cell| *cell < self.edits) {
            return Next::Any;
        }
        let mut these = [None; 2 * BAND];
        let mut count = 0;
        let mut add = |c: Option<char>| {
            if c.is_some() && !these.iter().take(count).any(|other| *other == c) {
                these
                    .iter_mut()
                    .skip(count)
                    .take(1)
                    .for_each(|place| *place = c);
                count += 1;
            }
        };
        for (number, (now, before)) in near.now.iter().zip(&near.before).enumerate() {
            if *now == self.edits {
                add(self.at(near.read, number));
            }
            if *before < self.edits && self.at(near.read, number) == Some(near.last) {
                add((near.read + number)
                    .checked_sub(1)
                    .and_then(|start| self.at(start, 0)));
            }
        }
        Next::These(these)
    }

    pub(crate) fn fits(&self, term: &str) -> bool {
        let read = |near: Near, next| self.push(&near, next);
        let near = term.chars().try_fold(self.start(), read);
        near.is_some_and(|near| self.is_match(&near))
    }
}
