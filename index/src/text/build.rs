//! Building a sealed keyword index: the only place that uses tantivy's writer.

use tantivy::Index;
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{IndexSettings, TantivyDocument};

use super::analyzer::Analyzer;
use super::bundle::{Bundle, FieldTotals};
use super::error::TextError;

/// Memory of the writer before it spills, in bytes. One segment never spills.
const BUDGET: usize = 64 << 20;

/// The fields of a keyword index: analysed here, with positions and lengths, nothing stored.
pub(crate) fn schema(fields: &[String]) -> (Schema, Vec<Field>) {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_fieldnorms(true)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let options = TextOptions::default().set_indexing_options(indexing);
    let mut builder = Schema::builder();
    // Names are numbers: those of users may be anything.
    let fields = (0..fields.len())
        .map(|number| builder.add_text_field(&format!("f{number}"), options.clone()))
        .collect();
    (builder.build(), fields)
}

/// Builds the index of rows that are given in order; every row is one, also without text.
pub(crate) fn build<'a>(
    analyzer: Analyzer,
    fields: &[String],
    rows: impl Iterator<Item = Vec<(&'a str, &'a str)>>,
) -> Result<Vec<u8>, TextError> {
    let write = |error: tantivy::TantivyError| TextError::Write(error.to_string());
    let (schema, handles) = schema(fields);
    let bundle = Bundle::default();
    let mut writer = Index::builder()
        .schema(schema)
        .settings(IndexSettings::default())
        .single_segment_index_writer::<TantivyDocument>(bundle.clone(), BUDGET)
        .map_err(write)?;
    let mut totals: Vec<FieldTotals> = fields
        .iter()
        .map(|name| FieldTotals {
            name: name.clone(),
            tokens: 0,
            rows: 0,
        })
        .collect();
    let mut count = 0u32;
    for texts in rows {
        let mut document = TantivyDocument::new();
        for (total, handle) in totals.iter_mut().zip(&handles) {
            let Some((_, text)) = texts.iter().find(|(name, _)| *name == total.name) else {
                continue;
            };
            let mut tokens = Vec::new();
            analyzer.each_token(text, &mut |term, _, position| {
                tokens.push(Token {
                    offset_from: 0,
                    offset_to: 0,
                    position: position as usize,
                    text: term.to_string(),
                    position_length: 1,
                });
            });
            total.tokens += tokens.len() as u64;
            total.rows += u32::from(!tokens.is_empty());
            if !tokens.is_empty() {
                let text = PreTokenizedString {
                    text: String::new(),
                    tokens,
                };
                document.add_pre_tokenized_text(*handle, text);
            }
        }
        writer.add_document(document).map_err(write)?;
        count += 1;
    }
    writer.finalize().map_err(write)?;
    Ok(bundle.encode(count, &totals))
}
