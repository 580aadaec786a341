//! The analyzer of each text field.

use std::collections::BTreeMap;

use super::Analyzer;

/// The analyzer of each text field of a collection; fields that are not named have the default one.
///
/// ```
/// use lumos_index::{Analyzer, Analyzers};
///
/// let analyzers = Analyzers::default().with("symbol", Analyzer::named("code")?);
/// assert_eq!(analyzers.of("symbol").to_string(), "code");
/// assert_eq!(analyzers.of("anything else"), &Analyzer::default());
/// # Ok::<(), lumos_index::AnalyzerError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analyzers {
    others: Analyzer,
    named: BTreeMap<String, Analyzer>,
}

impl Analyzers {
    /// With this analyzer for a field.
    #[must_use]
    pub fn with(mut self, field: &str, analyzer: Analyzer) -> Self {
        self.named.insert(field.to_string(), analyzer);
        self
    }

    /// The analyzer of a field.
    #[must_use]
    pub fn of(&self, field: &str) -> &Analyzer {
        self.named.get(field).unwrap_or(&self.others)
    }
}
