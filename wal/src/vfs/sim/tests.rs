#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::history::SECTOR;
use super::*;
use crate::read_all;

const IMAGES: u64 = 400;

fn root() -> &'static Path {
    Path::new("/")
}

fn create(sim: &SimVfs, path: &str) -> Arc<dyn VfsFile> {
    sim.open(Path::new(path), OpenMode::CreateNew).unwrap()
}

/// A file with a durable name and 2,048 durable bytes of 1.
fn durable(sim: &SimVfs) -> Arc<dyn VfsFile> {
    let file = create(sim, "a");
    file.write_all_at(&[1; 2048], 0).unwrap();
    file.sync_data().unwrap();
    sim.sync_dir(root()).unwrap();
    file
}

/// The contents of file `a` in many images of the latest moment.
fn images(sim: &SimVfs) -> BTreeSet<Vec<u8>> {
    (0..IMAGES)
        .map(|image| {
            let image = sim.crash_image(sim.operations(), image);
            read_all(&image, Path::new("a")).unwrap()
        })
        .collect()
}

/// A write that was not synced may be there, be missing, or be there in part, by whole sectors.
#[test]
fn an_unsynced_write_may_vanish_or_tear_by_sectors() {
    let sim = SimVfs::new(1);
    let file = durable(&sim);
    file.write_all_at(&[2; 2048], 0).unwrap();
    let found = images(&sim);
    // Four sectors, each old or new.
    assert_eq!(found.len(), 16);
    for bytes in found {
        for sector in bytes.chunks(SECTOR) {
            assert!(sector.iter().all(|byte| *byte == sector[0]));
        }
    }
}

/// Writes reach the disk in any order: the second may be there without the first.
#[test]
fn unsynced_writes_may_be_reordered() {
    let sim = SimVfs::new(2);
    let file = durable(&sim);
    file.write_all_at(&[2; 100], 0).unwrap();
    file.write_all_at(&[3; 100], 1024).unwrap();
    let states: BTreeSet<_> = images(&sim)
        .into_iter()
        .map(|bytes| (bytes[0], bytes[1024]))
        .collect();
    assert_eq!(states, [(1, 1), (1, 3), (2, 1), (2, 3)].into());
}

/// A file that grew may have its new length and zeros, or some of its new bytes.
#[test]
fn an_unsynced_append_may_leave_zeros_or_a_part() {
    let sim = SimVfs::new(3);
    let file = durable(&sim);
    file.write_all_at(&[2; 1024], 2048).unwrap();
    let found = images(&sim);
    let mut zeros = vec![1; 2048];
    zeros.resize(3072, 0);
    assert!(found.contains(&vec![1; 2048]), "nothing of it");
    assert!(found.contains(&zeros), "only the length");
    assert!(
        found.iter().any(|bytes| bytes.len() == 2560),
        "the first half"
    );
    assert!(found.iter().all(|bytes| bytes[..2048] == [1; 2048]));
}

/// A cut that was not synced may or may not have happened.
#[test]
fn an_unsynced_cut_may_vanish() {
    let sim = SimVfs::new(4);
    let file = durable(&sim);
    file.set_len(1000).unwrap();
    let lengths: BTreeSet<_> = images(&sim).iter().map(Vec::len).collect();
    assert_eq!(lengths, [1000, 2048].into());
    file.sync_all().unwrap();
    assert_eq!(images(&sim), [vec![1; 1000]].into());
}

/// What was synced is there in every image, also of every later moment.
#[test]
fn synced_data_under_a_synced_name_never_vanishes() {
    let sim = SimVfs::new(5);
    let file = durable(&sim);
    let synced = sim.operations();
    for n in 0..20 {
        file.write_all_at(&[2; 3], 2048 + n * 3).unwrap();
        create(&sim, &format!("other{n}"));
    }
    for crash in synced..=sim.operations() {
        for image in 0..20 {
            let image = sim.crash_image(crash, image);
            assert_eq!(read_all(&image, Path::new("a")).unwrap()[..2048], [1; 2048]);
        }
    }
    // And before the sync not always.
    let before = (0..IMAGES).any(|image| {
        let image = sim.crash_image(synced - 1, image);
        !image.exists(Path::new("a")).unwrap()
    });
    assert!(before);
}

