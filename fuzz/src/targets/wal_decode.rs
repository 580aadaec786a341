//! Hostile transactions in a log whose checksums are right.

use super::database;
use super::files::log;
use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (path, bytes) = database::file(".wal");
    let mut payloads = Vec::new();
    while !input.is_empty() && payloads.len() < 16 {
        payloads.push(input.part().to_vec());
    }
    let vfs = database::with(path, log::with_payloads(bytes, &payloads));
    if let Some(db) = database::open_and_ask(vfs, false) {
        let _ = db.flush();
        let _ = db.compact();
        database::ask(&db);
    }
}
