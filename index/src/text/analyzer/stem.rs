//! The languages whose words are stemmed.

use std::borrow::Cow;

use frostem::{Algorithm, Stemmer};

use super::compose::compose;
use super::fold::{fold, lower};

/// A language with a Snowball stemmer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Language {
    pub(super) name: &'static str,
    pub(super) code: &'static str,
    algorithm: Algorithm,
}

pub(super) const ENGLISH: Language = language("english", "en", Algorithm::English);

const TURKISH: Language = language("turkish", "tr", Algorithm::Turkish);

/// The languages, sorted by name. Hindi, Nepali and Tamil are not among them: their words are cut at the signs
/// that take a vowel away.
pub(super) const LANGUAGES: [Language; 31] = [
    language("arabic", "ar", Algorithm::Arabic),
    language("armenian", "hy", Algorithm::Armenian),
    language("basque", "eu", Algorithm::Basque),
    language("catalan", "ca", Algorithm::Catalan),
    language("czech", "cs", Algorithm::Czech),
    language("danish", "da", Algorithm::Danish),
    language("dutch", "nl", Algorithm::Dutch),
    ENGLISH,
    language("esperanto", "eo", Algorithm::Esperanto),
    language("estonian", "et", Algorithm::Estonian),
    language("finnish", "fi", Algorithm::Finnish),
    language("french", "fr", Algorithm::French),
    language("german", "de", Algorithm::German),
    language("greek", "el", Algorithm::Greek),
    language("hungarian", "hu", Algorithm::Hungarian),
    language("indonesian", "id", Algorithm::Indonesian),
    language("irish", "ga", Algorithm::Irish),
    language("italian", "it", Algorithm::Italian),
    language("lithuanian", "lt", Algorithm::Lithuanian),
    language("norwegian", "no", Algorithm::Norwegian),
    language("persian", "fa", Algorithm::Persian),
    language("polish", "pl", Algorithm::Polish),
    language("portuguese", "pt", Algorithm::Portuguese),
    language("romanian", "ro", Algorithm::Romanian),
    language("russian", "ru", Algorithm::Russian),
    language("serbian", "sr", Algorithm::Serbian),
    language("sesotho", "st", Algorithm::Sesotho),
    language("spanish", "es", Algorithm::Spanish),
    language("swedish", "sv", Algorithm::Swedish),
    TURKISH,
    language("yiddish", "yi", Algorithm::Yiddish),
];

const fn language(name: &'static str, code: &'static str, algorithm: Algorithm) -> Language {
    Language {
        name,
        code,
        algorithm,
    }
}

impl Language {
    /// The language of this name or code.
    pub(super) fn named(name: &str) -> Option<Language> {
        let mut all = LANGUAGES.into_iter();
        all.find(|language| [language.name, language.code].contains(&name))
    }

    pub(super) fn stemmer(self) -> Stems {
        Stems {
            stemmer: Stemmer::new(self.algorithm),
            english: self == ENGLISH,
            turkish: self == TURKISH,
        }
    }
}

/// A stemmer at work.
pub(super) struct Stems {
    stemmer: Stemmer,
    english: bool,
    turkish: bool,
}

impl Stems {
    /// A word as its language writes it: accents on their letters, without which they are no letters. English
    /// is folded before it is stemmed, and needs none.
    pub(super) fn written<'w>(&self, word: &'w str) -> Cow<'w, str> {
        match self.english {
            true => Cow::Borrowed(word),
            false => compose(word),
        }
    }

    /// The common stem of the forms of a word, as it is written.
    ///
    /// English is stemmed as it is folded, and only words of plain letters are. Other languages know their
    /// accents: they are stemmed before they are folded.
    pub(super) fn stem<'f>(&self, word: &str, folded: &'f str) -> Cow<'f, str> {
        if !self.english {
            return match word.chars().all(char::is_alphabetic) {
                true => Cow::Owned(fold(&self.stemmer.stem(&self.lower(word)))),
                false => Cow::Borrowed(folded),
            };
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'\'';
        match folded.len() > 2 && folded.bytes().all(plain) {
            true => self.stemmer.stem(folded),
            false => Cow::Borrowed(folded),
        }
    }
    fn lower(&self, word: &str) -> String {
        match self.turkish {
            // Its capitals of two letters are those of others elsewhere.
            true => lower(&word.replace('I', "\u{131}").replace('\u{130}', "i")),
            false => lower(word),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::text::analyzer::Analyzer;

    /// The terms of a text, with a space between them.
    fn golden(description: &str, text: &str) -> String {
        let tokens = Analyzer::named(description).unwrap().tokens(text);
        let terms: Vec<String> = tokens.into_iter().map(|token| token.term).collect();
        terms.join(" ")
    }

    /// Accents that are written apart from their letters, as file systems and some keyboards write them, kept
    /// words from being stemmed: the two forms of a word did not find each other.
    #[test]
    fn words_are_stemmed_however_their_accents_are_written() {
        let cases = [
            ("german", "H\u{e4}user", "Ha\u{308}user"),
            ("french", "\u{e9}t\u{e9}s", "e\u{301}te\u{301}s"),
            ("spanish", "ni\u{f1}os", "nin\u{303}os"),
            ("czech", "\u{10d}esk\u{fd}mi", "c\u{30c}esky\u{301}mi"),
            ("swedish", "f\u{e5}glarna", "fa\u{30a}glarna"),
            (
                "turkish",
                "K\u{131}\u{15f}lar\u{131}",
                "K\u{131}s\u{327}lar\u{131}",
            ),
            ("turkish", "\u{130}stanbul", "I\u{307}stanbul"),
            ("romanian", "\u{219}coli", "s\u{326}coli"),
            (
                "russian",
                "\u{413}\u{435}\u{440}\u{43e}\u{439}\u{441}\u{43a}\u{438}\u{439}",
                "\u{413}\u{435}\u{440}\u{43e}\u{438}\u{306}\u{441}\u{43a}\u{438}\u{438}\u{306}",
            ),
            (
                "greek",
                "\u{391}\u{3bd}\u{3b8}\u{3c1}\u{3ce}\u{3c0}\u{3c9}\u{3bd}",
                "\u{391}\u{3bd}\u{3b8}\u{3c1}\u{3c9}\u{301}\u{3c0}\u{3c9}\u{3bd}",
            ),
            (
                "arabic",
                "\u{627}\u{644}\u{623}\u{643}\u{644}",
                "\u{627}\u{644}\u{627}\u{654}\u{643}\u{644}",
            ),
        ];
        for (language, composed, apart) in cases {
            for kind in ["default", "whitespace"] {
                let description = format!("{kind} stem({language})");
                let analyzer = Analyzer::named(&description).unwrap();
                assert_eq!(
                    golden(&description, apart),
                    golden(&description, composed),
                    "{language}"
                );
                assert_eq!(analyzer.pieces(apart), analyzer.pieces(composed));
            }
            let stops = format!("default stem({language}) stop(\"{composed}\")");
            assert_eq!(golden(&stops, apart), "", "{language}");
        }
        assert_eq!(golden("default stem(german)", "Ha\u{308}user"), "haus");
        // What no letter takes stays what it was.
        assert_eq!(golden("default stem(german)", "Qa\u{353}user"), "qauser");
    }
}
