//! Accents that are written behind their letters, put onto them.

use std::borrow::Cow;

/// For each accent: letters, and what they are with it. Those of Latin-1 and Latin Extended-A, of Romanian, of
/// modern Greek, Cyrillic and Arabic, as Unicode composes them: the letters that stemmers know.
const ACCENTS: [(char, &str, &str); 18] = [
    (
        '\u{300}',
        "AEIOUaeiou\u{415}\u{418}\u{435}\u{438}",
        "\u{c0}\u{c8}\u{cc}\u{d2}\u{d9}\u{e0}\u{e8}\u{ec}\u{f2}\u{f9}\u{400}\u{40d}\u{450}\
        \u{45d}",
    ),
    (
        '\u{301}',
        "AEIOUYaeiouyCcLlNnRrSsZz\u{a8}\u{391}\u{395}\u{397}\u{399}\u{39f}\u{3a5}\u{3a9}\
        \u{3ca}\u{3b1}\u{3b5}\u{3b7}\u{3b9}\u{3cb}\u{3bf}\u{3c5}\u{3c9}\u{3d2}\u{413}\u{41a}\
        \u{433}\u{43a}",
        "\u{c1}\u{c9}\u{cd}\u{d3}\u{da}\u{dd}\u{e1}\u{e9}\u{ed}\u{f3}\u{fa}\u{fd}\u{106}\
        \u{107}\u{139}\u{13a}\u{143}\u{144}\u{154}\u{155}\u{15a}\u{15b}\u{179}\u{17a}\u{385}\
        \u{386}\u{388}\u{389}\u{38a}\u{38c}\u{38e}\u{38f}\u{390}\u{3ac}\u{3ad}\u{3ae}\u{3af}\
        \u{3b0}\u{3cc}\u{3cd}\u{3ce}\u{3d3}\u{403}\u{40c}\u{453}\u{45c}",
    ),
    (
        '\u{302}',
        "AEIOUaeiouCcGgHhJjSsWwYy",
        "\u{c2}\u{ca}\u{ce}\u{d4}\u{db}\u{e2}\u{ea}\u{ee}\u{f4}\u{fb}\u{108}\u{109}\u{11c}\
        \u{11d}\u{124}\u{125}\u{134}\u{135}\u{15c}\u{15d}\u{174}\u{175}\u{176}\u{177}",
    ),
    (
        '\u{303}',
        "ANOanoIiUu",
        "\u{c3}\u{d1}\u{d5}\u{e3}\u{f1}\u{f5}\u{128}\u{129}\u{168}\u{169}",
    ),
    (
        '\u{304}',
        "AaEeIiOoUu\u{418}\u{438}\u{423}\u{443}",
        "\u{100}\u{101}\u{112}\u{113}\u{12a}\u{12b}\u{14c}\u{14d}\u{16a}\u{16b}\u{4e2}\u{4e3}\
        \u{4ee}\u{4ef}",
    ),
    (
        '\u{306}',
        "AaEeGgIiOoUu\u{423}\u{418}\u{438}\u{443}\u{416}\u{436}\u{410}\u{430}\u{415}\u{435}",
        "\u{102}\u{103}\u{114}\u{115}\u{11e}\u{11f}\u{12c}\u{12d}\u{14e}\u{14f}\u{16c}\u{16d}\
        \u{40e}\u{419}\u{439}\u{45e}\u{4c1}\u{4c2}\u{4d0}\u{4d1}\u{4d6}\u{4d7}",
    ),
    (
        '\u{307}',
        "CcEeGgIZz",
        "\u{10a}\u{10b}\u{116}\u{117}\u{120}\u{121}\u{130}\u{17b}\u{17c}",
    ),
    (
        '\u{308}',
        "AEIOUaeiouyY\u{399}\u{3a5}\u{3b9}\u{3c5}\u{3d2}\u{415}\u{406}\u{435}\u{456}\u{410}\
        \u{430}\u{4d8}\u{4d9}\u{416}\u{436}\u{417}\u{437}\u{418}\u{438}\u{41e}\u{43e}\u{4e8}\
        \u{4e9}\u{42d}\u{44d}\u{423}\u{443}\u{427}\u{447}\u{42b}\u{44b}",
        "\u{c4}\u{cb}\u{cf}\u{d6}\u{dc}\u{e4}\u{eb}\u{ef}\u{f6}\u{fc}\u{ff}\u{178}\u{3aa}\
        \u{3ab}\u{3ca}\u{3cb}\u{3d4}\u{401}\u{407}\u{451}\u{457}\u{4d2}\u{4d3}\u{4da}\u{4db}\
        \u{4dc}\u{4dd}\u{4de}\u{4df}\u{4e4}\u{4e5}\u{4e6}\u{4e7}\u{4ea}\u{4eb}\u{4ec}\u{4ed}\
        \u{4f0}\u{4f1}\u{4f4}\u{4f5}\u{4f8}\u{4f9}",
    ),
    ('\u{30a}', "AaUu", "\u{c5}\u{e5}\u{16e}\u{16f}"),
    (
        '\u{30b}',
        "OoUu\u{423}\u{443}",
        "\u{150}\u{151}\u{170}\u{171}\u{4f2}\u{4f3}",
    ),
    (
        '\u{30c}',
        "CcDdEeLlNnRrSsTtZz",
        "\u{10c}\u{10d}\u{10e}\u{10f}\u{11a}\u{11b}\u{13d}\u{13e}\u{147}\u{148}\u{158}\u{159}\
        \u{160}\u{161}\u{164}\u{165}\u{17d}\u{17e}",
    ),
    ('\u{30f}', "\u{474}\u{475}", "\u{476}\u{477}"),
    ('\u{326}', "SsTt", "\u{218}\u{219}\u{21a}\u{21b}"),
    (
        '\u{327}',
        "CcGgKkLlNnRrSsTt",
        "\u{c7}\u{e7}\u{122}\u{123}\u{136}\u{137}\u{13b}\u{13c}\u{145}\u{146}\u{156}\u{157}\
        \u{15e}\u{15f}\u{162}\u{163}",
    ),
    (
        '\u{328}',
        "AaEeIiUu",
        "\u{104}\u{105}\u{118}\u{119}\u{12e}\u{12f}\u{172}\u{173}",
    ),
    ('\u{653}', "\u{627}", "\u{622}"),
    (
        '\u{654}',
        "\u{627}\u{648}\u{64a}\u{6d5}",
        "\u{623}\u{624}\u{626}\u{6c0}",
    ),
    ('\u{655}', "\u{627}", "\u{625}"),
];

