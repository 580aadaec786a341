//! Questions: answers cite what stands in the files, and say so when nothing does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod double;

use std::error::Error;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use double::{Hashing, write};
use lumos_engine::{Fusion, Lumos};
use lumos_rag::{Answer, Generator, Prompt, Rag};
use tempfile::TempDir;

const KEYS: &str = "# Keys\n\nThis chapter is about keys.\n\n## Rotation\n\nRotate keys every ninety days\n\
with the rotate command. Old keys stay valid for a week.\n\n## Loss\n\nWhoever loses a key tells the\n\
security team at once.\n";
const LOGS: &str = "# The log\n\nEvery commit is written to the log first.\nAfter a crash the torn tail of the \
log is cut off.\n";
const HTML: &str = "<html><head><title>Backups</title></head><body>\n<!-- one\ntwo -->\n<p>A backup is a copy\n\
of a snapshot.</p>\n<p>Backups are kept for thirteen months.</p></body></html>\n";

/// An indexed folder; with or without an embedder.
fn indexed(embedded: bool) -> (Rag, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("keys.md"), KEYS);
    write(&folder.path().join("log.md"), LOGS);
    write(&folder.path().join("backups.html"), HTML);
    // "A key must be rotated every ninety days. Snow is white."
    let chinese = "# \u{5b89}\u{5168}\n\n\u{5bc6}\u{94a5}\u{5fc5}\u{987b}\u{6bcf}\u{4e5d}\u{5341}\u{5929}\u{8f6e}\u{6362}\u{4e00}\u{6b21}\u{3002}\u{96ea}\u{662f}\u{767d}\u{8272}\u{7684}\u{3002}\n";
    write(&folder.path().join("zh.md"), chinese);
    let db = Lumos::memory().unwrap();
    let rag = Rag::new(&db);
    let rag = if embedded {
        rag.embedder(Arc::new(Hashing::new("h")))
    } else {
        rag.keywords_only()
    };
    let rag = rag.open().unwrap();
    assert_eq!(rag.add(folder.path()).run().unwrap().added, 4);
    (rag, folder)
}

async fn ask(rag: &Rag, question: &str) -> Answer {
    rag.ask(question).await.unwrap()
}

/// Every quote stands in its file, at the lines that are cited.
fn assert_quotes_stand_there(answer: &Answer) {
    for (number, citation) in (1..).zip(&answer.citations) {
        assert_eq!(citation.number, number);
        assert!(answer.text.contains(&format!("[{number}]")));
        let text = fs::read_to_string(&citation.source).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let (first, last) = citation.lines;
        let cited = lines[first - 1..last].join("\n");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words(&cited).contains(&words(&citation.quote)),
            "{citation:?} in {cited:?}"
        );
        for line in [lines[first - 1], lines[last - 1]] {
            let some = citation
                .quote
                .split_whitespace()
                .any(|word| line.contains(word));
            assert!(some, "no line too many: {citation:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_quotes_its_source_to_the_line() {
    for embedded in [false, true] {
        let (rag, _folder) = indexed(embedded);
        for (question, file, lines, words) in [
            (
                "How often should I rotate keys?",
                "keys.md",
                (7, 8),
                "every ninety days",
            ),
            (
                "What must somebody do who loses a key?",
                "keys.md",
                (12, 13),
                "security team",
            ),
            (
                "What happens to the torn tail after a crash?",
                "log.md",
                (4, 4),
                "cut off",
            ),
            (
                "For how many months are backups kept?",
                "backups.html",
                (6, 6),
                "thirteen months",
            ),
        ] {
            let answer = ask(&rag, question).await;
            assert!(answer.found, "{question}");
            let first = &answer.citations[0];
            assert!(first.source.ends_with(file), "{question}: {answer:?}");
            assert_eq!(first.lines, lines, "{question}: {answer:?}");
            assert!(first.quote.contains(words), "{question}: {answer:?}");
            assert_eq!(answer.model, None);
            assert_quotes_stand_there(&answer);
        }
    }
}

#[tokio::test]
async fn a_question_off_the_topic_is_not_answered() {
    for embedded in [false, true] {
        let (rag, _folder) = indexed(embedded);
        for question in [
            "Who won the chess championship in 1972?",
            "How do I bake sourdough bread?",
            "What is the capital of Australia?",
            "\u{5982}\u{4f55}\u{70e4}\u{9762}\u{5305}\u{ff1f}", // How to bake bread?
        ] {
            let answer = ask(&rag, question).await;
            assert!(!answer.found, "{question}: {answer:?}");
            assert_eq!(answer.text, "not found in these documents");
            assert!(answer.citations.is_empty());
        }
    }
}

#[tokio::test]
async fn a_chinese_question_is_answered_from_chinese_text() {
    for embedded in [false, true] {
        let (rag, _folder) = indexed(embedded);
        // "How often are keys rotated?"
        let answer = ask(
            &rag,
            "\u{5bc6}\u{94a5}\u{591a}\u{4e45}\u{8f6e}\u{6362}\u{4e00}\u{6b21}\u{ff1f}",
        )
        .await;
        assert!(answer.found);
        let first = &answer.citations[0];
        assert!(first.source.ends_with("zh.md"));
        assert_eq!(first.lines, (3, 3));
        assert!(
            first
                .quote
                .ends_with("\u{8f6e}\u{6362}\u{4e00}\u{6b21}\u{3002}"),
            "{answer:?}"
        );
        assert_quotes_stand_there(&answer);
    }
}

#[tokio::test]
async fn a_filter_restricts_what_is_cited() {
    let (rag, _folder) = indexed(false);
    let answer = rag
        .ask("How often should I rotate keys?")
        .filter("kind = 'html'")
        .await
        .unwrap();
    assert!(!answer.found);
    let error = rag.ask("keys").filter("kind = ").await.unwrap_err();
    assert_eq!(error.code(), "E2104");
}

#[tokio::test]
async fn an_empty_question_and_a_missing_collection_are_errors() {
    let (rag, _folder) = indexed(false);
    for question in ["", "  ", "?!"] {
        assert_eq!(rag.ask(question).await.unwrap_err().code(), "E3105");
    }
    let rag = Rag::new(&Lumos::memory().unwrap())
        .keywords_only()
        .await
        .unwrap();
    assert_eq!(rag.ask("keys").await.unwrap_err().code(), "E2002");
}

#[test]
fn search_is_by_both_legs_where_the_model_speaks_the_language_else_by_keyword() {
    let (rag, _folder) = indexed(true);
    let hits = rag.search("rotate keys", 2).run().unwrap();
    assert_eq!(hits.len(), 2);
    assert!(hits[0].vector_rank.is_some());
    assert_eq!(hits[0].text_rank.map(|leg| leg.rank), Some(1));
    let hits = rag
        .search("rotate keys", 2)
        .fusion(Fusion::Rrf { k: 60 })
        .run()
        .unwrap();
    assert!(hits[0].key().contains("keys.md"));
    let hits = rag.search("\u{5bc6}\u{94a5}", 5).run().unwrap();
    assert_eq!(hits.len(), 1);
    assert!(hits[0].vector_rank.is_none());
}

/// A model that says what it is told to.
#[derive(Debug, Default)]
struct Scripted {
    reply: String,
    asked: AtomicUsize,
    prompt: Mutex<Option<Prompt>>,
}

impl Scripted {
    fn new(reply: &str) -> Arc<Self> {
        Arc::new(Scripted {
            reply: reply.to_string(),
            ..Scripted::default()
        })
    }
}

#[async_trait]
impl Generator for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    async fn generate(&self, prompt: &Prompt) -> Result<String, Box<dyn Error + Send + Sync>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        *self.prompt.lock().unwrap() = Some(prompt.clone());
        if self.reply.is_empty() {
            Err("out of words".into())
        } else {
            Ok(self.reply.clone())
        }
    }
}

