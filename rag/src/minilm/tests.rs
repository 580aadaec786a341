#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;
use std::sync::LazyLock;

use lumos_engine::{EmbedKind, Embedder};

use super::*;
use crate::{ChunkOptions, WalkOptions, chunk, load, walk};

static MINILM: LazyLock<MiniLm> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../models")
        .join(NAME);
    MiniLm::load(&folder).unwrap()
});

fn embed(texts: &[&str]) -> Vec<Vec<f32>> {
    MINILM.embed(texts, EmbedKind::Document).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn a_paraphrase_is_near_and_another_subject_is_far() {
    let vectors = embed(&[
        "The cat sits on the mat.",
        "A cat is resting on a rug.",
        "Quarterly revenue grew by twelve percent.",
    ]);
    assert!(cosine(&vectors[0], &vectors[1]) > 0.5);
    assert!(cosine(&vectors[0], &vectors[2]) < 0.15);
}

/// The reference is onnxruntime 1.32 on the same files, by `benches/embed_onnxruntime.py`.
#[test]
fn vectors_are_those_of_the_reference() {
    let vectors = embed(&[
        "The cat sits on the mat.",
        "A cat is resting on a rug.",
        "How do I reset my password?",
    ]);
    let near = |got: f32, expected: f32| assert!((got - expected).abs() < 1e-3, "{got} {expected}");
    near(cosine(&vectors[0], &vectors[1]), 0.72095);
    near(cosine(&vectors[0], &vectors[2]), 0.05222);
    near(cosine(&vectors[1], &vectors[2]), -0.01405);
    for (i, expected) in [
        (0, 0.005373),
        (1, -0.061111),
        (2, -0.071281),
        (383, -0.076925),
    ] {
        near(vectors[2][i], expected);
    }
}

/// A query is embedded alone, the same passage in a batch: they must meet exactly.
#[test]
fn a_vector_does_not_depend_on_the_batch() {
    let long = "The engine writes every change to a log before it answers. ".repeat(12);
    let mut texts = vec![
        "short",
        long.as_str(),
        "a text of middle length, for padding",
        "",
    ];
    let numbered: Vec<String> = (0..40).map(|i| "word ".repeat(i + 1)).collect();
    texts.extend(numbered.iter().map(String::as_str));
    let together = embed(&texts);
    for (text, vector) in texts.iter().zip(&together) {
        let alone = embed(&[text]).remove(0);
        let apart = alone
            .iter()
            .zip(vector)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(apart < 1e-4, "{apart} for {text:?}");
    }
    assert_eq!(together, embed(&texts), "the same call gives the same bits");
}

#[test]
fn odd_texts_have_finite_vectors_of_unit_length() {
    let huge = "lorem ipsum ".repeat(9000);
    let unbroken = "x".repeat(100_000);
    let texts = [
        "",
        " \n\t",
        "\u{1F600}\u{1F680}",
        "\0\u{FFFD}",
        &huge,
        &unbroken,
        "\u{5411}",
    ];
    for (text, vector) in texts.iter().zip(embed(&texts)) {
        assert_eq!(vector.len(), DIMENSION);
        let norm = cosine(&vector, &vector);
        assert!(
            (norm - 1.0).abs() < 1e-4,
            "{norm} for {:?}",
            text.chars().next()
        );
    }
    assert!(embed(&[]).is_empty());
}

#[test]
fn what_is_past_the_limit_of_tokens_is_ignored() {
    let head = "alpha beta gamma delta ".repeat(80);
    let vectors = embed(&[&head, &format!("{head} and something else altogether")]);
    assert_eq!(vectors[0], vectors[1]);
}

#[test]
fn files_that_are_not_the_model_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = MiniLm::load(folder.path()).unwrap_err().to_string();
    assert!(missing.contains("model.onnx"), "{missing}");
    assert!(MiniLm::from_bytes(b"not a model", b"{}").is_err());
}

#[test]
fn batches_are_bounded_and_complete() {
    let tokens = |length: usize| {
        tokens::encode(&MINILM.tokenizer, &"a ".repeat(length.saturating_sub(2))).unwrap()
    };
    let sorted: Vec<Tokens> = [
        256, 256, 255, 200, 200, 90, 9, 8, 7, 6, 5, 4, 3, 2, 2, 2, 2, 2,
    ]
    .into_iter()
    .map(tokens)
    .collect();
    let batches = batches(&sorted);
    assert_eq!(
        batches.iter().map(|batch| batch.len()).sum::<usize>(),
        sorted.len()
    );
    for batch in batches {
        assert!(!batch.is_empty() && batch.len() <= BATCH_TEXTS);
        assert!(batch.len() * batch[0].len() <= BATCH_TOKENS);
    }
}

/// What is past the limit of the model is not found by meaning: chunks must not get there.
#[test]
fn chunks_of_english_and_of_code_fit_the_model() {
    let mut tokenizer = MINILM.tokenizer.clone();
    tokenizer.with_truncation(None).unwrap();
    let (mut chunks, mut pieces) = (0, 0);
    for path in walk(
        &PathBuf::from(env!("CARGO_MANIFEST_DIR")),
        &WalkOptions::default(),
    ) {
        let path = path.unwrap();
        let document = load(&path, &std::fs::read(&path).unwrap()).unwrap();
        for chunk in chunk(&document, &ChunkOptions::default()) {
            let count = tokenizer
                .encode_fast(chunk.text.as_str(), true)
                .unwrap()
                .len();
            assert!(
                count <= MAX_TOKENS,
                "{count} in {}: {}",
                path.display(),
                chunk.text
            );
            chunks += 1;
            pieces += count;
        }
    }
    assert!(chunks > 20 && pieces / chunks > 60, "{pieces} in {chunks}");
}
