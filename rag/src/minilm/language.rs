//! Whether a text is in a script the model knows.

/// Characters that are looked at.
const SAMPLE: usize = 2000;

/// Whether at least half of the letters are Latin; a text without letters is.
///
/// A character of a script without spaces counts twice, it says as much as half a word.
pub(super) fn is_latin(text: &str) -> bool {
    let (mut latin, mut other) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| c.is_alphabetic()).take(SAMPLE) {
        match u32::from(c) {
            0..=0x024F | 0x1E00..=0x1EFF => latin += 1,
            // Kana, ideographs, syllables.
            0x2E80..=0xD7AF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF => other += 2,
            _ => other += 1,
        }
    }
    latin >= other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_latin_script_is_supported() {
        for text in [
            "What is a segment?",
            "",
            "42",
            "\u{1F600}",
            "na\u{EF}ve caf\u{E9}",
        ] {
            assert!(is_latin(text), "{text}");
        }
        for text in [
            "\u{5411}\u{91CF}\u{6570}\u{636E}\u{5E93}\u{662F}\u{4EC0}\u{4E48}",
            "\u{41F}\u{440}\u{438}\u{432}\u{435}\u{442}",
            "\u{3053}\u{3093}\u{306B}\u{3061}\u{306F}",
            "\u{C548}\u{B155}",
            "Rust \u{7684}\u{6240}\u{6709}\u{6743}\u{662F}\u{4EC0}\u{4E48}",
        ] {
            assert!(!is_latin(text), "{text}");
        }
    }

    #[test]
    fn one_foreign_name_in_an_english_text_changes_nothing() {
        assert!(is_latin(
            "The Tokyo tower (\u{6771}\u{4EAC}) was built in 1958 of steel"
        ));
    }
}
