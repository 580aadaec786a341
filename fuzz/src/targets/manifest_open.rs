//! A hostile manifest, its checksums right.

use super::database;
use super::files::headed;

pub fn run(data: &[u8]) {
    let (path, bytes) = database::file("MANIFEST");
    let vfs = database::with(path, headed::with_body(bytes, data));
    if let Some(db) = database::open_and_ask(vfs, false) {
        let _ = db.flush();
        database::ask(&db);
    }
}
