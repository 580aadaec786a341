//! Hostile lines are imported or refused by number; what was imported is exported and imported as the same.

use lumos_engine::Lumos;

pub fn run(data: &[u8]) {
    let db = Lumos::memory().unwrap();
    let outcome = db.import(&mut &data[..]);
    let mut lines = Vec::new();
    db.export(&mut lines).unwrap();
    // Documents that end do so at any moment.
    let ends = String::from_utf8_lossy(data).contains("ttl");
    if outcome.is_ok() && !ends {
        let copy = Lumos::memory().unwrap();
        copy.import(&mut &lines[..]).unwrap();
        let mut again = Vec::new();
        copy.export(&mut again).unwrap();
        let text = |lines: &[u8]| String::from_utf8_lossy(lines).into_owned();
        assert_eq!(text(&lines), text(&again));
    }
}
