#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::pieces::Run;
use super::stem::LANGUAGES;
use super::*;

/// Terms and positions, as `term@position`.
fn golden(description: &str, text: &str) -> String {
    let analyzer = Analyzer::named(description).unwrap_or_else(|error| {
        panic!("{error}\n{}", error.caret(description));
    });
    let tokens = analyzer.tokens(text);
    let shown = tokens
        .iter()
        .map(|token| format!("{}@{}", token.term, token.position));
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn each_kind_cuts_in_its_way() {
    let text = "The dog's 3.14 runs: getUserName";
    let cases = [
        ("default", "the@0 dog@1 3@2 14@3 run@4 getusernam@5"),
        ("english", "the@0 dog@1 3.14@2 run@3 getusernam@4"),
        (
            "code",
            "the@0 dog@1 s@2 3@3 14@4 runs@5 getusername@6 get@6 user@7 name@8",
        ),
        ("keyword", "the dog's 3.14 runs: getusername@0"),
        ("keyword(exact)", "The dog's 3.14 runs: getUserName@0"),
        ("whitespace", "the@0 dog's@1 3.14@2 runs:@3 getusername@4"),
        (
            "whitespace(exact)",
            "The@0 dog's@1 3.14@2 runs:@3 getUserName@4",
        ),
        (
            "default stem(none)",
            "the@0 dog@1 3@2 14@3 runs@4 getusername@5",
        ),
        ("default stop(en)", "dog@1 3@2 14@3 run@4 getusernam@5"),
        (
            "whitespace stem(en)",
            "the@0 dog@1 3.14@2 runs:@3 getusernam@4",
        ),
    ];
    for (description, expected) in cases {
        assert_eq!(golden(description, text), expected, "{description}");
    }
    assert_eq!(golden("ngram(2,3)", "Abc d"), "ab@0 abc@0 bc@1 c@2 d@3");
    assert_eq!(golden("ngram", "Abc"), golden("ngram(2,3)", "Abc"));
    assert_eq!(golden("ngram(1,1)", "a\u{df}"), "a@0 s@1 s@2");
    assert_eq!(
        golden("ngram(2,2)", "\u{6570}\u{636e}\u{5e93}"),
        "\u{6570}\u{636e}@0 \u{636e}\u{5e93}@1 \u{5e93}@2"
    );
}

#[test]
fn english_words_keep_what_belongs_to_them() {
    assert_eq!(
        golden("english", "Don\u{2019}t! it's 'quoted'"),
        "don't@0 it@1 quot@2"
    );
    assert_eq!(
        golden("english", "1,000,000 or 1,2,3"),
        "1000000@0 or@1 1@2 2@3 3@4"
    );
    assert_eq!(golden("english", "v1.2.3. end"), "v1.2.3@0 end@1");
    assert_eq!(golden("english", "e.g. a-b"), "e@0 g@1 a@2 b@3");
}

#[test]
fn identifiers_have_parts() {
    let cases = [
        ("get_user_name", "getusername@0 get@0 user@1 name@2"),
        ("get-user-name", "getusername@0 get@0 user@1 name@2"),
        ("HTTPServer", "httpserver@0 http@0 server@1"),
        (
            "XMLHttpRequest2",
            "xmlhttprequest2@0 xml@0 http@1 request@2 2@3",
        ),
        ("parseURLs", "parseurls@0 parse@0 urls@1"),
        ("URLscheme", "urlscheme@0 ur@0 lscheme@1"),
        ("utf8", "utf8@0 utf@0 8@1"),
        ("__init__", "init@0"),
        ("a--b - c", "a@0 b@1 c@2"),
        ("MAX_BYTES", "maxbytes@0 max@0 bytes@1"),
        ("x::y.z", "x@0 y@1 z@2"),
        ("cafe\u{301}Bar", "cafebar@0 cafe@0 bar@1"),
        ("_", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(golden("code", text), expected, "{text}");
    }
}

#[test]
fn long_values() {
    // A keyword is cut, a word is no word, and a long identifier has its parts.
    let long = "ab ".repeat(60);
    assert_eq!(golden("keyword", &long), format!("{}@0", &long[..128]));
    let wide = "\u{6570}".repeat(60);
    assert_eq!(
        golden("keyword", &wide),
        format!("{}@0", "\u{6570}".repeat(42))
    );
    assert_eq!(golden("whitespace", &"x".repeat(129)), "");
    let identifier = format!("{}_b", "a".repeat(128));
    assert_eq!(
        golden("code", &identifier),
        format!("{}@0 b@1", "a".repeat(128))
    );
}

#[test]
fn other_languages_are_stemmed_before_they_are_folded() {
    assert_eq!(
        golden("default stem(german)", "H\u{e4}user Haus"),
        "haus@0 haus@1"
    );
    assert_eq!(golden("default stem(de)", "Laufende"), "laufend@0");
    assert_eq!(
        golden(
            "default stem(russian)",
            "\u{43a}\u{43d}\u{438}\u{433}\u{438}"
        ),
        "\u{43a}\u{43d}\u{438}\u{433}@0"
    );
    assert_eq!(golden("default stem(french)", "\u{e9}t\u{e9}s"), "ete@0");
}

/// Names are guessed from this list, and described in its order.
#[test]
fn languages_are_sorted_and_have_codes_of_their_own() {
    assert!(LANGUAGES.is_sorted_by_key(|language| language.name));
    let names: BTreeSet<String> = LANGUAGES
        .iter()
        .map(|language| {
            let code = format!("default stem({})", language.code);
            Analyzer::named(&code).unwrap().to_string()
        })
        .collect();
    assert_eq!(names.len(), LANGUAGES.len());
}

#[test]
fn stop_words_leave_their_places() {
    assert_eq!(
        golden("english stop(en)", "state of the art"),
        "state@0 art@3"
    );
    assert_eq!(
        golden("default stop(\"Caf\u{e9}\",\"x\")", "cafe X y"),
        "y@2"
    );
    // A pair that is a stop word, and a character that is one at the end of a run.
    assert_eq!(
        golden("default stop(zh)", "\u{6211}\u{4eec}\u{6570}\u{7684}"),
        "\u{4eec}\u{6570}@1 \u{6570}\u{7684}@2"
    );
    assert_eq!(
        golden("code stop(\"get\")", "getName get"),
        "getname@0 name@1"
    );
    let code = Analyzer::named("code stop(\"get\")").unwrap();
    let parts = Run {
        terms: vec![(1, "name".to_string())],
        start: None,
        positions: 2,
    };
    let whole = Some("getname".to_string());
    let expected = vec![
        Piece::Compound { whole, parts },
        Piece::Gap("get".to_string()),
    ];
    assert_eq!(code.pieces("getName get"), expected);
}

#[test]
fn short_runs_stand_for_all_grams_that_begin_so() {
    let grams = Analyzer::named("ngram(2,3)").unwrap();
    let run = |terms: &[(u32, &str)], start: Option<&str>, positions| {
        Piece::Run(Run {
            terms: terms
                .iter()
                .map(|(at, term)| (*at, term.to_string()))
                .collect(),
            start: start.map(str::to_string),
            positions,
        })
    };
    assert_eq!(grams.pieces("A"), [run(&[], Some("a"), 1)]);
    assert_eq!(grams.pieces("ab"), [run(&[(0, "ab")], None, 2)]);
    assert_eq!(
        grams.pieces("abcd"),
        [run(&[(0, "abc"), (1, "bcd")], None, 4)]
    );
}

#[test]
fn descriptions_are_printed_in_their_shortest_form() {
    let cases = [
        (" default ", "default"),
        ("default stem(english)", "default"),
        ("default stem(none) stem(en)", "default"),
        (
            "english stem(de) stop(\"of\", en, \"OF\")",
            "english stem(german) stop(en,\"of\")",
        ),
        ("keyword()", "keyword"),
        ("ngram", "ngram(2,3)"),
        ("ngram ( 1 , 4 )", "ngram(1,4)"),
        (
            "whitespace stop(\"a\\\"b\\\\\")",
            "whitespace stop(\"a\\\"b\\\\\")",
        ),
        ("code stop(english)", "code stop(en)"),
    ];
    for (written, printed) in cases {
        let printed = match written {
            // Nothing between parentheses is nothing to take.
            "keyword()" => {
                assert!(Analyzer::named(written).is_err());
                continue;
            }
            _ => printed,
        };
        let analyzer = Analyzer::named(written).unwrap();
        assert_eq!(analyzer.to_string(), printed, "{written}");
        assert_eq!(Analyzer::named(printed).unwrap(), analyzer);
    }
    assert!(Analyzer::named("default stem(en)").unwrap().is_default());
    assert!(!Analyzer::named("default stop(en)").unwrap().is_default());
}

#[test]
fn errors_name_the_place() {
    let cases: [(&str, &str, &str, Option<&str>); 16] = [
        ("", "an analyzer was expected here", "", None),
        (
            "cod",
            "there is no analyzer \"cod\"",
            "cod",
            Some("did you mean \"code\"?"),
        ),
        (
            "standard",
            "there is no analyzer \"standard\"",
            "standard",
            Some("there is: code, default, english, keyword, ngram, whitespace"),
        ),
        ("code(1)", "code takes nothing in parentheses", "code", None),
        (
            "keyword(x)",
            "keyword takes only \"exact\"",
            "keyword",
            None,
        ),
        (
            "ngram(3)",
            "ngram takes two lengths, as in ngram(2,3)",
            "ngram",
            None,
        ),
        (
            "ngram(0,2)",
            "the length of a gram is 1 to 16 characters",
            "0",
            None,
        ),
        (
            "ngram(3,2)",
            "the second length must not be below the first",
            "2",
            None,
        ),
        (
            "ngram(1,5)",
            "there can be 4 lengths of grams at most",
            "1,5",
            None,
        ),
        (
            "code stem(german)",
            "code does not stem",
            "stem",
            Some("default, english and whitespace do"),
        ),
        (
            "english stem(germann)",
            "there is no stemmer for \"germann\"",
            "germann",
            Some("did you mean \"german\"?"),
        ),
        (
            "keyword stop(en)",
            "keyword has no stop words",
            "stop",
            None,
        ),
        (
            "english stop(fr)",
            "there is no list of stop words \"fr\"",
            "fr",
            Some("there is: en, zh; words stand in quotes, as in stop(\"fr\")"),
        ),
        ("english stop(\"a", "the quote is not closed", "\"a", None),
        (
            "english stop(en",
            "\",\" or \")\" was expected here",
            "",
            None,
        ),
        ("english; drop", "';' does not belong here", ";", None),
    ];
    for (written, message, place, hint) in cases {
        let error = Analyzer::named(written).unwrap_err();
        assert_eq!(error.message(), message, "{written}");
        assert_eq!(written.get(error.span()), Some(place), "{written}");
        assert_eq!(error.hint().as_deref(), hint, "{written}");
    }
    let long = format!("english stop({})", vec!["\"a\""; 5000].join(","));
    assert!(
        Analyzer::named(&long)
            .unwrap_err()
            .message()
            .contains("bytes")
    );
    let words: Vec<String> = (0..513).map(|n| format!("\"{n}\"")).collect();
    let many = format!("english stop({})", words.join(","));
    assert!(
        Analyzer::named(&many)
            .unwrap_err()
            .message()
            .contains("512")
    );
}

/// A stop word that folds to nothing, or to more than it was, was taken, and what was stored was not when the
/// database was opened again.
#[test]
fn stop_words_are_measured_as_they_are_kept() {
    let grows = "\u{23a}".repeat(64);
    for word in ["\u{301}", " \u{301}", &grows] {
        let written = format!("default stop(\"of\",\"{word}\")");
        let error = Analyzer::named(&written).unwrap_err();
        assert!(error.message().contains("folded"), "{error}");
        assert_eq!(written.get(error.span()), Some(&*format!("\"{word}\"")));
    }
    let fits = "\u{23a}".repeat(42);
    assert!(Analyzer::named(&format!("default stop(\"{fits}\")")).is_ok());
    // All of them, too: what is kept is no longer than what may be written.
    let word = |n: usize| format!("\"{n}{}\"", "\u{23a}".repeat(40));
    let words: Vec<String> = (100..280).map(word).collect();
    let error = Analyzer::named(&format!("default stop({})", words.join(","))).unwrap_err();
    assert!(error.message().contains("folded"), "{error}");
}

/// Some descriptions of each kind.
const DESCRIPTIONS: [&str; 12] = [
    "default",
    "default stem(german) stop(zh)",
    "english",
    "english stop(en,zh)",
    "code",
    "code stop(\"get\")",
    "keyword",
    "keyword(exact)",
    "whitespace",
    "whitespace(exact) stop(en)",
    "ngram(2,3)",
    "ngram(1,1)",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("LUMOS_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(500)
    ))]

    /// What is stored of an analyzer is read again, and is the same.
    #[test]
    fn descriptions_of_what_was_taken_are_read_again(
        kind in prop::sample::select(vec![
            "default", "english stem(sr)", "code", "whitespace(exact)", "default stem(none) stop(en)",
        ]),
        words in prop::collection::vec(
            "\\PC{1,4}|[\"\\\\ aA\u{301}\u{130}\u{23a}\u{df}\u{1e9e}\u{ff21}\u{3000}]{1,4}|\u{23a}{40,64}", 1..8,
        ),
    ) {
        let quoted = words.iter().map(|word| {
            format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
        });
        let description = format!("{kind} stop({})", quoted.collect::<Vec<_>>().join(","));
        if let Ok(analyzer) = Analyzer::named(&description) {
            let again = Analyzer::named(&analyzer.to_string());
            prop_assert_eq!(again.as_ref(), Ok(&analyzer), "{}", description);
        }
    }

    /// A query that is the text itself asks for terms that the text has, at the same distances.
    #[test]
    fn queries_are_analysed_as_texts_are(
        which in 0..DESCRIPTIONS.len(),
        text in "[ a-cA-C0-9_.,'\u{e9}\u{df}\u{6570}\u{636e}\u{7684}\u{301}getUserthe-]{0,40}",
    ) {
        let analyzer = Analyzer::named(DESCRIPTIONS[which]).unwrap();
        let tokens = analyzer.tokens(&text);
        let mut last = (0, 0);
        for token in &tokens {
            prop_assert!(text.get(token.span.clone()).is_some_and(|from| !from.is_empty()));
            prop_assert!(!token.term.is_empty() && token.term.len() <= MAX_TERM_BYTES);
            let here = (token.position, token.span.start);
            prop_assert!(here.0 >= last.0 && here.1 >= last.1);
            last = here;
        }
        let has = |at: u32, term: &str| {
            tokens.iter().any(|token| token.position == at && token.term == term)
        };
        let mut position = 0;
        for piece in analyzer.pieces(&text) {
            match piece {
                Piece::Word { term, .. } => {
                    prop_assert!(has(position, &term));
                    position += 1;
                }
                Piece::Gap(_) => position += 1,
                Piece::Run(run) => {
                    for (at, term) in &run.terms {
                        prop_assert!(has(position + at, term));
                    }
                    if let Some(start) = &run.start {
                        prop_assert!(tokens.iter().any(|token| token.term.starts_with(start)));
                    }
                    position += run.positions;
                }
                Piece::Compound { whole, parts } => {
                    if let Some(whole) = &whole {
                        prop_assert!(has(position, whole));
                    }
                    for (at, term) in &parts.terms {
                        prop_assert!(has(position + at, term));
                    }
                    position += parts.positions;
                }
            }
        }
    }
}
