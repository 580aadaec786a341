//! What becomes of a database with a changed file.

use std::path::Path;
use std::sync::Arc;

use lumos_engine::{Checkup, Lumos, Result, Scan, SegmentAccess, SparseVector, Store, like};

use super::mutant::Mutant;
use super::pristine::{self, DIR, Files};
use crate::files::log;

/// How a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// As most programs do: mapped, on a disk, with the background at work.
    Default,
    /// Read into memory.
    Heap,
    /// Trusting nothing.
    Untrusted,
}

/// A database and what is to be found in it.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) files: Files,
    /// After each commit of the log, the last one at the end; in the first there are none.
    answers: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// An error of the right kind.
    Refused,
    /// The answers of the sound database.
    Right,
    /// The same, with parts made anew.
    Mended,
    /// Those without the last commits, where the log does not prove that there were any.
    Prefix,
    /// Some answers: nobody knows the right ones.
    Answered,
    /// None of these.
    Wrong(String),
}

impl Verdict {
    /// A word for it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Verdict::Refused => "refused",
            Verdict::Right => "right",
            Verdict::Mended => "mended",
            Verdict::Prefix => "prefix",
            Verdict::Answered => "answered",
            Verdict::Wrong(_) => "wrong",
        }
    }
}

impl Known {
    /// Asks a sound database, and what it would be with less of its log.
    pub(crate) fn new(name: &'static str, files: Files) -> Known {
        let place = files.iter().rposition(|file| is_log(&file.0)).unwrap();
        let frames = log::frames(&files[place].1);
        let mut answers = Vec::new();
        for frame in &frames {
            let mut cut = files.clone();
            let mut bytes = (*cut[place].1).clone();
            bytes[frame.start..].fill(0);
            cut[place].1 = Arc::new(bytes);
            // A file that was closed is shorter than its frames say, unless the end says so.
            let cut = with_room(cut, place);
            answers.push(ask_in(Way::Heap, &cut, false).unwrap().0);
        }
        let whole = ask_in(Way::Heap, &files, false).unwrap().0;
        if answers.last() != Some(&whole) {
            answers.push(whole);
        }
        Known {
            name,
            files,
            answers,
        }
    }

    /// Opens a database whose checksums show what was changed, and asks everything.
    pub(crate) fn judge_raw(&self, mutant: &Mutant, way: Way, merge: bool) -> Verdict {
        let (found, damaged) = match ask_in(way, &mutant.files, merge) {
            Ok(found) => found,
            Err(error) => {
                let code = error.code();
                let known =
                    code == "E1010" || code == "E1011" || (code == "E1001" && mutant.missing);
                return match known {
                    true => Verdict::Refused,
                    false => Verdict::Wrong(format!("{code} {error}")),
                };
            }
        };
        if self.answers.last() == Some(&found) {
            return match damaged {
                0 => Verdict::Right,
                _ => Verdict::Mended,
            };
        }
        let commits = self.answers.iter().position(|answers| *answers == found);
        match commits {
            Some(commits) if self.may_end_after(commits, mutant) => Verdict::Prefix,
            Some(commits) => Verdict::Wrong(format!("has {commits} commits of the log")),
            None => Verdict::Wrong(format!("answers {found}")),
        }
    }

    /// Whether the log of a mutant may be taken for one that ends after so many commits: nothing behind
    /// that is left which says that more was there.
    fn may_end_after(&self, commits: usize, mutant: &Mutant) -> bool {
        let of = |files: &Files| {
            let file = files.iter().find(|file| file.0 == mutant.file);
            file.map(|file| file.1.clone()).unwrap_or_default()
        };
        let (was, is) = (of(&self.files), of(&mutant.files));
        let frames = log::frames(&was);
        let same = |from: usize, to: usize| is.get(from..to) == was.get(from..to);
        let damaged = frames
            .get(commits)
            .is_some_and(|frame| !same(frame.start, frame.end));
        let later = frames.iter().skip(commits + 1);
        let proven = later
            .clone()
            .any(|frame| same(frame.start, frame.start + log::FRAME));
        is_log(&mutant.file) && damaged && !proven
    }
}

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "wal")
}

fn with_room(mut files: Files, log: usize) -> Files {
    let mut bytes = (*files[log].1).clone();
    bytes.resize(bytes.len().max(256 << 10), 0);
    files[log].1 = Arc::new(bytes);
    files
}

/// Opens what an attacker could have made, and asks everything: it must only end.
pub(crate) fn judge_sealed(mutant: &Mutant, way: Way, merge: bool) -> Verdict {
    match ask_in(way, &mutant.files, merge) {
        Ok(_) => Verdict::Answered,
        Err(_) => Verdict::Refused,
    }
}

