//! One change of the files of a database: what a disk, a copy that was cut, or an attacker could do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::pristine::Files;
use crate::crash::model::Random;
use crate::files;

/// A database with one file changed.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    pub(crate) files: Files,
    pub(crate) file: PathBuf,
    pub(crate) story: String,
    /// The file is not there any more.
    pub(crate) missing: bool,
}

impl Mutant {
    /// A change that does not look after checksums.
    pub(crate) fn raw(files: &Files, other: &Files, random: &mut Random) -> Mutant {
        let mut files = files.clone();
        let n = pick(&files, random);
        let (path, bytes) = files[n].clone();
        let mut story = path.display().to_string();
        let mut missing = false;
        match random.below(16) {
            0 => {
                story += " is missing";
                files.remove(n);
                missing = true;
            }
            1 => {
                // By itself the other file is sound: it must be of another kind, or of another number.
                let kinds = |file: &Path| file.file_name() != path.file_name();
                let others: Vec<_> = files
                    .iter()
                    .filter(|file| kinds(&file.0))
                    .cloned()
                    .collect();
                let (from, bytes) = &others[random.below(others.len() as u64) as usize];
                story += &format!(" is replaced by {}", from.display());
                files[n].1 = bytes.clone();
            }
            _ => {
                let mut bytes = (*bytes).clone();
                let at = place(&bytes, random);
                story += &edit(&mut bytes, at, like(other, &path).as_deref(), random);
                files[n].1 = Arc::new(bytes);
            }
        }
        Mutant {
            files,
            file: path,
            story,
            missing,
        }
    }

    /// Whether there is a keyword index that was not there before.
    pub(crate) fn has_other_keywords(&self, before: &Files) -> bool {
        let text = |files: &Files| {
            let (_, bytes) = files.iter().find(|file| file.0 == self.file)?;
            let sections = files::sections(bytes).into_iter();
            let mut texts = sections.filter(|(name, _)| name == "text");
            texts.next().map(|(_, range)| bytes[range].to_vec())
        };
        let now = text(&self.files);
        now.is_some() && now != text(before)
    }

    /// A change after which every checksum was made to fit again.
    pub(crate) fn sealed(files: &Files, other: &Files, random: &mut Random) -> Mutant {
        let mut files = files.clone();
        let n = loop {
            let n = pick(&files, random);
            let named = |end| files[n].0.extension().is_some_and(|found| found == end);
            if ["seg", "del", "wal"].into_iter().any(named) || files[n].0.ends_with("MANIFEST") {
                break n;
            }
        };
        let (path, bytes) = files[n].clone();
        let other = like(other, &path);
        let mut story = format!("{}, sealed again:", path.display());
        let changed = match (random.below(4), &bytes[..8]) {
            (0, _) => {
                let mut bytes = (*bytes).clone();
                let at = place(&bytes, random);
                story += &edit(&mut bytes, at, other.as_deref(), random);
                files::reseal_any(&mut bytes);
                bytes
            }
            (_, b"LUMOSSEG") => section(&bytes, other.as_deref(), random, &mut story),
            (_, b"LUMOSWAL") => payload(&bytes, random, &mut story),
            (_, b"LUMOSMAN") => manifest(&bytes, random, &mut story),
            _ => {
                let mut body = bytes[64..].to_vec();
                let at = random.below(body.len() as u64) as usize;
                story += &edit(&mut body, at, None, random);
                files::headed::with_body(&bytes, &body)
            }
        };
        if path.extension().is_some_and(|end| end == "seg") {
            let manifest = files.iter_mut().find(|file| file.0.ends_with("MANIFEST"));
            if let Some((_, manifest)) = manifest {
                *manifest = Arc::new(files::headed::with_length(manifest, &path, changed.len()));
            }
        }
        files[n].1 = Arc::new(changed);
        Mutant {
            files,
            file: path,
            story,
            missing: false,
        }
    }
}

/// A file of a database, each kind as likely as the others.
fn pick(files: &Files, random: &mut Random) -> usize {
    let kind = |path: &Path| {
        path.extension()
            .map_or("", |end| end.to_str().unwrap())
            .to_string()
    };
    let mut kinds: Vec<String> = files.iter().map(|(path, _)| kind(path)).collect();
    kinds.sort();
    kinds.dedup();
    // Segments have the most to break.
    kinds.extend(["seg", "seg", "wal"].map(String::from));
    let wanted = &kinds[random.below(kinds.len() as u64) as usize];
    let of_kind: Vec<usize> = (0..files.len())
        .filter(|n| kind(&files[*n].0) == *wanted)
        .collect();
    of_kind[random.below(of_kind.len() as u64) as usize]
}

