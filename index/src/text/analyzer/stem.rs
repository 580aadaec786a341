//! The languages whose words are stemmed.

use std::borrow::Cow;

use frostem::{Algorithm, Stemmer};

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
    /// The common stem of the forms of a word.
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
