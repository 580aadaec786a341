//! Rows where terms follow each other, exactly or with some slack.

use tantivy::DocSet;
use tantivy::postings::{Postings as _, SegmentPostings};

use super::term::Norms;
use super::{Cursor, END};
use crate::text::bm25::{Saturation, largest_share, share};
use crate::text::bounds::TermBounds;
use crate::text::memory::Postings;

/// The rows of a term, with its places in each.
pub(crate) enum Places<'a> {
    Sealed(Box<SegmentPostings>),
    Memory {
        postings: &'a Postings,
        visible: usize,
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

    fn row(&self) -> u32 {
        match self {
            Places::Sealed(postings) => postings.doc(),
            Places::Memory {
                postings,
                visible,
                at,
            } if at < visible => postings.rows.get(*at).copied().unwrap_or(END),
            Places::Memory { .. } => END,
        }
    }

    fn seek(&mut self, row: u32) -> u32 {
        if self.row() >= row {
            return self.row();
        }
        match self {
            Places::Sealed(postings) => postings.seek(row),
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
        }
    }

    fn frequency(&self) -> u32 {
        match self {
            Places::Sealed(postings) => postings.term_freq(),
            Places::Memory { postings, at, .. } => postings.frequency(*at),
        }
    }

    /// Adds the places of the term in the present row.
    fn append(&mut self, places: &mut Vec<u32>) {
        match self {
            Places::Sealed(postings) => postings.append_positions_with_offset(0, places),
            Places::Memory { postings, at, .. } => {
                places.extend_from_slice(postings.positions(*at));
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

    /// Where a phrase would begin, by this element.
    fn starts(&mut self, row: u32, starts: &mut Vec<i64>, places: &mut Vec<u32>) {
        places.clear();
        for term in &mut self.terms {
            if term.row() == row {
                term.append(places);
            }
        }
        if self.terms.len() > 1 {
            places.sort_unstable();
        }
        starts.clear();
        let offset = i64::from(self.offset);
        starts.extend(places.iter().map(|place| i64::from(*place) - offset));
    }
}

/// Rows that have a phrase; how often they do counts as the frequency of a term.
pub(crate) struct Phrase<'a> {
    elements: Vec<Element<'a>>,
    /// Numbers of the elements, the rarest first.
    order: Vec<usize>,
    slop: i64,
    norms: Norms<'a>,
    saturation: Saturation,
    weight: f32,
    floor: u32,
    row: u32,
    frequency: u32,
    starts: Vec<Vec<i64>>,
    places: Vec<u32>,
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
        let mut phrase = Phrase {
            starts: vec![Vec::new(); elements.len()],
            elements,
            order,
            slop: i64::from(slop),
            norms,
            saturation,
            weight,
            floor: 0,
            row: 0,
            frequency: 0,
            places: Vec::new(),
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
        let most = match self.slop {
            0 => frequencies.min().unwrap_or_default(),
            _ => frequencies.sum(),
        };
        let value = self.saturation.of(most, self.norms.of(row));
        share(self.weight, value) > self.floor
    }

    /// How often the phrase is in a row: starts from which every element is found, each within the slack.
    fn occurrences(&mut self, row: u32) -> u32 {
        for (element, starts) in self.elements.iter_mut().zip(&mut self.starts) {
            element.starts(row, starts, &mut self.places);
        }
        match self.slop {
            0 => self.exact(),
            _ => self.sloppy(),
        }
    }

    fn exact(&self) -> u32 {
        let Some((first, others)) = self.starts.split_first() else {
            return 0;
        };
        let mut found = 0;
        let mut last = None;
        for start in first {
            // Parts of one word may share a place.
            if last.replace(start) == Some(start) {
                continue;
            }
            let fits = others
                .iter()
                .all(|starts| starts.binary_search(start).is_ok());
            found += u32::from(fits);
        }
        found
    }

    /// Elements may stand away from where they belong, all within a range of the slack (as Lucene's
    /// sloppy phrases measure it); each start of such a range counts once.
    fn sloppy(&mut self) -> u32 {
        let mut all: Vec<i64> = self.starts.iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        let mut found = 0;
        for from in all {
            let mut touches = false;
            let mut taken: Vec<i64> = Vec::with_capacity(self.starts.len());
            for (element, starts) in self.elements.iter().zip(&self.starts) {
                let at = starts.partition_point(|start| *start < from);
                let mut near = starts.get(at..).unwrap_or_default().iter().copied();
                // One place is not two words, even of the same term.
                let free = |start: &i64| {
                    let place = start + i64::from(element.offset);
                    element.same.is_none_or(|_| !taken.contains(&place))
                };
                match near.find(free) {
                    Some(start) if start <= from + self.slop => {
                        touches |= start == from;
                        taken.push(start + i64::from(element.offset));
                    }
                    _ => break,
                }
            }
            found += u32::from(touches && taken.len() == self.starts.len());
        }
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
        match (least, self.slop) {
            (0.0, _) => 0,
            (least, 0) => largest_share(self.weight, least),
            _ => self.most(),
        }
    }

    fn ignore(&mut self, floor: u32) {
        self.floor = floor;
    }
}
