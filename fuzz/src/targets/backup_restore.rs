//! A hostile backup: any file of it changed, checksums made to fit. It is refused, or restored to a database
//! that opens and can be searched.

use lumos_engine::Lumos;

use super::database;
use super::files;
use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut backup = database::files().clone();
    for _ in 0..=input.below(3) {
        let n = usize::from(input.byte()) % backup.len();
        let bytes = &mut backup[n].1;
        let at = input.u32() as usize % bytes.len().max(1);
        match input.below(4) {
            0 => bytes.truncate(at),
            1 => bytes.splice(at..at, input.part().iter().copied()).for_each(drop),
            _ => files::set(bytes, at, input.part()),
        }
        if input.below(4) > 0 {
            files::reseal_any(bytes);
        }
    }
    let vfs = database::in_memory("backup", &backup);
    let restored = Lumos::options().vfs(vfs.clone()).restore("backup", database::DIR);
    if restored.is_ok() {
        let options = Lumos::options().vfs(vfs).background(false);
        if let Ok(db) = options.untrusted(true).open(database::DIR) {
            database::ask(&db);
        }
    }
}
