//! What an analyzer does, and how that is written.

use std::collections::BTreeSet;
use std::fmt;

use super::stem::{ENGLISH, Language};
use super::stop::StopList;

/// How a text is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Default,
    English,
    Code,
    /// The whole text; as it is written when exact.
    Keyword {
        exact: bool,
    },
    /// Between white space; as it is written when exact.
    Whitespace {
        exact: bool,
    },
    /// Every so many characters.
    Ngram {
        min: usize,
        max: usize,
    },
}

impl Kind {
    /// The kinds by name, with what those that take arguments have without.
    pub(super) const ALL: [(&'static str, Kind); 6] = [
        ("code", Kind::Code),
        ("default", Kind::Default),
        ("english", Kind::English),
        ("keyword", Kind::Keyword { exact: false }),
        ("ngram", Kind::Ngram { min: 2, max: 3 }),
        ("whitespace", Kind::Whitespace { exact: false }),
    ];

    /// Whether terms are as they are written.
    pub(super) fn is_exact(self) -> bool {
        matches!(
            self,
            Kind::Keyword { exact: true } | Kind::Whitespace { exact: true }
        )
    }

    /// Whether its words can be stemmed.
    pub(super) fn takes_stem(self) -> bool {
        matches!(
            self,
            Kind::Default | Kind::English | Kind::Whitespace { exact: false }
        )
    }

    /// Whether it has words, of which some can be left out.
    pub(super) fn takes_stops(self) -> bool {
        !matches!(self, Kind::Keyword { .. } | Kind::Ngram { .. })
    }

    /// The language whose words are stemmed when nothing is said.
    pub(super) fn stems(self) -> Option<Language> {
        matches!(self, Kind::Default | Kind::English).then_some(ENGLISH)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Default => f.write_str("default"),
            Kind::English => f.write_str("english"),
            Kind::Code => f.write_str("code"),
            Kind::Keyword { exact: false } => f.write_str("keyword"),
            Kind::Keyword { exact: true } => f.write_str("keyword(exact)"),
            Kind::Whitespace { exact: false } => f.write_str("whitespace"),
            Kind::Whitespace { exact: true } => f.write_str("whitespace(exact)"),
            Kind::Ngram { min, max } => write!(f, "ngram({min},{max})"),
        }
    }
}

/// All that is said of an analyzer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spec {
    pub(super) kind: Kind,
    pub(super) stem: Option<Language>,
    /// The codes of lists of stop words.
    lists: BTreeSet<&'static str>,
    /// Stop words that were given, folded.
    given: BTreeSet<String>,
    /// The stop words of both, folded.
    stops: BTreeSet<String>,
}

impl Default for Spec {
    fn default() -> Self {
        Spec::new(Kind::Default)
    }
}

impl Spec {
    pub(super) fn new(kind: Kind) -> Spec {
        Spec {
            kind,
            stem: kind.stems(),
            lists: BTreeSet::new(),
            given: BTreeSet::new(),
            stops: BTreeSet::new(),
        }
    }

    pub(super) fn stop_list(&mut self, list: StopList) {
        self.lists.insert(list.code);
        self.stops
            .extend(list.words.split_whitespace().map(str::to_string));
    }

    /// Leaves a folded word out.
    pub(super) fn stop(&mut self, folded: String) {
        self.stops.insert(folded.clone());
        self.given.insert(folded);
    }

    /// Stop words that were given one by one.
    pub(super) fn given(&self) -> usize {
        self.given.len()
    }

    /// Whether a folded word is left out.
    pub(super) fn stops(&self, folded: &str) -> bool {
        !self.stops.is_empty() && self.stops.contains(folded)
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if self.stem != self.kind.stems() {
            write!(f, " stem({})", self.stem.map_or("none", |stem| stem.name))?;
        }
        let lists = self.lists.iter().map(ToString::to_string);
        let given = self.given.iter().map(|word| quoted(word));
        let stops: Vec<String> = lists.chain(given).collect();
        match stops.is_empty() {
            true => Ok(()),
            false => write!(f, " stop({})", stops.join(",")),
        }
    }
}

/// A word in quotes.
fn quoted(word: &str) -> String {
    let mut out = String::from("\"");
    for c in word.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}
