//! Cutting a text into words, and into runs of characters that no spaces divide.

use std::ops::Range;

use super::class::{Class, class};

/// What a text is cut into, in order.
pub(super) enum Found<'t> {
    Word(&'t str),
    Run(Vec<(char, Range<usize>)>),
}

/// How words end.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) class: fn(char) -> Class,
    /// Whether a character that is of no word joins the words on both sides of it: what stands before it
    /// since the start of the word, the character, and all that follows.
    pub(super) joins: fn(&str, char, &str) -> bool,
}

/// Everything that is neither letter nor digit ends a word.
pub(super) const PLAIN: Rules = Rules {
    class,
    joins: |_, _, _| false,
};

/// As in Unicode's text segmentation (UAX #29), an apostrophe between letters (rules WB6, WB7) and a point
/// between digits (WB11, WB12) are of the word. Of commas between digits only those that set groups of
/// three apart are: others list numbers.
pub(super) const ENGLISH: Rules = Rules {
    class,
    joins: |before, mark, after| {
        let last = before.chars().next_back();
        let next = after.chars().next();
        let both = |is: fn(char) -> bool| last.is_some_and(is) && next.is_some_and(is);
        match mark {
            '\'' | '\u{2019}' => both(char::is_alphabetic),
            '.' => both(|c| c.is_ascii_digit()),
            ',' => {
                let digits = after.bytes().take_while(u8::is_ascii_digit).count();
                digits == 3 && both(|c| c.is_ascii_digit())
            }
            _ => false,
        }
    },
};

/// An underscore is a letter of an identifier, and one hyphen may stand inside of one.
pub(super) const CODE: Rules = Rules {
    class: |c| if c == '_' { Class::Word } else { class(c) },
    joins: |before, mark, after| {
        let part = |c: char| class(c) == Class::Word;
        mark == '-' && before.ends_with(part) && after.starts_with(part)
    },
};

/// Gives `each` the words and runs of a text; words that follow an apostrophe with `true`.
pub(super) fn cut<'t>(
    text: &'t str,
    rules: Rules,
    each: &mut impl FnMut(Found<'t>, Range<usize>, bool),
) {
    let mut chars = text.char_indices().peekable();
    let mut apostrophe = false;
    while let Some((start, first)) = chars.next() {
        let mut end = start + first.len_utf8();
        match (rules.class)(first) {
            Class::Other => {
                apostrophe = is_apostrophe(first);
                continue;
            }
            Class::Dense => {
                let mut run = vec![(first, start..end)];
                while let Some((at, c)) = chars.next_if(|(_, c)| (rules.class)(*c) == Class::Dense)
                {
                    end = at + c.len_utf8();
                    run.push((c, at..end));
                }
                each(Found::Run(run), start..end, apostrophe);
            }
            Class::Word => {
                while let Some((at, c)) = chars.next_if(|(at, c)| match (rules.class)(*c) {
                    Class::Word => true,
                    Class::Dense => false,
                    Class::Other => {
                        let before = text.get(start..*at).unwrap_or_default();
                        let after = text.get(at + c.len_utf8()..).unwrap_or_default();
                        let next = after.chars().next();
                        next.is_some_and(|next| (rules.class)(next) == Class::Word)
                            && (rules.joins)(before, *c, after)
                    }
                }) {
                    end = at + c.len_utf8();
                }
                let word = text.get(start..end).unwrap_or_default();
                each(Found::Word(word), start..end, apostrophe);
            }
        }
        apostrophe = false;
    }
}

pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}')
}

/// The form of an English word that is stemmed: apostrophes of one kind, no genitive, no commas in numbers.
pub(super) fn english(folded: &str) -> String {
    let plain: String = folded
        .chars()
        .filter(|c| *c != ',')
        .map(|c| if is_apostrophe(c) { '\'' } else { c })
        .collect();
    match plain.strip_suffix("'s") {
        Some(owner) => owner.to_string(),
        None => plain,
    }
}
