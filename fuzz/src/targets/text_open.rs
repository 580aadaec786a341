//! A hostile keyword index, its checksums right: who trusts nothing makes it anew, and finds what was there.

use std::sync::OnceLock;

use super::database;
use super::files;

pub fn run(data: &[u8]) {
    static EXPECTED: OnceLock<Vec<String>> = OnceLock::new();
    let expected = EXPECTED.get_or_init(|| found(None));
    assert_eq!(&found(Some(data)), expected);
}

fn found(text: Option<&[u8]>) -> Vec<String> {
    let (path, bytes) = database::file(".seg");
    let sections = files::sections(bytes).into_iter().map(|(name, range)| {
        let other = text.filter(|_| name == "text");
        (name, other.unwrap_or(&bytes[range]).to_vec())
    });
    let sections: Vec<(String, Vec<u8>)> = sections.collect();
    let vfs = database::with(path, files::assemble(bytes, &sections));
    let db = database::open_and_ask(vfs, true).unwrap();
    let docs = db.existing_collection("docs").unwrap();
    let hits = docs.search("number4 many").keywords().limit(50).run().unwrap();
    hits.into_iter().map(|hit| hit.doc.key).collect()
}
