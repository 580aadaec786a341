//! Rows where terms follow each other, exactly or with some slack.

use tantivy::DocSet;
use tantivy::postings::{Postings as _, SegmentPostings};

use super::term::Norms;
use super::{Cursor, END};
use crate::text::bm25::{Saturation, largest_share, share};
use crate::text::bounds::TermBounds;
use crate::text::memory::Postings;
use crate::text::slack::Slack;

/// The rows of a term, with its places in each.
pub(crate) enum Places<'a> {
    Sealed(Box<SegmentPostings>),
    Memory {
        postings: &'a Postings,
        visible: usize,
        at: usize,
    },
    /// Those of many terms, as if they were one.
    Gathered {
        postings: Postings,
        at: usize,
    },
}

impl<'a> Places<'a> {
    pub(crate) fn memory(postings: &'a Postings, rows: u32) -> Places<'a> {
        Places::Memory {
            postings,
            visible: postings.visible(rows),
            at: 0,
        }
    }

    pub(crate) fn row(&self) -> u32 {
        match self {
            Places::Sealed(postings) => postings.doc(),
            Places::Gathered { postings, at } => postings.rows.get(*at).copied().unwrap_or(END),
            Places::Memory {
                postings,
                visible,
                at,
            } if at < visible => postings.rows.get(*at).copied().unwrap_or(END),
            Places::Memory { .. } => END,
        }
    }

    pub(crate) fn seek(&mut self, row: u32) -> u32 {
        if self.row() >= row {
            return self.row();
        }
        match self {
            Places::Sealed(postings) => postings.seek(row),
            Places::Gathered { postings, at } => {
                let ahead = postings.rows.get(*at..).unwrap_or_default();
                *at += ahead.partition_point(|other| *other < row);
                self.row()
            }
            Places::Memory {
                postings,
                visible,
                at,
            } => {
                let ahead = postings.rows.get(*at..*visible).unwrap_or_default();
                *at += ahead.partition_point(|other| *other < row);
                self.row()
            }
        }
    }

    fn count(&self) -> u64 {
        match self {
            Places::Sealed(postings) => u64::from(postings.doc_freq()),
            Places::Memory { visible, .. } => *visible as u64,
            Places::Gathered { postings, .. } => postings.rows.len() as u64,
        }
    }

    fn frequency(&self) -> u32 {
        match self {
            Places::Sealed(postings) => postings.term_freq(),
            Places::Memory { postings, at, .. } => postings.frequency(*at),
            Places::Gathered { postings, at } => postings.frequency(*at),
        }
    }

    /// Adds the places of the term in the present row, so much later.
    pub(crate) fn append(&mut self, later: u32, places: &mut Vec<u32>) {
        match self {
            Places::Sealed(postings) => postings.append_positions_with_offset(later, places),
            Places::Gathered { postings, at } => {
                let positions = postings.positions(*at).iter();
                places.extend(positions.map(|place| place + later));
            }
            Places::Memory { postings, at, .. } => {
                let positions = postings.positions(*at).iter();
                places.extend(positions.map(|place| place + later));
            }
        }
    }
}

/// One place of a phrase: a term, or several that may stand there.
pub(crate) struct Element<'a> {
    /// How far it is from the start of the phrase.
    pub(crate) offset: u32,
    /// The number of an element before it with the same term.
    pub(crate) same: Option<usize>,
    pub(crate) terms: Vec<Places<'a>>,
    /// Bounds, when it is one term that has some.
    pub(crate) bounds: Option<TermBounds>,
}

impl Element<'_> {
    fn seek(&mut self, row: u32) -> u32 {
        if let [term] = &mut self.terms[..] {
            return term.seek(row);
        }
        let rows = self.terms.iter_mut().map(|term| term.seek(row));
        rows.min().unwrap_or(END)
    }

    fn row(&self) -> u32 {
        let rows = self.terms.iter().map(Places::row);
        rows.min().unwrap_or(END)
    }

    fn count(&self) -> u64 {
        self.terms.iter().map(Places::count).sum()
    }

    fn frequency(&self, row: u32) -> u32 {
        let here = self.terms.iter().filter(|term| term.row() == row);
        here.map(Places::frequency).sum()
    }

    /// Where a phrase would end whose last element is `last` from its start, by this element.
    fn ends(&mut self, row: u32, last: u32, ends: &mut Vec<u32>) {
        ends.clear();
        let later = last - self.offset;
        for term in &mut self.terms {
            if term.row() == row {
                term.append(later, ends);
            }
        }
        if self.terms.len() > 1 {
            ends.sort_unstable();
        }
    }
}

/// Rows that have a phrase; how often they do counts as the frequency of a term.
pub(crate) struct Phrase<'a> {
    elements: Vec<Element<'a>>,
    /// Numbers of the elements, the rarest first.
    order: Vec<usize>,
    /// How far the last element is from the start.
    last: u32,
    /// When there is some.
    slack: Option<Slack>,
    norms: Norms<'a>,
    saturation: Saturation,
    weight: f32,
    floor: u32,
    row: u32,
    frequency: u32,
    /// Where an exact phrase would end, by the elements so far, and by one more; with slack the places of
    /// each element, of those of one term only of the first.
    places: Vec<Vec<u32>>,
}

