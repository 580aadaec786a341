//! Folding: letters that readers take for the same.

use super::compose::compose;

/// Folds case, accents of Latin letters, and full-width forms. Accents of others stay, whether they are written on
/// their letters or behind them.
pub(crate) fn fold(word: &str) -> String {
    if word
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    {
        return word.to_string();
    }
    let word = compose(word);
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        let narrow = match u32::from(c) {
            wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(c),
            0x300..=0x36f => continue,
            _ => c,
        };
        for lower in narrow.to_lowercase() {
            match unaccented(lower) {
                Some(plain) => out.push_str(plain),
                None if matches!(u32::from(lower), 0x300..=0x36f) => {}
                None => out.push(lower),
            }
        }
    }
    out
}

/// Folds case and full-width forms, and leaves accents.
pub(super) fn lower(word: &str) -> String {
    let narrow = word.chars().map(|c| match u32::from(c) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(c),
        _ => c,
    });
    narrow.flat_map(char::to_lowercase).collect()
}

/// The plain letters of an accented Latin one (Latin-1, Latin Extended-A, Romanian and Vietnamese).
fn unaccented(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{e0}'..='\u{e5}' | '\u{101}' | '\u{103}' | '\u{105}' => "a",
        '\u{1ea0}'..='\u{1eb7}' => "a",
        '\u{1eb8}'..='\u{1ec7}' => "e",
        '\u{1ec8}'..='\u{1ecb}' => "i",
        '\u{1ecc}'..='\u{1ee3}' | '\u{1a1}' => "o",
        '\u{1ee4}'..='\u{1ef1}' | '\u{1b0}' => "u",
        '\u{1ef2}'..='\u{1ef9}' => "y",
        '\u{e6}' => "ae",
        '\u{e7}' | '\u{107}' | '\u{109}' | '\u{10b}' | '\u{10d}' => "c",
        '\u{10f}' | '\u{111}' | '\u{f0}' => "d",
        '\u{e8}'..='\u{eb}' | '\u{113}' | '\u{115}' | '\u{117}' | '\u{119}' | '\u{11b}' => "e",
        '\u{11d}' | '\u{11f}' | '\u{121}' | '\u{123}' => "g",
        '\u{125}' | '\u{127}' => "h",
        '\u{ec}'..='\u{ef}' | '\u{129}' | '\u{12b}' | '\u{12d}' | '\u{12f}' | '\u{131}' => "i",
        '\u{135}' => "j",
        '\u{137}' => "k",
        '\u{13a}' | '\u{13c}' | '\u{13e}' | '\u{140}' | '\u{142}' => "l",
        '\u{f1}' | '\u{144}' | '\u{146}' | '\u{148}' => "n",
        '\u{f2}'..='\u{f6}' | '\u{f8}' | '\u{14d}' | '\u{14f}' | '\u{151}' => "o",
        '\u{153}' => "oe",
        '\u{155}' | '\u{157}' | '\u{159}' => "r",
        '\u{df}' => "ss",
        '\u{15b}' | '\u{15d}' | '\u{15f}' | '\u{161}' | '\u{219}' => "s",
        '\u{163}' | '\u{165}' | '\u{167}' | '\u{21b}' => "t",
        '\u{fe}' => "th",
        '\u{f9}'..='\u{fc}'
        | '\u{169}'
        | '\u{16b}'
        | '\u{16d}'
        | '\u{16f}'
        | '\u{171}'
        | '\u{173}' => "u",
        '\u{175}' => "w",
        '\u{fd}' | '\u{ff}' | '\u{177}' => "y",
        '\u{17a}' | '\u{17c}' | '\u{17e}' => "z",
        _ => return None,
    })
}
