//! The terms of a text that is indexed.

use std::ops::Range;

use super::cut::{Cut, cuts};
use super::ngram::gram;
use super::spec::Spec;

/// Gives `each` the terms, where they come from and their positions.
pub(super) fn each(spec: &Spec, text: &str, each: &mut impl FnMut(&str, Range<usize>, u32)) {
    let mut position = 0;
    cuts(spec, text, &mut |cut, span| match cut {
        Cut::Word { term, .. } => {
            each(&term, span, position);
            position += 1;
        }
        Cut::Gap(_) => position += 1,
        Cut::Pairs(chars) => {
            for at in 0..chars.len() {
                let end = chars.len().min(at + 2);
                let (pair, span) = gram(chars.get(at..end).unwrap_or_default());
                if !spec.stops(&pair) {
                    each(&pair, span, position);
                }
                position += 1;
            }
        }
        Cut::Grams(chars, min, max) => {
            for at in 0..chars.len() {
                let left = chars.len() - at;
                // The end of a run is a term too, though it is short: nothing is lost.
                for length in min.min(left)..=max.min(left) {
                    let (gram, span) = gram(chars.get(at..at + length).unwrap_or_default());
                    each(&gram, span, position);
                }
                position += 1;
            }
        }
        Cut::Compound { whole, parts } => {
            if let Some(whole) = whole {
                each(&whole, span, position);
            }
            for (part, span) in parts {
                if let Some(part) = part {
                    each(&part, span, position);
                }
                position += 1;
            }
        }
    });
}