/// Opens files one way and asks everything; also says how many segments are damaged. With `merge`, what is
/// in memory is then written anew.
pub(crate) fn ask_in(way: Way, files: &Files, merge: bool) -> Result<(String, usize)> {
    let options = Lumos::options();
    match way {
        Way::Default => {
            let dir = tempfile::tempdir().unwrap();
            pristine::write(dir.path(), files);
            ask(&options.open(dir.path())?)
        }
        Way::Heap => {
            let options = options
                .background(false)
                .segment_access(SegmentAccess::Heap);
            let db = options.vfs(pristine::in_memory(files)).open(DIR)?;
            ask_and_merge(&db, merge)
        }
        Way::Untrusted => {
            let options = options.background(false).untrusted(true);
            let db = options.vfs(pristine::in_memory(files)).open(DIR)?;
            ask_and_merge(&db, merge)
        }
    }
}

/// What every leg finds; and whether all of that is still there when the segments are written anew.
fn ask_and_merge(db: &Lumos, merge: bool) -> Result<(String, usize)> {
    let found = ask(db)?;
    if !merge {
        return Ok(found);
    }
    let before = stored(db)?;
    db.compact()?;
    // A merge may change scores, and nothing else.
    match stored(db)? == before {
        true => Ok(found),
        false => Ok((format!("other documents after a merge than {before}"), 0)),
    }
}

/// All documents and values.
fn stored(db: &Lumos) -> Result<String> {
    let mut out = format!("{:?}\n", db.kv_scan("state", &Scan::all())?);
    for name in db.collections() {
        out += &format!(
            "{:?}\n",
            Store::scan(db, &name, &Scan::all().vectors(true))?
        );
    }
    Ok(out)
}

/// What every leg finds.
fn ask(db: &Lumos) -> Result<(String, usize)> {
    let damaged = db
        .stats()
        .collections
        .iter()
        .map(|c| c.damaged_segments)
        .sum();
    let mut out = String::new();
    for name in db.collections() {
        let count = db.count(&name)?;
        out += &format!("{name}: {count} documents\n");
        let large = count > 1_000;
        let scan = if large {
            Scan::all().after("k4000")
        } else {
            Scan::all()
        };
        out += &format!("{:?}\n", Store::scan(db, &name, &scan.vectors(true))?);
        for key in ["k0003", "k0052", "k0101", "first", "k0017"] {
            out += &format!("{:?}\n", Store::get(db, &name, key)?);
        }
        let docs = db.existing_collection(&name)?;
        let schema = docs.schema()?;
        for (field, shape) in &schema.vectors {
            let query: Vec<f32> = (1..=shape.dimension).map(|n| n as f32 * 3.0).collect();
            let search = || docs.search(query.as_slice()).vector_field(field).limit(12);
            let near = search().run()?;
            let exact = search().exact().run()?;
            // Between a graph and no graph only the way differs.
            out += &format!("{field}: {exact:?} {}\n", near.len());
            if name == "docs" && !large {
                let filtered = search().filter("n >= 40 AND even = true").run();
                out += &format!("{:?}\n", filtered?);
            }
        }
        for field in schema.sparse.keys() {
            let terms = SparseVector::new([(1, 1.0), (3, 0.5), (7, 2.0)]).unwrap();
            let found = docs.search(terms).vector_field(field).limit(12).run()?;
            out += &format!("{field}: {found:?}\n");
        }
        if !schema.vectors.is_empty() && !large {
            out += &format!(
                "{:?}\n",
                docs.search(like("k0052")).run().map(|hits| hits.len()).ok()
            );
        }
        for field in schema.texts.keys() {
            for words in ["number52 many", "title3", "note", "\"of many\" -sure"] {
                let hits = docs
                    .search(words)
                    .text_field(field)
                    .keywords()
                    .highlight(field)
                    .run()?;
                out += &format!("{field} {words}: {hits:?}\n");
            }
        }
        if name == "docs" && !large {
            for filter in [
                "n >= 50",
                "day < 2026-01-09",
                "name = 'name 3'",
                "inner.list = 'x'",
                "share < 2.5",
            ] {
                out += &format!("{filter}: {}\n", docs.count_matching(filter)?);
            }
        }
    }
    for space in ["state", "late"] {
        out += &format!("{:?}\n", db.kv_scan(space, &Scan::all())?);
    }
    out += &format!("{}", db.seqno());
    // These say what they find; the answers are those above.
    let _ = db.verify();
    let _ = db.doctor(&Checkup::new());
    if let Ok(changes) = db.changes(db.seqno().saturating_sub(4)) {
        let _ = changes.take_while(|commit| commit.is_ok()).count();
    }
    Ok((out, damaged))
}