/// A file of the same kind in another database.
fn like(other: &Files, path: &Path) -> Option<Arc<Vec<u8>>> {
    let same = |file: &&(PathBuf, Arc<Vec<u8>>)| {
        file.0.extension() == path.extension() && !file.1.is_empty()
    };
    other.iter().rfind(same).map(|file| file.1.clone())
}

/// A place in a file, where there is something.
fn place(bytes: &[u8], random: &mut Random) -> usize {
    let end = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1);
    let below = |random: &mut Random, bound: usize| random.below(bound as u64) as usize;
    let sections = files::sections(bytes);
    let frames = files::log::frames(bytes);
    match random.below(5) {
        0 => below(random, end.min(64)),
        1 => end.saturating_sub(below(random, 128) + 1),
        2 if !sections.is_empty() => {
            let (_, range) = &sections[below(random, sections.len())];
            range.start + below(random, range.len().min(96))
        }
        3 if !sections.is_empty() => {
            let (_, range) = &sections[below(random, sections.len())];
            range.start + below(random, range.len())
        }
        2 | 3 if !frames.is_empty() => {
            let frame = &frames[below(random, frames.len())];
            frame.start + below(random, frame.len().min(96))
        }
        _ => below(random, end),
    }
}

/// Changes bytes at or after a place, and says how.
fn edit(bytes: &mut Vec<u8>, at: usize, other: Option<&Vec<u8>>, random: &mut Random) -> String {
    let rest = bytes.len().saturating_sub(at);
    let run = |random: &mut Random, most: u64| (random.below(most) as usize + 1).min(rest);
    match random.below(10) {
        0 => {
            let run = run(random, 16);
            bytes[at..at + run].fill_with(|| random.next() as u8);
            format!(" {run} bytes at {at} are random")
        }
        1 => {
            let (run, value) = (run(random, 300), [0, 0xff][random.below(2) as usize]);
            bytes[at..at + run].fill(value);
            format!(" {run} bytes at {at} are {value}")
        }
        2 | 3 => {
            let at = at & !3;
            let old = files::u64_at(bytes, at).unwrap_or_default();
            let value = integer(old, bytes.len() as u64, random);
            match random.below(2) {
                0 => files::set(bytes, at, &(value as u32).to_le_bytes()),
                _ => files::set(bytes, at, &value.to_le_bytes()),
            }
            format!(" the integer at {at} is {value:#x}, was {old:#x}")
        }
        4 => {
            bytes.truncate(at);
            format!(" is cut at {at}")
        }
        5 => {
            let more = random.below(5_000) as usize + 1;
            let from = bytes.len();
            match random.below(3) {
                0 => bytes.resize(from + more, 0),
                1 => bytes.extend((0..more).map(|_| random.next() as u8)),
                _ => bytes.extend_from_within(from.saturating_sub(more)..),
            }
            format!(" is longer by {}", bytes.len() - from)
        }
        6 => {
            let size = [8, 64, 512][random.below(3) as usize].min(bytes.len() / 2);
            let blocks = bytes.len().checked_div(size).unwrap_or_default() as u64;
            let (to, from) = (random.below(blocks) as usize, random.below(blocks) as usize);
            let (to, from) = (to * size, from * size);
            let copy = bytes[to..to + size].to_vec();
            bytes.copy_within(from..from + size, to);
            if random.below(2) == 0 {
                bytes[from..from + size].copy_from_slice(&copy);
            }
            format!(" {size} bytes from {from} are at {to}")
        }
        7 if other.is_some_and(|other| other.len() > at) => {
            let other = &other.unwrap()[at..];
            let size =
                (random.below(bytes.len() as u64 / 2 + 1) as usize).min(rest.min(other.len()));
            bytes[at..at + size].copy_from_slice(&other[..size]);
            format!(" {size} bytes at {at} are those of another file")
        }
        8 => {
            // An insertion moves everything behind it.
            let run = random.below(64) as usize + 1;
            bytes.splice(at..at, std::iter::repeat_n(0, run));
            format!(" {run} bytes more at {at}")
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
            format!(" a bit at {at} is flipped")
        }
    }
}

/// An integer that decoders trip over.
fn integer(old: u64, length: u64, random: &mut Random) -> u64 {
    let low = old & 0xffff_ffff;
    let values = [
        0,
        1,
        2,
        u64::MAX,
        u64::MAX - 1,
        1 << 31,
        (1 << 31) - 1,
        1 << 32,
        (1 << 32) - 1,
        1 << 63,
        (1 << 63) - 1,
        1 << 30,
        1 << 16,
        0xffff,
        old.wrapping_add(1),
        old.wrapping_sub(1),
        low + 1,
        low.wrapping_sub(1),
        length,
        length + 1,
        length.wrapping_sub(1),
        length / 4,
        length / 8,
        old.wrapping_mul(2),
        low << 2,
        !old,
    ];
    values[random.below(values.len() as u64) as usize]
}

