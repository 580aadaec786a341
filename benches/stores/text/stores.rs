//! The stores, each behind the same question.

use std::path::Path;
use std::rc::Rc;

use lumos_engine::{Collection, Doc, Lumos, Schema};
use rusqlite::Connection;
use serde_json::json;
use tantivy::collector::TopDocs;
use tantivy::query::{
    BooleanQuery, FuzzyTermQuery, Occur, PhraseQuery, Query, QueryParser, TermQuery,
};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, Term};

use crate::postings::Postings;
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
pub(crate) struct InTantivy(Postings);

impl InTantivy {
    pub(crate) fn new(documents: &[String]) -> InTantivy {
        InTantivy(Postings::new(documents))
    }

    fn term(&self, word: &str) -> Term {
        self.0.term(word)
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
                let any = BooleanQuery::new(self.each(words, Occur::Should));
                self.0.below(Box::new(any), *below)
            }
        }
    }

    fn best(&self, query: &dyn Query) -> Vec<f32> {
        let top = TopDocs::with_limit(K).order_by_score();
        let found = self.0.searcher.search(query, &top).unwrap();
        let score = |(score, place): &(f32, DocAddress)| {
            std::hint::black_box(self.0.numbers.first(place.doc_id));
            *score
        };
        found.iter().map(score).collect()
    }
}

impl Store for InTantivy {
    fn name(&self) -> &'static str {
        "tantivy, given terms"
    }

    fn ask(&self, question: &Question) -> Vec<f32> {
        self.best(&*self.query(question))
    }
}

/// The same, given the text that Lumos is given, which its query parser reads.
pub(crate) struct Parsed {
    index: Rc<InTantivy>,
    parser: QueryParser,
    fuzzy: QueryParser,
}

impl Parsed {
    pub(crate) fn new(index: Rc<InTantivy>) -> Parsed {
        let parser = || QueryParser::for_index(index.0.searcher.index(), vec![index.0.text]);
        let (parser, mut fuzzy) = (parser(), parser());
        fuzzy.set_field_fuzzy(index.0.text, false, 1, true);
        Parsed {
            index,
            parser,
            fuzzy,
        }
    }
}

impl Store for Parsed {
    fn name(&self) -> &'static str {
        "tantivy, given text"
    }

    fn ask(&self, question: &Question) -> Vec<f32> {
        let parse = |text: &str| self.parser.parse_query(text).unwrap();
        let query = match question {
            Question::Term(word) => parse(word),
            Question::Any(words) => parse(&words.join(" ")),
            Question::All(words) => parse(&marked(words, "+")),
            Question::Phrase(words) => parse(&format!("\"{}\"", words.join(" "))),
            Question::Fuzzy(word) => self.fuzzy.parse_query(word).unwrap(),
            Question::Filtered(words, below) => self.index.0.below(parse(&words.join(" ")), *below),
        };
        self.index.best(&*query)
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
