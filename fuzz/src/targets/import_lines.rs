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
        // Collections come in the order in which they were made, which a second import may change.
        let sorted = |lines: &[u8]| {
            let text = String::from_utf8_lossy(lines).into_owned();
            let mut lines: Vec<String> = text.lines().map(String::from).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&lines), sorted(&again));
    }
}
