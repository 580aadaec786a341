//! Words of a question that ask, join or soften, and say nothing about its subject.

/// English words that say nothing about the subject, sorted.
const WORDS: &str = "\
    a about after all also am an and any anyone anything are as at be because been \
    before being between both but by can cannot could did do does doing done each else \
    ever every explain find for from get give given go got had happen happened happens \
    has have having he help her here him his how i if in into is it its just know let \
    like look made make makes many may me mean means might mine more most much must my \
    need needs no not of off on one only or other our out over please same say says \
    shall she should show so some somebody someone something such take takes tell than \
    that the their them then there these they thing things this those to too under up us \
    use used uses using very want was way we were what when where whether which while \
    who whom whose why will with within without would yes you your";

/// Chinese and Japanese pieces that ask, join or soften, longest first.
const PIECES: &[&str] = &[
    "\u{4e3a}\u{4ec0}\u{4e48}", // why
    "\u{600e}\u{4e48}\u{6837}", // how
    "\u{4ec0}\u{4e48}",         // what
    "\u{600e}\u{4e48}",         // how
    "\u{600e}\u{6837}",         // how
    "\u{5982}\u{4f55}",         // how
    "\u{54ea}\u{4e9b}",         // which
    "\u{54ea}\u{91cc}",         // where
    "\u{54ea}\u{4e2a}",         // which
    "\u{591a}\u{5c11}",         // how many
    "\u{591a}\u{4e45}",         // how long
    "\u{662f}\u{5426}",         // whether
    "\u{53ef}\u{4ee5}",         // may
    "\u{6211}\u{4eec}",         // we
    "\u{4ed6}\u{4eec}",         // they
    "\u{8bf7}\u{95ee}",         // excuse me
    "\u{8fd9}\u{4e2a}",         // this
    "\u{90a3}\u{4e2a}",         // that
    "\u{7684}",
    "\u{4e86}",
    "\u{5417}",
    "\u{5462}",
    "\u{662f}",
    "\u{6211}",
    "\u{4f60}",
    "\u{5b83}",
    "\u{5728}",
    "\u{548c}",
    "\u{4e0e}",
    "\u{628a}",
    "\u{88ab}",
    "\u{5427}",
    "\u{8c01}",
    "\u{51e0}",
    "\u{3067}\u{3059}\u{304b}", // is it?
    "\u{3067}\u{3059}",
    "\u{307e}\u{3059}",
    "\u{306e}",
    "\u{306f}",
    "\u{3092}",
    "\u{304c}",
    "\u{306b}",
];

/// Whether a word in small letters says nothing about the subject.
pub(super) fn is_stop_word(word: &str) -> bool {
    WORDS.split_ascii_whitespace().any(|stop| stop == word)
}

/// What is left of a run of characters between the pieces that say nothing.
pub(super) fn without_stop_pieces(run: &str) -> Vec<String> {
    let mut rest = run;
    let mut pieces = Vec::new();
    let mut piece = String::new();
    while let Some(c) = rest.chars().next() {
        if let Some(stop) = PIECES.iter().find(|stop| rest.starts_with(**stop)) {
            if !piece.is_empty() {
                pieces.push(std::mem::take(&mut piece));
            }
            rest = &rest[stop.len()..];
        } else {
            piece.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_ask_are_told_from_words_that_name() {
        assert!(is_stop_word("how") && is_stop_word("a") && is_stop_word("your"));
        assert!(!is_stop_word("keys") && !is_stop_word(""));
    }

    #[test]
    fn what_is_between_the_pieces_stays() {
        let run = "\u{5982}\u{4f55}\u{8f6e}\u{6362}\u{4f60}\u{7684}\u{5bc6}\u{94a5}";
        assert_eq!(
            without_stop_pieces(run),
            ["\u{8f6e}\u{6362}", "\u{5bc6}\u{94a5}"]
        );
    }
}
