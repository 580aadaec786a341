//! The stores, each behind the same question.

use std::path::Path;

use lumos_engine::{Collection, Doc, Lumos, Schema};
use rusqlite::Connection;
use serde_json::json;
use tantivy::collector::TopDocs;
use tantivy::columnar::Column;
use tantivy::query::{
    BooleanQuery, FuzzyTermQuery, Occur, PhraseQuery, Query, RangeQuery, TermQuery,
};
use tantivy::schema::{
    FAST, Field, IndexRecordOption, SchemaBuilder, TextFieldIndexing, TextOptions,
};
use tantivy::{DocAddress, Index, Searcher, TantivyDocument, Term};

use crate::questions::Question;

pub(crate) const K: usize = 10;

pub(crate) trait Store {
    fn name(&self) -> &'static str;
    /// How many of the best ten there are; the scores of them.
    fn ask(&self, question: &Question) -> Vec<f32>;
}

/// Sealed into one segment.
pub(crate) struct InLumos {
    docs: Collection,
}

impl InLumos {
    pub(crate) fn new(folder: &Path, documents: &[String]) -> InLumos {
        let db = Lumos::open(folder).unwrap();
        let schema = Schema::new().text_field("text");
        let docs = db.collection_with("docs", schema).unwrap();
        let all = (0u64..).zip(documents).map(|(number, text)| {
            Doc::new(number.to_string())
                .text(text.as_str())
                .meta(json!({ "number": number }))
        });
        docs.ingest().run(all).unwrap();
        db.compact().unwrap();
        InLumos { docs }
    }
}

fn marked(words: &[String], mark: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("{mark}{word}")).collect();
    words.join(" ")
}

impl Store for InLumos {
    fn name(&self) -> &'static str {
        "Lumos"
    }

    fn ask(&self, question: &Question) -> Vec<f32> {
        let query = match question {
            Question::Term(word) => word.clone(),
            Question::Any(words) | Question::Filtered(words, _) => words.join(" "),
            Question::All(words) => marked(words, "+"),
            Question::Phrase(words) => format!("\"{}\"", words.join(" ")),
            Question::Fuzzy(word) => format!("{word}~1"),
        };
        let mut search = self.docs.search(query.as_str()).keywords().limit(K);
        if let Question::Filtered(_, below) = question {
            search = search.filter(format!("number < {below}"));
        }
        search
            .keys()
            .unwrap()
            .iter()
            .map(|found| found.score)
            .collect()
    }
}

/// The library that Lumos seals postings with, by itself: one segment in memory.
pub(crate) struct InTantivy {
    searcher: Searcher,
    text: Field,
    number: Field,
    numbers: Column<u64>,
}

impl InTantivy {
    pub(crate) fn new(documents: &[String]) -> InTantivy {
        let mut schema = SchemaBuilder::new();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("en_stem")
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let text = schema.add_text_field(
            "text",
            TextOptions::default().set_indexing_options(indexing),
        );
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
        let reader = index.reader().unwrap();
        reader.reload().unwrap();
        let searcher = reader.searcher();
        assert_eq!(searcher.segment_readers().len(), 1);
        let segment = &searcher.segment_readers()[0];
        let numbers = segment.fast_fields().u64("number").unwrap();
        InTantivy {
            numbers,
            searcher,
            text,
            number,
        }
    }

    fn term(&self, word: &str) -> Term {
        Term::from_field_text(self.text, word)
    }

    fn each(&self, words: &[String], occur: Occur) -> Vec<(Occur, Box<dyn Query>)> {
        let one = |word: &String| {
            let query = TermQuery::new(self.term(word), IndexRecordOption::WithFreqs);
            (occur, Box::new(query) as Box<dyn Query>)
        };
        words.iter().map(one).collect()
    }

    fn query(&self, question: &Question) -> Box<dyn Query> {
        match question {
            Question::Term(word) => Box::new(TermQuery::new(
                self.term(word),
                IndexRecordOption::WithFreqs,
            )),
            Question::Any(words) => Box::new(BooleanQuery::new(self.each(words, Occur::Should))),
            Question::All(words) => Box::new(BooleanQuery::new(self.each(words, Occur::Must))),
            Question::Phrase(words) => {
                let terms = words.iter().map(|word| self.term(word)).collect();
                Box::new(PhraseQuery::new(terms))
            }
            Question::Fuzzy(word) => Box::new(FuzzyTermQuery::new(self.term(word), 1, true)),
            Question::Filtered(words, below) => {
                let below = Term::from_field_u64(self.number, *below);
                let range =
                    RangeQuery::new(std::ops::Bound::Unbounded, std::ops::Bound::Excluded(below));
                // Only the words count for the score.
                let filter = tantivy::query::ConstScoreQuery::new(Box::new(range), 0.0);
                let any = BooleanQuery::new(self.each(words, Occur::Should));
                Box::new(BooleanQuery::new(vec![
                    (Occur::Must, Box::new(any)),
                    (Occur::Must, Box::new(filter)),
                ]))
            }
        }
    }
}

impl Store for InTantivy {
    fn name(&self) -> &'static str {
        "tantivy"
    }

    fn ask(&self, question: &Question) -> Vec<f32> {
        let top = TopDocs::with_limit(K).order_by_score();
        let found = self.searcher.search(&*self.query(question), &top).unwrap();
        let score = |(score, place): &(f32, DocAddress)| {
            std::hint::black_box(self.numbers.first(place.doc_id));
            *score
        };
        found.iter().map(score).collect()
    }
}

/// SQLite's full-text search, stemmed too.
pub(crate) struct InSqlite {
    db: Connection,
}

impl InSqlite {
    pub(crate) fn new(documents: &[String]) -> InSqlite {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(
            "CREATE VIRTUAL TABLE docs USING fts5(text, tokenize = 'porter unicode61', content = '')",
        )
        .unwrap();
        let transaction = db.transaction().unwrap();
        {
            let insert = "INSERT INTO docs(rowid, text) VALUES (?1, ?2)";
            let mut insert = transaction.prepare(insert).unwrap();
            for (number, text) in (0i64..).zip(documents) {
                insert.execute((number, text)).unwrap();
            }
        }
        transaction.commit().unwrap();
        db.execute_batch("INSERT INTO docs(docs) VALUES ('optimize')")
            .unwrap();
        InSqlite { db }
    }
}

impl Store for InSqlite {
    fn name(&self) -> &'static str {
        "SQLite FTS5"
    }

    fn ask(&self, question: &Question) -> Vec<f32> {
        let (query, below) = match question {
            Question::Term(word) => (word.clone(), None),
            Question::Any(words) => (words.join(" OR "), None),
            Question::All(words) => (words.join(" AND "), None),
            Question::Phrase(words) => (format!("\"{}\"", words.join(" ")), None),
            // It has no fuzzy search.
            Question::Fuzzy(_) => return Vec::new(),
            Question::Filtered(words, below) => (words.join(" OR "), Some(*below as i64)),
        };
        let filter = if below.is_some() {
            "AND rowid < ?2"
        } else {
            "AND ?2 IS NULL"
        };
        let sql =
            format!("SELECT rank FROM docs WHERE docs MATCH ?1 {filter} ORDER BY rank LIMIT {K}");
        let mut select = self.db.prepare_cached(&sql).unwrap();
        let scores = select
            .query_map((query, below), |row| row.get::<_, f64>(0))
            .unwrap();
        scores.map(|score| -score.unwrap() as f32).collect()
    }
}
