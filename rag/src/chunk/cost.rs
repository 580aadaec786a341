//! How many word pieces a text has, estimated character by character.

/// Units of cost in one word piece.
pub(super) const TOKEN: u64 = 64;

/// Adds up the cost of a text that is fed to it in order.
#[derive(Debug, Default)]
pub(super) struct Meter {
    total: u64,
    /// Letters or digits since the word began.
    run: u32,
    last: Kind,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[default]
    Other,
    Space,
    Lower,
    Upper,
    Digit,
}

impl Meter {
    /// The cost so far.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn push(&mut self, c: char) {
        let kind = match c {
            'a'..='z' => Kind::Lower,
            'A'..='Z' => Kind::Upper,
            '0'..='9' => Kind::Digit,
            _ if c.is_whitespace() => Kind::Space,
            _ => Kind::Other,
        };
        let word = |kind| matches!(kind, Kind::Lower | Kind::Upper | Kind::Digit);
        self.run = if word(kind) && word(self.last) {
            self.run.saturating_add(1)
        } else {
            0
        };
        self.total += match kind {
            // White space is free, but runs of it must not make a chunk endless.
            Kind::Space => 4 * u64::from(self.last == Kind::Space),
            _ if self.run == 0 && word(kind) => TOKEN,
            // Words up to four letters are one piece, longer ones are often two or more.
            Kind::Lower if self.run < 4 => 0,
            Kind::Lower => 11,
            Kind::Upper if self.last == Kind::Lower => TOKEN,
            Kind::Upper => 20,
            Kind::Digit => 28,
            Kind::Other => other(c),
        };
        self.last = kind;
    }
}

/// The cost of a text.
pub(super) fn cost(text: &str) -> u64 {
    let mut meter = Meter::default();
    text.chars().for_each(|c| meter.push(c));
    meter.total()
}

fn other(c: char) -> u64 {
    if c.is_ascii() {
        TOKEN
    } else if is_cjk(c) {
        48
    } else if c.is_alphabetic() {
        32
    } else {
        TOKEN
    }
}

/// Whether a character belongs to a script that is written without spaces.
pub(super) fn is_cjk(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF     // Thai, Lao
        | 0x1000..=0x109F   // Myanmar
        | 0x1780..=0x17FF   // Khmer
        | 0x2E80..=0x2FDF   // radicals
        | 0x3005..=0x3007
        | 0x3040..=0x31FF   // kana, bopomofo
        | 0x3400..=0x9FFF   // ideographs
        | 0xF900..=0xFAFF
        | 0xFF66..=0xFF9F   // half-width kana
        | 0x20000..=0x3FFFF)
}
