//! Documents in tantivy by itself: one segment in memory, stemmed, with positions, and with a number of each.

use tantivy::columnar::Column;
use tantivy::query::{BooleanQuery, ConstScoreQuery, Occur, Query, RangeQuery};
use tantivy::schema::{
    FAST, Field, IndexRecordOption, SchemaBuilder, TextFieldIndexing, TextOptions,
};
use tantivy::{Index, Searcher, TantivyDocument, Term};

pub(crate) struct Postings {
    pub(crate) searcher: Searcher,
    pub(crate) text: Field,
    number: Field,
    pub(crate) numbers: Column<u64>,
}

impl Postings {
    pub(crate) fn new(documents: &[String]) -> Postings {
        let mut schema = SchemaBuilder::new();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("en_stem")
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let options = TextOptions::default().set_indexing_options(indexing);
        let text = schema.add_text_field("text", options);
        let number = schema.add_u64_field("number", FAST);
        let index = Index::create_in_ram(schema.build());
        let mut writer = index
            .writer_with_num_threads::<TantivyDocument>(1, 1 << 30)
            .unwrap();
        for (at, document) in (0u64..).zip(documents) {
            let mut entry = TantivyDocument::new();
            entry.add_text(text, document);
            entry.add_u64(number, at);
            writer.add_document(entry).unwrap();
        }
        writer.commit().unwrap();
        let ids = index.searchable_segment_ids().unwrap();
        if ids.len() > 1 {
            writer.merge(&ids).wait().unwrap();
        }
        writer.wait_merging_threads().unwrap();
        let searcher = index.reader().unwrap().searcher();
        assert_eq!(searcher.segment_readers().len(), 1);
        let numbers = searcher.segment_readers()[0].fast_fields().u64("number");
        Postings {
            numbers: numbers.unwrap(),
            searcher,
            text,
            number,
        }
    }

    pub(crate) fn term(&self, word: &str) -> Term {
        Term::from_field_text(self.text, word)
    }

    /// The same query among documents whose number is below this.
    pub(crate) fn below(&self, query: Box<dyn Query>, below: u64) -> Box<dyn Query> {
        let below = Term::from_field_u64(self.number, below);
        let range = RangeQuery::new(std::ops::Bound::Unbounded, std::ops::Bound::Excluded(below));
        // Only the words count for the score.
        let filter = ConstScoreQuery::new(Box::new(range), 0.0);
        Box::new(BooleanQuery::new(vec![
            (Occur::Must, query),
            (Occur::Must, Box::new(filter)),
        ]))
    }
}
