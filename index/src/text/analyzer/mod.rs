//! From text to terms: words, stemmed or not; parts of identifiers; whole values; pairs and grams of
//! characters.

mod class;
mod code;
mod compose;
mod cut;
mod error;
mod fields;
mod fold;
mod ngram;
mod parse;
mod pieces;
mod spec;
mod stem;
mod stop;
mod terms;
mod words;

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

pub use error::AnalyzerError;
pub use fields::Analyzers;
pub(crate) use pieces::Piece;
use spec::Spec;

/// Longest term, in bytes; longer words are no words.
pub(crate) const MAX_TERM_BYTES: usize = 128;

/// Turns text into terms. The same one must be used for a field and the queries on it.
///
/// The default analyzer folds case, accents and full-width forms, splits words at everything that is
/// neither letter nor digit, and stems English (Porter 2). Runs of Chinese, Japanese and Korean
/// characters become overlapping pairs, the last character of a run alone too: every string of two or
/// more characters can be found, whatever a dictionary thinks of it.
///
/// Others are described by a name, with arguments and modifiers; see [`Analyzer::named`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analyzer(Arc<Spec>);

/// A term at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Token {
    /// The term, at most 128 bytes.
    pub term: String,
    /// Where it comes from, in bytes of the text.
    pub span: Range<usize>,
    /// Its place among the words and characters of the text. Several terms may share one, as an
    /// identifier and its first part do; words that are left out have places too.
    pub position: u32,
}

impl Default for Analyzer {
    fn default() -> Self {
        // Every query asks for it.
        static SHARED: LazyLock<Analyzer> = LazyLock::new(|| Analyzer(Arc::default()));
        SHARED.clone()
    }
}

impl Analyzer {
    /// The analyzer of this description, for example `code`, `ngram(2,3)` or `english stop(en)`.
    ///
    /// | kind | terms |
    /// |---|---|
    /// | `default` | words split at all but letters and digits, folded, stemmed as English; pairs of characters in Chinese, Japanese and Korean |
    /// | `english` | the same, but `don't`, `3.14` and `1,000` are words |
    /// | `code` | identifiers, whole and by parts: `getUserName`, `get_user_name`, `HTTPServer` |
    /// | `keyword` | the whole text, folded, without white space around it; of longer texts the first 128 bytes. `keyword(exact)`: as it is written |
    /// | `whitespace` | what stands between white space, folded. `whitespace(exact)`: as it is written |
    /// | `ngram(min,max)` | every `min` to `max` characters in a row of letters and digits, 1 to 16, four lengths at most; `ngram` is `ngram(2,3)` |
    ///
    /// Two modifiers may follow. `stem(german)` stems another language than English, `stem(none)` none:
    /// arabic, armenian, basque, catalan, czech, danish, dutch, english, esperanto, estonian, finnish,
    /// french, german, greek, hungarian, indonesian, irish, italian, lithuanian, norwegian, persian, polish,
    /// portuguese, romanian, russian, serbian, sesotho, spanish, swedish, turkish, yiddish (Snowball's
    /// stemmers), for `default`, `english` and `whitespace`. `stop(en)`, `stop(zh)` and `stop("the","of")`
    /// leave words out, up to 512 that are given, for all but `keyword` and `ngram`; the places of these
    /// words stay, so that a phrase is found where its words stand as far apart as in the query.
    ///
    /// ```
    /// use lumos_index::Analyzer;
    ///
    /// let code = Analyzer::named("code")?;
    /// let terms = code.tokens("getUserName()").into_iter().map(|token| token.term);
    /// assert_eq!(terms.collect::<Vec<_>>(), ["getusername", "get", "user", "name"]);
    /// # Ok::<(), lumos_index::AnalyzerError>(())
    /// ```
    ///
    /// # Errors
    /// [`AnalyzerError`], with the place in the description, for what is not known, does not go together,
    /// or is past its limits.
    pub fn named(description: &str) -> Result<Analyzer, AnalyzerError> {
        parse::parse(description).map(|spec| Analyzer(Arc::new(spec)))
    }

    /// Whether it is the one of fields of which nothing is said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self.0 == Spec::default()
    }

    /// Folds a text as this analyzer folds words before they are stemmed; exact ones leave it as it is.
    ///
    /// ```
    /// use lumos_index::Analyzer;
    ///
    /// assert_eq!(Analyzer::default().fold("Caf\u{e9}"), "cafe");
    /// assert_eq!(Analyzer::named("keyword(exact)")?.fold("Caf\u{e9}"), "Caf\u{e9}");
    /// # Ok::<(), lumos_index::AnalyzerError>(())
    /// ```
    #[must_use]
    pub fn fold(&self, text: &str) -> String {
        match self.0.kind.is_exact() {
            true => text.to_string(),
            false => fold::fold(text),
        }
    }

    /// The terms of a text as it is indexed, in the order of their places.
    #[must_use]
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        self.each_token(text, &mut |term, span, position| {
            tokens.push(Token {
                term: term.to_string(),
                span,
                position,
            });
        });
        tokens
    }

    /// Calls `each` with the terms of a text as it is indexed; positions do not descend.
    pub(crate) fn each_token(&self, text: &str, each: &mut impl FnMut(&str, Range<usize>, u32)) {
        terms::each(&self.0, text, each);
    }

    /// The pieces of a query.
    pub(crate) fn pieces(&self, text: &str) -> Vec<Piece> {
        pieces::pieces(&self.0, text)
    }
}

/// The description, in its shortest form: reading it gives the same analyzer.
impl fmt::Display for Analyzer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