/// Syncing a file does not sync its name, the mistake behind many lost databases.
#[test]
fn a_synced_file_without_a_synced_name_may_vanish() {
    let sim = SimVfs::new(6);
    let file = create(&sim, "a");
    file.write_all_at(&[1; 10], 0).unwrap();
    file.sync_all().unwrap();
    let found: BTreeSet<_> = (0..IMAGES)
        .map(|image| {
            let image = sim.crash_image(sim.operations(), image);
            read_all(&image, Path::new("a")).ok()
        })
        .collect();
    // And where the name is, the bytes are.
    assert_eq!(found, [None, Some(vec![1; 10])].into());
}

/// Creations, renames and removals that were not synced may vanish in any combination; a rename
/// happens whole or not at all.
#[test]
fn unsynced_directory_operations_may_vanish_in_any_combination() {
    let sim = SimVfs::new(7);
    for name in ["old", "gone"] {
        create(&sim, name);
    }
    sim.sync_dir(root()).unwrap();
    let names = |sim: &SimVfs| -> BTreeSet<String> {
        (0..IMAGES)
            .map(|image| sim.crash_image(sim.operations(), image))
            .map(|image| image.read_dir(root()).unwrap().join(" "))
            .collect()
    };
    sim.rename(Path::new("old"), Path::new("renamed")).unwrap();
    sim.remove_file(Path::new("gone")).unwrap();
    create(&sim, "made");
    let mut expected = BTreeSet::new();
    for gone in ["gone ", ""] {
        for made in ["made ", ""] {
            for name in ["old", "renamed"] {
                expected.insert(format!("{gone}{made}{name}"));
            }
        }
    }
    assert_eq!(names(&sim), expected);
    sim.sync_dir(root()).unwrap();
    assert_eq!(names(&sim), ["made renamed".to_string()].into());
}

/// A rename from one directory to another is certain only when both are synced.
#[test]
fn a_rename_between_directories_needs_both_synced() {
    let sim = SimVfs::new(8);
    sim.create_dir(Path::new("d")).unwrap();
    create(&sim, "a");
    sim.sync_dir(root()).unwrap();
    sim.rename(Path::new("a"), Path::new("d/a")).unwrap();
    let places = |sim: &SimVfs| -> BTreeSet<_> {
        (0..IMAGES)
            .map(|image| sim.crash_image(sim.operations(), image))
            .map(|image| {
                let exists = |path| image.exists(Path::new(path)).unwrap();
                (exists("a"), exists("d/a"))
            })
            .collect()
    };
    assert_eq!(places(&sim), [(true, false), (false, true)].into());
    sim.sync_dir(Path::new("d")).unwrap();
    assert_eq!(places(&sim), [(true, false), (false, true)].into());
    sim.sync_dir(root()).unwrap();
    assert_eq!(places(&sim), [(false, true)].into());
}

/// A disk that lies, or a program that forgot its fsync: the planted bug must show in the images.
#[test]
fn ignored_syncs_leave_everything_in_doubt() {
    let sim = SimVfs::new(9);
    let file = durable(&sim);
    sim.ignore_file_sync(true);
    file.write_all_at(&[2; 2048], 0).unwrap();
    file.sync_data().unwrap();
    assert!(images(&sim).contains(&vec![1; 2048]));
    sim.ignore_file_sync(false);
    file.sync_data().unwrap();
    assert_eq!(images(&sim), [vec![2; 2048]].into());
    sim.ignore_dir_sync(true);
    sim.rename(Path::new("a"), Path::new("b")).unwrap();
    sim.sync_dir(root()).unwrap();
    let lost = |image| {
        sim.crash_image(sim.operations(), image)
            .exists(Path::new("a"))
            .unwrap()
    };
    assert!((0..IMAGES).any(lost));
    assert!(sim.operation(sim.operations()).unwrap().contains("ignored"));
}

/// A sync that failed may never be made up for: the system shows the bytes, a later sync succeeds,
/// and they are not on disk. Only writing them again helps.
#[test]
fn what_a_failed_sync_dropped_is_not_written_by_the_next_one() {
    let sim = SimVfs::new(12);
    let file = durable(&sim);
    file.write_all_at(&[2; 512], 0).unwrap();
    sim.fail_file_sync(true);
    file.sync_data().unwrap_err();
    sim.fail_file_sync(false);
    file.write_all_at(&[3; 512], 1024).unwrap();
    file.sync_data().unwrap();
    assert_eq!(read_all(&sim, Path::new("a")).unwrap()[0], 2);
    let mut expected = vec![1; 2048];
    expected[1024..1536].fill(3);
    assert_eq!(images(&sim), [expected.clone()].into());
    file.write_all_at(&[2; 512], 0).unwrap();
    file.sync_data().unwrap();
    expected[..512].fill(2);
    assert_eq!(images(&sim), [expected].into());
}

