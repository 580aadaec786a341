//! What a character is to those who cut text into words.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A letter or digit of a word.
    Word,
    /// A character of a script without spaces between words.
    Dense,
    Other,
}

pub(super) fn class(c: char) -> Class {
    let dense = matches!(u32::from(c),
        0x1100..=0x11ff | 0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3040..=0x30ff | 0x3100..=0x312f
        | 0x3130..=0x318f | 0x31a0..=0x31ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xa960..=0xa97f
        | 0xac00..=0xd7ff | 0xf900..=0xfaff | 0xff66..=0xff9f | 0x1b000..=0x1b16f | 0x20000..=0x3fffd);
    if dense && (c.is_alphabetic() || matches!(c, '\u{3005}'..='\u{3007}' | '\u{30fc}')) {
        Class::Dense
    } else if c.is_alphanumeric() {
        Class::Word
    } else if matches!(u32::from(c), 0x300..=0x36f) {
        // A combining accent does not end a word, and is folded away.
        Class::Word
    } else {
        Class::Other
    }
}
