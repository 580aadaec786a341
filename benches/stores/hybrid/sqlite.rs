//! SQLite in memory: FTS5 for words, sqlite-vec for vectors, which compares all.

use rusqlite::Connection;
use rusqlite::types::ToSql;

use crate::fused::fused;
use crate::questions::{Kind, Legs, Question};
use crate::store::{Answer, Store};
use crate::vectors::{DIMENSION, Vectors};

pub(crate) struct InSqlite {
    db: Connection,
}

impl InSqlite {
    pub(crate) fn new(documents: &[String], vectors: &Vectors) -> InSqlite {
        register();
        let mut db = Connection::open_in_memory().unwrap();
        // At unit length the order by L2 is that by cosine, and it is what sqlite-vec has vector code for.
        db.execute_batch(&format!(
            "CREATE VIRTUAL TABLE docs USING fts5(text, tokenize = 'porter unicode61', content = '');
             CREATE VIRTUAL TABLE near USING vec0(
                 docid INTEGER PRIMARY KEY, embedding FLOAT[{DIMENSION}], number INTEGER)"
        ))
        .unwrap();
        let transaction = db.transaction().unwrap();
        {
            let insert = "INSERT INTO docs(rowid, text) VALUES (?1, ?2)";
            let mut text = transaction.prepare(insert).unwrap();
            let insert = "INSERT INTO near(docid, embedding, number) VALUES (?1, ?2, ?1)";
            let mut near = transaction.prepare(insert).unwrap();
            let all = (0i64..).zip(documents).zip(vectors.iter());
            for ((number, document), vector) in all {
                text.execute((number, document)).unwrap();
                near.execute((number, bytes(vector))).unwrap();
            }
        }
        transaction.commit().unwrap();
        db.execute_batch("INSERT INTO docs(docs) VALUES ('optimize')")
            .unwrap();
        InSqlite { db }
    }

    fn numbers(&self, sql: &str, values: &[&dyn ToSql]) -> Vec<u64> {
        let mut select = self.db.prepare_cached(sql).unwrap();
        let numbers = select
            .query_map(values, |row| row.get::<_, i64>(0))
            .unwrap();
        numbers.map(|number| number.unwrap() as u64).collect()
    }

    fn words(&self, question: &Question, k: usize, below: Option<u64>) -> Vec<u64> {
        let (words, k) = (question.words.join(" OR "), k as i64);
        match below.map(|below| below as i64) {
            None => self.numbers(
                "SELECT rowid FROM docs WHERE docs MATCH ?1 ORDER BY rank LIMIT ?2",
                &[&words, &k],
            ),
            Some(below) => self.numbers(
                "SELECT rowid FROM docs WHERE docs MATCH ?1 AND rowid < ?3 ORDER BY rank LIMIT ?2",
                &[&words, &k, &below],
            ),
        }
    }

    fn nearest(&self, question: &Question, k: usize, below: Option<u64>) -> Vec<u64> {
        let (vector, k) = (bytes(&question.vector), k as i64);
        match below.map(|below| below as i64) {
            None => self.numbers(
                "SELECT docid FROM near WHERE embedding MATCH ?1 AND k = ?2 ORDER BY distance",
                &[&vector, &k],
            ),
            Some(below) => self.numbers(
                "SELECT docid FROM near WHERE embedding MATCH ?1 AND k = ?2 AND number < ?3 ORDER BY distance",
                &[&vector, &k, &below],
            ),
        }
    }
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector
        .iter()
        .flat_map(|number| number.to_ne_bytes())
        .collect()
}

/// Makes the functions of sqlite-vec known to every connection that is opened from now on.
// It can be linked in no other way.
#[allow(unsafe_code)]
fn register() {
    use rusqlite::auto_extension::{RawAutoExtension, register_auto_extension};
    // SAFETY: the function is sqlite-vec's entry point; it has the parameters that SQLite calls such a point
    // with, though it is declared without them.
    let point = unsafe {
        std::mem::transmute::<*const (), RawAutoExtension>(
            sqlite_vec::sqlite3_vec_init as *const (),
        )
    };
    // SAFETY: the entry point keeps to SQLite's contract for extensions, and is linked for all of the program.
    unsafe { register_auto_extension(point) }.unwrap();
}

impl Store for InSqlite {
    fn name(&self) -> &'static str {
        "SQLite FTS5 + sqlite-vec"
    }

    fn ask(&self, question: &Question, kind: &Kind) -> Answer {
        let near = || self.nearest(question, kind.depth(), kind.below);
        let words = || self.words(question, kind.depth(), kind.below);
        Answer::Numbers(match kind.legs {
            Legs::Words => words(),
            Legs::Vector => near(),
            Legs::Both => fused([&near(), &words()]),
        })
    }

    fn near(&self, question: &Question, kind: &Kind) -> Answer {
        Answer::Numbers(self.nearest(question, kind.depth(), kind.below))
    }
}
