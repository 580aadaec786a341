//! Words that say nothing about a text.

/// A language with a list of stop words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StopList {
    pub(super) code: &'static str,
    name: &'static str,
    pub(super) words: &'static str,
}

/// The lists, sorted by code.
pub(super) const LISTS: [StopList; 2] = [
    StopList {
        code: "en",
        name: "english",
        words: "a an and are as at be but by for from if in into is it its no not of on or such \
            that the their then there these they this to was were will with",
    },
    StopList {
        code: "zh",
        name: "chinese",
        words: "\u{7684} \u{4e86} \u{662f} \u{5728} \u{548c} \u{4e0e} \u{6216} \u{4e5f} \u{90fd} \
            \u{5c31} \u{800c} \u{53ca} \u{7740} \u{5417} \u{5462} \u{5427} \u{554a} \u{8fd9} \
            \u{90a3} \u{6211} \u{4f60} \u{4ed6} \u{5979} \u{5b83} \u{6211}\u{4eec} \
            \u{4f60}\u{4eec} \u{4ed6}\u{4eec} \u{5979}\u{4eec} \u{5b83}\u{4eec} \
            \u{8fd9}\u{4e2a} \u{90a3}\u{4e2a} \u{8fd9}\u{4e9b} \u{90a3}\u{4e9b} \
            \u{4e00}\u{4e2a} \u{56e0}\u{4e3a} \u{6240}\u{4ee5} \u{4f46}\u{662f} \
            \u{5982}\u{679c} \u{4ee5}\u{53ca} \u{5e76}\u{4e14} \u{6216}\u{8005}",
    },
];

impl StopList {
    /// The list of this code or language.
    pub(super) fn named(name: &str) -> Option<StopList> {
        let mut all = LISTS.into_iter();
        all.find(|list| [list.code, list.name].contains(&name))
    }
}
