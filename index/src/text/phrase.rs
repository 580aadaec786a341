//! Phrases and patterns of a plan, as cursors over a segment.

use roaring::RoaringBitmap;

use super::cursor::{Cursor, Element, Phrase, Places, Rest};
use super::error::TextError;
use super::plan::{Place, Term};
use super::search::TextSearch;
use super::source::{Found, SourceField};

impl<'a> TextSearch<'a> {
    pub(super) fn rest(
        &self,
        rest: usize,
        boost: f32,
        segment: usize,
    ) -> Result<Option<Box<dyn Cursor + '_>>, TextError> {
        let planned = self.plan.rests.get(rest).and_then(|rest| {
            let field = self.plan.fields.get(rest.field)?;
            Some((rest, field.parts.get(segment)?.as_ref()?))
        });
        let Some((rest, part)) = planned else {
            return Ok(None);
        };
        let rows = rest.rows(part)?;
        // As if the word were there once, in a row of average length.
        let score = self.plan.scale.weight(rest.weight * boost * 0.45) as u32 + 1;
        Ok((!rows.is_empty()).then(|| Box::new(Rest::new(&rows, score)) as Box<dyn Cursor>))
    }

    pub(super) fn phrase(
        &self,
        field: usize,
        places: &[Place],
        (slop, weight): (u32, f32),
        segment: usize,
    ) -> Result<Option<Box<dyn Cursor + '_>>, TextError> {
        let Some(planned) = self.plan.fields.get(field) else {
            return Ok(None);
        };
        let Some(part) = planned.parts.get(segment).and_then(Option::as_ref) else {
            return Ok(None);
        };
        let within = match places.iter().any(|place| place.rest.is_some()) {
            true => self.near(places, part, segment)?,
            false => None,
        };
        let mut bound: Vec<Element<'_>> = Vec::with_capacity(places.len());
        for (number, place) in places.iter().enumerate() {
            let mut terms = Vec::with_capacity(place.terms.len());
            let mut bounds = None;
            for (term, found) in self.found(place, segment) {
                terms.push(part.places(found)?);
                bounds = part.bounds(&term.text, found, planned.saturation)?;
            }
            if let Some(rest) = place.rest.and_then(|rest| self.plan.rests.get(rest)) {
                let postings = rest.places(part, within.as_ref())?;
                if !postings.rows.is_empty() {
                    terms.push(Places::Gathered { postings, at: 0 });
                }
            }
            if terms.is_empty() {
                return Ok(None);
            }
            let mut before = places.iter().take(number);
            bound.push(Element {
                offset: place.offset,
                same: before
                    .position(|other| (&other.terms, other.rest) == (&place.terms, place.rest)),
                bounds: bounds.filter(|_| terms.len() == 1),
                terms,
            });
        }
        let weight = self.plan.scale.weight(weight);
        let phrase = Phrase::new(bound, slop, part.norms(), planned.saturation, weight);
        Ok(Some(Box::new(phrase)))
    }

    /// The terms of a place that a segment has.
    fn found(
        &self,
        place: &Place,
        segment: usize,
    ) -> impl Iterator<Item = (&Term<'a>, &Found<'a>)> {
        let terms = place.terms.iter();
        let terms = terms.filter_map(|term| self.plan.terms.get(*term));
        terms.filter_map(move |term| Some((term, term.found.get(segment)?.as_ref()?)))
    }

    /// The rows that have all places of a phrase which few terms may stand at; `None` when there is no such
    /// place.
    fn near(
        &self,
        places: &[Place],
        part: &SourceField<'a>,
        segment: usize,
    ) -> Result<Option<RoaringBitmap>, TextError> {
        let mut all: Option<RoaringBitmap> = None;
        for place in places.iter().filter(|place| place.rest.is_none()) {
            let mut rows = RoaringBitmap::new();
            for (_, found) in self.found(place, segment) {
                part.add_rows(found, &mut rows)?;
            }
            all = Some(match all {
                Some(all) => all & rows,
                None => rows,
            });
        }
        Ok(all)
    }
}
