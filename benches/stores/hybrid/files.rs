//! What is indexed and asked, and what was measured, for a store that cannot be linked.

use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::Path;

use serde_json::json;

use crate::Figures;
use crate::corpus::Corpus;
use crate::questions::{Kind, Legs};
use crate::store::Store;
use crate::vectors::Vectors;

fn create(folder: &Path, name: &str) -> Result<BufWriter<File>> {
    std::fs::create_dir_all(folder)?;
    Ok(BufWriter::new(File::create(folder.join(name))?))
}

/// One document a line, and a row of `.fvecs` each; the same of questions.
pub(crate) fn write(
    folder: &Path,
    corpus: &Corpus,
    vectors: &Vectors,
    kinds: &[Kind],
) -> Result<()> {
    let mut texts = create(folder, "documents.txt")?;
    for document in &corpus.documents {
        writeln!(texts, "{document}")?;
    }
    texts.flush()?;
    let mut rows = create(folder, "vectors.fvecs")?;
    for vector in vectors.iter() {
        write_row(&mut rows, vector)?;
    }
    rows.flush()?;
    let mut lines = create(folder, "queries.jsonl")?;
    let mut rows = create(folder, "query.fvecs")?;
    for kind in kinds {
        for question in &kind.questions {
            let line = json!({
                "kind": kind.name,
                "legs": legs(kind.legs),
                "hits": kind.hits,
                "below": kind.below,
                "words": question.words,
                "document": question.document,
            });
            writeln!(lines, "{line}")?;
            write_row(&mut rows, &question.vector)?;
        }
    }
    lines.flush()?;
    rows.flush()
}

fn legs(legs: Legs) -> &'static str {
    match legs {
        Legs::Words => "words",
        Legs::Vector => "vector",
        Legs::Both => "both",
    }
}

fn write_row(file: &mut impl Write, vector: &[f32]) -> Result<()> {
    file.write_all(&(vector.len() as u32).to_le_bytes())?;
    for number in vector {
        file.write_all(&number.to_le_bytes())?;
    }
    Ok(())
}

/// A line for each store and kind.
pub(crate) fn write_figures(
    folder: &Path,
    stores: &[Box<dyn Store + '_>; 4],
    measured: &[(&Kind, [Figures; 4])],
) -> Result<()> {
    let mut lines = create(folder, "figures.jsonl")?;
    for (kind, figures) in measured {
        for (store, figures) in stores.iter().zip(figures) {
            let line = json!({
                "store": store.name(),
                "kind": kind.name,
                "rate": figures.rate,
                "recall_10": figures.share.map(|share| share.of_ten),
                "recall_all": figures.share.map(|share| share.of_all),
                "found": figures.found,
            });
            writeln!(lines, "{line}")?;
        }
    }
    lines.flush()
}
