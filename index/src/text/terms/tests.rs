#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// Edits between two words by the definition (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut cost = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            cost[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let mut best = (cost[i - 1][j] + 1)
                    .min(cost[i][j - 1] + 1)
                    .min(cost[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]));
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(cost[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    cost[a.len()][b.len()]
}

fn globbed(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) => (0..=text.len()).any(|skipped| globbed(rest, &text[skipped..])),
        (Some((p, rest)), Some((t, text))) => (*p == '?' || p == t) && globbed(rest, text),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn near_terms_are_those_of_the_definition(
        word in "[ab\u{e9}\u{6570}]{0,7}", term in "[ab\u{e9}\u{6570}]{0,7}", edits in 0u8..3,
    ) {
        let (a, b): (Vec<char>, Vec<char>) = (word.chars().collect(), term.chars().collect());
        let near = Pattern::Fuzzy(Fuzzy::new(&word, edits));
        prop_assert_eq!(near.fits(&term), distance(&a, &b) <= usize::from(edits), "{} {}", word, term);
    }

    #[test]
    fn wildcards_match_as_defined(pattern in "[ab?*\u{6570}]{0,8}", term in "[ab\u{6570}]{0,8}") {
        let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), term.chars().collect());
        let wildcard = Wildcard::new(&pattern).unwrap();
        prop_assert!(!globbed(&p, &t) || term.starts_with(&wildcard.prefix()));
        prop_assert_eq!(Pattern::Wildcard(wildcard).fits(&term), globbed(&p, &t));
    }
}

#[test]
fn one_edit_is_an_insertion_a_deletion_a_replacement_or_a_swap() {
    let near = |a: &str, b: &str, edits| Pattern::Fuzzy(Fuzzy::new(a, edits)).fits(b);
    for other in [
        "segment", "segmen", "segments", "sogment", "sgement", "esgment",
    ] {
        assert!(near("segment", other, 1), "{other}");
    }
    for other in ["segmnte", "sgmnt", "fragment"] {
        assert!(!near("segment", other, 1), "{other}");
    }
    assert!(near("segment", "sgmnt", 2));
    assert!(near("", "a", 1));
    assert!(!near("", "ab", 1));
}

#[test]
fn expressions_match_whole_terms_and_have_limits() {
    let regex = |pattern| Pattern::Regex(TermRegex::new(pattern).unwrap());
    assert!(regex("seg(ment)?s?").fits("segments"));
    assert!(!regex("seg").fits("segments"));
    assert!(regex("a|bc").fits("bc") && !regex("a|bc").fits("ac"));
    assert!(regex("\u{6570}.").fits("\u{6570}\u{636e}"));
    assert!(TermRegex::new("(").is_err());
    assert!(TermRegex::new("(((a{100}){100}){100})").is_err());
    assert!(TermRegex::new("[\\w]{1000}x[\\w]{1000}").is_err());
}