#[tokio::test]
async fn a_model_answers_from_numbered_passages_and_its_quotes_are_checked() {
    let (rag, _folder) = indexed(false);
    let model = Scripted::new(
        "Rotate them every ninety days [1].\nQUOTES\n[1] \"Rotate keys every ninety days with the rotate command.\"",
    );
    let answer = rag
        .ask("How often should I rotate keys?")
        .generator(Arc::clone(&model) as _)
        .await
        .unwrap();
    assert_eq!(answer.text, "Rotate them every ninety days [1].");
    assert_eq!(answer.citations[0].lines, (7, 8));
    assert_eq!(
        answer.citations[0].quote,
        "Rotate keys every ninety days\nwith the rotate command."
    );
    assert_eq!(
        (answer.model.as_deref(), answer.refused),
        (Some("scripted"), 0)
    );
    assert_quotes_stand_there(&answer);
    let prompt = model.prompt.lock().unwrap().clone().unwrap();
    assert!(prompt.user.contains("passage [1], "));
    assert!(
        prompt
            .user
            .ends_with("Question: How often should I rotate keys?")
    );
    assert!(!prompt.system.contains("ninety"));
}

#[tokio::test]
async fn a_model_that_invents_a_quote_is_caught() {
    let (rag, _folder) = indexed(false);
    let model = Scripted::new(
        "The manual says \"rotate keys at every full moon\" [1].\nQUOTES\n[1] \"rotate keys at every full moon\"",
    );
    let answer = rag
        .ask("How often should I rotate keys?")
        .generator(model as _)
        .await
        .unwrap();
    assert!(!answer.found);
    assert!(!answer.to_string().contains("moon"));
    assert_eq!(answer.refused, 2);
}

#[tokio::test]
async fn a_model_is_not_asked_where_the_documents_are_silent() {
    let (rag, _folder) = indexed(false);
    let model = Scripted::new("Canberra [1].");
    let question = "What is the capital of Australia?";
    let answer = rag
        .ask(question)
        .generator(Arc::clone(&model) as _)
        .await
        .unwrap();
    assert!(!answer.found);
    assert_eq!(model.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_model_that_fails_is_an_error_that_names_it() {
    let (rag, _folder) = indexed(false);
    let error = rag
        .ask("rotate keys")
        .generator(Scripted::new("") as _)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "E3104");
    assert_eq!(
        error.to_string(),
        "\"scripted\" failed to answer: out of words"
    );
}
