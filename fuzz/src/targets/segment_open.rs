//! A segment file with a hostile section, or changed anywhere, its checksums right.

use super::database;
use super::files;
use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (path, bytes) = database::file(".seg");
    let mut bytes = bytes.clone();
    for _ in 0..=input.below(4) {
        let sections = files::sections(&bytes);
        let at = match sections.get(usize::from(input.below(16))) {
            Some((_, range)) => range.start + input.u16() as usize % range.len().max(1),
            None => bytes.len().saturating_sub(1 + usize::from(input.u16())),
        };
        let part = input.part();
        files::set(&mut bytes, at, part);
    }
    files::reseal(&mut bytes);
    let vfs = database::with(path, bytes);
    if let Some(db) = database::open_and_ask(vfs, true) {
        let _ = db.compact();
        database::ask(&db);
    }
}

/// Opens the first segment with other bytes in one section.
pub(crate) fn replace_section(name: &str, section: &[u8], untrusted: bool) {
    let (path, bytes) = database::file(".seg");
    let sections = files::sections(bytes).into_iter().map(|(there, range)| {
        let section = if there == name { section } else { &bytes[range] };
        (there, section.to_vec())
    });
    let sections: Vec<(String, Vec<u8>)> = sections.collect();
    let vfs = database::with(path, files::assemble(bytes, &sections));
    if let Some(db) = database::open_and_ask(vfs, untrusted) {
        let _ = db.compact();
        database::ask(&db);
    }
}
