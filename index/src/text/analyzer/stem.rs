//! The languages whose words are stemmed.

use std::borrow::Cow;

use frostem::{Algorithm, Stemmer};

use super::fold::{fold, lower};

/// A language with a Snowball stemmer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Language {
    pub(super) name: &'static str,
    code: &'static str,
    algorithm: Algorithm,
}

pub(super) const ENGLISH: Language = language("english", "en", Algorithm::English);

/// The languages, sorted by name.
pub(super) const LANGUAGES: [Language; 14] = [
    language("danish", "da", Algorithm::Danish),
    language("dutch", "nl", Algorithm::Dutch),
    ENGLISH,
    language("finnish", "fi", Algorithm::Finnish),
    language("french", "fr", Algorithm::French),
    language("german", "de", Algorithm::German),
    language("hungarian", "hu", Algorithm::Hungarian),
    language("italian", "it", Algorithm::Italian),
    language("norwegian", "no", Algorithm::Norwegian),
    language("portuguese", "pt", Algorithm::Portuguese),
    language("romanian", "ro", Algorithm::Romanian),
    language("russian", "ru", Algorithm::Russian),
    language("spanish", "es", Algorithm::Spanish),
    language("swedish", "sv", Algorithm::Swedish),
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
        }
    }
}

/// A stemmer at work.
pub(super) struct Stems {
    stemmer: Stemmer,
    english: bool,
}

impl Stems {
    /// The common stem of the forms of a word.
    ///
    /// English is stemmed as it is folded, and only words of plain letters are. Other languages know their
    /// accents: they are stemmed before they are folded.
    pub(super) fn stem<'f>(&self, word: &str, folded: &'f str) -> Cow<'f, str> {
        if !self.english {
            return match word.chars().all(char::is_alphabetic) {
                true => Cow::Owned(fold(&self.stemmer.stem(&lower(word)))),
                false => Cow::Borrowed(folded),
            };
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'\'';
        match folded.len() > 2 && folded.bytes().all(plain) {
            true => self.stemmer.stem(folded),
            false => Cow::Borrowed(folded),
        }
    }
}