impl<'a> Phrase<'a> {
    pub(crate) fn new(
        elements: Vec<Element<'a>>,
        slop: u32,
        norms: Norms<'a>,
        saturation: Saturation,
        weight: f32,
    ) -> Phrase<'a> {
        let mut order: Vec<usize> = (0..elements.len()).collect();
        order.sort_by_key(|number| elements.get(*number).map_or(0, Element::count));
        let lists = elements.iter().enumerate();
        let lists = lists.map(|(at, element)| (element.offset, element.same.unwrap_or(at)));
        let mut phrase = Phrase {
            slack: (slop > 0).then(|| Slack::new(lists, slop)),
            places: vec![Vec::new(); elements.len().max(2)],
            last: elements
                .iter()
                .map(|element| element.offset)
                .max()
                .unwrap_or_default(),
            elements,
            order,
            norms,
            saturation,
            weight,
            floor: 0,
            row: 0,
            frequency: 0,
        };
        phrase.find(0);
        phrase
    }

    fn find(&mut self, mut row: u32) -> u32 {
        loop {
            row = self.together(row);
            self.row = row;
            if row == END {
                return END;
            }
            if self.promising(row) {
                self.frequency = self.occurrences(row);
                if self.frequency > 0 {
                    return row;
                }
            }
            row += 1;
        }
    }

    /// The first row at or after `row` that has all elements.
    fn together(&mut self, mut row: u32) -> u32 {
        'rows: while row < END {
            for number in 0..self.order.len() {
                let element = self.order.get(number).copied();
                let Some(element) = element.and_then(|number| self.elements.get_mut(number)) else {
                    break;
                };
                let at = element.seek(row);
                if at > row {
                    row = at;
                    continue 'rows;
                }
            }
            break;
        }
        row
    }

    /// Whether a row with all elements could be worth enough; to read places is dear.
    fn promising(&self, row: u32) -> bool {
        if self.floor == 0 {
            return true;
        }
        let frequencies = self.elements.iter().map(|element| element.frequency(row));
        // With slack one place of an element may serve several starts.
        let most = match self.slack {
            None => frequencies.min().unwrap_or_default(),
            // As many as a number with a sign holds: what they are worth is worked out with one.
            Some(_) => frequencies
                .fold(0, u32::saturating_add)
                .min(i32::MAX as u32),
        };
        let value = self.saturation.of(most, self.norms.of(row));
        share(self.weight, value) > self.floor
    }

    /// How often the phrase is in a row: ends before which every element is found, each within the slack.
    fn occurrences(&mut self, row: u32) -> u32 {
        match self.slack.take() {
            None => self.exact(row),
            Some(mut slack) => {
                let found = self.sloppy(row, &mut slack);
                self.slack = Some(slack);
                found
            }
        }
    }

    /// The places of the rarest are read first, and no more when none is left.
    fn exact(&mut self, row: u32) -> u32 {
        let [ends, more, ..] = &mut self.places[..] else {
            return 0;
        };
        for (read, element) in self.order.iter().enumerate() {
            let Some(element) = self.elements.get_mut(*element) else {
                return 0;
            };
            if read == 0 {
                element.ends(row, self.last, ends);
                // Parts of one word may share a place.
                ends.dedup();
                continue;
            }
            element.ends(row, self.last, more);
            let mut ahead = more.iter().peekable();
            ends.retain(|end| {
                while ahead.next_if(|other| *other < end).is_some() {}
                ahead.peek() == Some(&end)
            });
            if ends.is_empty() {
                return 0;
            }
        }
        ends.len() as u32
    }

    /// Elements may stand away from where they belong. Elements of one term have its places together: they
    /// may be as many as the row has words.
    fn sloppy(&mut self, row: u32, slack: &mut Slack) -> u32 {
        for (element, places) in self.elements.iter_mut().zip(&mut self.places) {
            if element.same.is_none() {
                element.ends(row, element.offset, places);
                places.dedup();
            }
        }
        let mut found = 0;
        slack.each(&self.places, |_| found += 1);
        found
    }
}

impl Cursor for Phrase<'_> {
    fn row(&self) -> u32 {
        self.row
    }

    fn advance(&mut self) -> u32 {
        match self.row {
            END => END,
            row => self.find(row + 1),
        }
    }

    fn seek(&mut self, row: u32) -> u32 {
        if row > self.row {
            self.find(row);
        }
        self.row
    }

    fn score(&mut self) -> u32 {
        let norm = self.norms.of(self.row);
        share(self.weight, self.saturation.of(self.frequency, norm))
    }

    fn count(&self) -> u64 {
        let rarest = self.order.first().copied();
        rarest
            .and_then(|number| self.elements.get(number))
            .map_or(0, Element::count)
    }

    fn most(&self) -> u32 {
        largest_share(self.weight, 1.0)
    }

    fn bound(&mut self, from: u32, to: u32) -> u32 {
        if self.row >= to {
            return 0;
        }
        let mut least = 1.0f32;
        for element in &mut self.elements {
            if let Some(bounds) = &mut element.bounds {
                least = least.min(bounds.best(from, to));
            } else if element.row() >= to {
                return 0;
            }
        }
        match (least, &self.slack) {
            (0.0, _) => 0,
            (least, None) => largest_share(self.weight, least),
            _ => self.most(),
        }
    }

    fn ignore(&mut self, floor: u32) {
        self.floor = floor;
    }
}