/// Changes one section of a segment, or which sections there are.
fn section(
    file: &[u8],
    other: Option<&Vec<u8>>,
    random: &mut Random,
    story: &mut String,
) -> Vec<u8> {
    let read = |file: &[u8]| -> Vec<(String, Vec<u8>)> {
        let sections = files::sections(file).into_iter();
        sections
            .map(|(name, range)| (name, file[range].to_vec()))
            .collect()
    };
    let mut sections = read(file);
    let n = random.below(sections.len() as u64) as usize;
    let name = sections[n].0.clone();
    *story += &format!(" section {name}");
    match random.below(12) {
        0 => {
            sections.remove(n);
            *story += " is left out";
        }
        1 => {
            let names = [
                "keys",
                "payload",
                "vec.more",
                "vrow.vector",
                "graph.vector",
                "text",
                "col",
                "",
            ];
            sections[n].0 = names[random.below(names.len() as u64) as usize].to_string();
            *story += &format!(" is called {:?}", sections[n].0);
        }
        2 => {
            let copy = sections[n].1.clone();
            sections.push((format!("vec.{n}"), copy));
            *story += " is there as a vector field too";
        }
        3 => {
            let section = other.map(|other| read(other)).unwrap_or_default();
            if let Some((_, bytes)) = section.into_iter().find(|other| other.0 == name) {
                sections[n].1 = bytes;
            }
            *story += " is that of another file";
        }
        _ => {
            let bytes = &mut sections[n].1;
            let near = [bytes.len(), bytes.len().min(64)][random.below(2) as usize] as u64;
            let mut at = random.below(near) as usize;
            if random.below(3) == 0 {
                at = bytes.len().saturating_sub(at + 1);
            }
            *story += &edit(bytes, at, None, random);
        }
    }
    files::assemble(file, &sections)
}

/// Changes one payload of a log, or which ones there are.
fn payload(file: &[u8], random: &mut Random, story: &mut String) -> Vec<u8> {
    let frames = files::log::frames(file).into_iter();
    let mut payloads: Vec<Vec<u8>> = frames
        .map(|frame| file[frame.start + files::log::FRAME..frame.end].to_vec())
        .filter(|payload| !payload.is_empty())
        .collect();
    let n = random.below(payloads.len() as u64) as usize;
    *story += &format!(" payload {n}");
    match random.below(8) {
        0 => {
            payloads.remove(n);
            *story += " is left out";
        }
        1 => {
            let copy = payloads[n].clone();
            payloads.insert(random.below(n as u64 + 1) as usize, copy);
            *story += " is there twice";
        }
        2 => {
            let other = random.below(payloads.len() as u64) as usize;
            payloads.swap(n, other);
            *story += &format!(" and {other} change places");
        }
        _ => {
            let at = random.below(payloads[n].len() as u64) as usize;
            *story += &edit(&mut payloads[n], at, None, random);
        }
    }
    files::log::with_payloads(file, &payloads)
}

/// Changes one value in the JSON of a manifest.
fn manifest(file: &[u8], random: &mut Random, story: &mut String) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(&file[64..]).unwrap();
    let mut paths = Vec::new();
    list(&json, String::new(), &mut paths);
    let path = &paths[random.below(paths.len() as u64) as usize];
    let value = json.pointer_mut(path).unwrap();
    let old = value.as_u64().unwrap_or_default();
    *value = match (random.below(8), &mut *value) {
        (0, Value::Array(list)) if !list.is_empty() => {
            list.push(list[0].clone());
            value.clone()
        }
        (1, Value::Array(list)) => {
            list.reverse();
            value.clone()
        }
        (2, Value::Object(members)) => {
            let name = members.keys().next().cloned().unwrap_or_default();
            members.remove(&name);
            value.clone()
        }
        (3, _) => Value::Null,
        (4, _) => Value::from("x".repeat(random.below(3_000) as usize)),
        (5, _) => Value::from(-1),
        (6, _) => Value::from(1e300),
        _ => Value::from(integer(old, file.len() as u64, random)),
    };
    *story += &format!(" {path} is {:.60}", value.to_string());
    files::headed::with_body(file, &serde_json::to_vec(&json).unwrap())
}

fn list(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Array(values) => {
            for (n, value) in values.iter().enumerate() {
                list(value, format!("{path}/{n}"), paths);
            }
        }
        Value::Object(values) => {
            for (name, value) in values {
                list(value, format!("{path}/{}", name.replace('/', "~1")), paths);
            }
        }
        _ => {}
    }
    paths.push(path);
}