/// A killed process loses nothing, but what it had not synced is still in doubt afterwards.
#[test]
fn a_killed_process_loses_nothing_until_the_power_fails() {
    let sim = SimVfs::new(10);
    let file = durable(&sim);
    file.write_all_at(&[2; 2048], 0).unwrap();
    let killed = sim.process_crash(sim.operations());
    assert_eq!(read_all(&killed, Path::new("a")).unwrap(), [2; 2048]);
    assert_eq!(images(&killed).len(), 16);
    let file = killed.open(Path::new("a"), OpenMode::ReadWrite).unwrap();
    file.sync_data().unwrap();
    assert_eq!(images(&killed), [vec![2; 2048]].into());
}

#[derive(Clone, Debug)]
enum Step {
    Create(usize),
    Write(usize, u64, usize),
    Cut(usize, u64),
    Sync(usize),
    Rename(usize, usize),
    Remove(usize),
    SyncDir,
}

fn step() -> impl Strategy<Value = Step> {
    let name = 0..4usize;
    prop_oneof![
        name.clone().prop_map(Step::Create),
        (name.clone(), 0..3000u64, 1..2000usize).prop_map(|(n, at, len)| Step::Write(n, at, len)),
        (name.clone(), 0..3000u64).prop_map(|(n, len)| Step::Cut(n, len)),
        name.clone().prop_map(Step::Sync),
        (name.clone(), name.clone()).prop_map(|(from, to)| Step::Rename(from, to)),
        name.prop_map(Step::Remove),
        Just(Step::SyncDir),
    ]
}

fn tree(vfs: &SimVfs) -> Vec<(String, Vec<u8>)> {
    let names = vfs.read_dir(root()).unwrap();
    let read = |name: String| {
        let bytes = read_all(vfs, Path::new(&name)).unwrap();
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    /// After any steps: image 0 is what the program saw; when everything was synced, every image is;
    /// the same image is the same again; and images can be read whatever was lost.
    #[test]
    fn images_agree_with_the_program(steps in proptest::collection::vec(step(), 1..30)) {
        let sim = SimVfs::new(11);
        let mut seen = vec![tree(&sim)];
        for (n, step) in steps.into_iter().enumerate() {
            let path = |n: usize| std::path::PathBuf::from(["a", "b", "c", "d"][n]);
            let open = |n: usize| sim.open(&path(n), OpenMode::ReadWrite);
            // Steps on names that are not there do nothing.
            let _outcome = match step {
                Step::Create(name) => sim.open(&path(name), OpenMode::CreateNew).map(drop),
                Step::Write(name, at, len) => {
                    open(name).and_then(|file| file.write_all_at(&vec![n as u8 + 1; len], at))
                }
                Step::Cut(name, len) => open(name).and_then(|file| file.set_len(len)),
                Step::Sync(name) => open(name).and_then(|file| file.sync_data()),
                Step::Rename(from, to) => sim.rename(&path(from), &path(to)),
                Step::Remove(name) => sim.remove_file(&path(name)),
                Step::SyncDir => sim.sync_dir(root()),
            };
            while (seen.len() as u64) <= sim.operations() {
                seen.push(tree(&sim));
            }
        }
        for (crash, seen) in (0..).zip(&seen) {
            prop_assert_eq!(&tree(&sim.crash_image(crash, 0)), seen);
            prop_assert_eq!(&tree(&sim.process_crash(crash)), seen);
            for image in 0..6 {
                prop_assert_eq!(
                    tree(&sim.crash_image(crash, image)), tree(&sim.crash_image(crash, image))
                );
            }
        }
        for name in sim.read_dir(root()).unwrap() {
            sim.open(Path::new(&name), OpenMode::Read).unwrap().sync_all().unwrap();
        }
        sim.sync_dir(root()).unwrap();
        for image in 0..10 {
            prop_assert_eq!(&tree(&sim.crash_image(sim.operations(), image)), &tree(&sim));
        }
    }
}
