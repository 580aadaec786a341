//! Building a sealed keyword index: the only place that uses tantivy's writer.

use tantivy::Index;
use tantivy::indexer::SingleSegmentIndexWriter;
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{IndexSettings, TantivyDocument};

use super::analyzer::{Analyzer, Analyzers};
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

/// Builds the sealed keyword index of rows that are added in order.
///
/// ```
/// use lumos_index::{Analyzers, SealedText, TextBuilder};
///
/// let mut builder = TextBuilder::new(&Analyzers::default(), &["text".to_string()])?;
/// builder.add([("text", "Rust is fast")])?;
/// builder.add([])?;
/// let index = SealedText::open(ownedbytes::OwnedBytes::new(builder.finish()?))?;
/// assert_eq!(index.rows(), 2);
/// # Ok::<(), lumos_index::TextError>(())
/// ```
pub struct TextBuilder {
    /// That of each field.
    analyzers: Vec<Analyzer>,
    bundle: Bundle,
    writer: SingleSegmentIndexWriter,
    handles: Vec<Field>,
    totals: Vec<FieldTotals>,
    rows: u32,
}

impl std::fmt::Debug for TextBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextBuilder")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

fn write(error: tantivy::TantivyError) -> TextError {
    TextError::Write(error.to_string())
}

impl TextBuilder {
    /// An index of these fields, without rows.
    ///
    /// # Errors
    /// [`TextError::Write`].
    pub fn new(analyzers: &Analyzers, fields: &[String]) -> Result<Self, TextError> {
        let (schema, handles) = schema(fields);
        let bundle = Bundle::default();
        let writer = Index::builder()
            .schema(schema)
            .settings(IndexSettings::default())
            .single_segment_index_writer::<TantivyDocument>(bundle.clone(), BUDGET)
            .map_err(write)?;
        let total = |name: &String| FieldTotals {
            name: name.clone(),
            tokens: 0,
            rows: 0,
            analyzer: analyzers.of(name).to_string(),
        };
        Ok(TextBuilder {
            analyzers: fields
                .iter()
                .map(|name| analyzers.of(name).clone())
                .collect(),
            bundle,
            writer,
            handles,
            totals: fields.iter().map(total).collect(),
            rows: 0,
        })
    }

    /// Adds the next row, given as pairs of field and text; a row without text is one too.
    ///
    /// # Errors
    /// [`TextError::Write`].
    pub fn add<'t>(
        &mut self,
        texts: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Result<(), TextError> {
        let mut document = TantivyDocument::new();
        for (field, text) in texts {
            let place = self.totals.iter().position(|total| total.name == field);
            let Some(place) = place else { continue };
            let total = self.totals.get_mut(place);
            let how = self.handles.get(place).zip(self.analyzers.get(place));
            let Some((total, (handle, analyzer))) = total.zip(how) else {
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
            if tokens.is_empty() {
                continue;
            }
            total.tokens += tokens.len() as u64;
            total.rows += 1;
            let text = PreTokenizedString {
                text: String::new(),
                tokens,
            };
            document.add_pre_tokenized_text(*handle, text);
        }
        self.writer.add_document(document).map_err(write)?;
        self.rows += 1;
        Ok(())
    }

    /// The bytes of the index.
    ///
    /// # Errors
    /// [`TextError::Write`].
    pub fn finish(self) -> Result<Vec<u8>, TextError> {
        self.writer.finalize().map_err(write)?;
        Ok(self.bundle.encode(self.rows, &self.totals))
    }
}