/// A word whose accents are on their letters, where there are such letters.
pub(super) fn compose(word: &str) -> Cow<'_, str> {
    if !word.chars().any(is_accent) {
        return Cow::Borrowed(word);
    }
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        let whole = out.chars().next_back().and_then(|letter| with(letter, c));
        match whole {
            Some(whole) => {
                out.pop();
                out.push(whole);
            }
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a character may be one of the accents.
fn is_accent(c: char) -> bool {
    matches!(u32::from(c), 0x300..=0x36f | 0x653..=0x655)
}

/// A letter with an accent.
fn with(letter: char, accent: char) -> Option<char> {
    if !is_accent(accent) {
        return None;
    }
    let (_, letters, wholes) = ACCENTS.iter().find(|(known, ..)| *known == accent)?;
    let at = letters.chars().position(|known| known == letter)?;
    wholes.chars().nth(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_the_table_has_its_whole() {
        for (accent, letters, wholes) in ACCENTS {
            assert!(is_accent(accent));
            assert_eq!(
                letters.chars().count(),
                wholes.chars().count(),
                "{accent:?}"
            );
            for (letter, whole) in letters.chars().zip(wholes.chars()) {
                assert_eq!(
                    compose(&format!("x{letter}{accent}x")),
                    format!("x{whole}x")
                );
            }
        }
    }

    #[test]
    fn accents_follow_each_other() {
        assert_eq!(compose("\u{3b9}\u{308}\u{301}"), "\u{390}");
        assert_eq!(compose("\u{301}a\u{353}\u{301}"), "\u{301}a\u{353}\u{301}");
        assert!(matches!(compose("\u{e4}"), Cow::Borrowed(_)));
    }
}
