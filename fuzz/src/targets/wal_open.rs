//! A log directory of hostile files opens or is refused, and what opens can be written and read again.

use std::path::Path;
use std::sync::Arc;

use lumos_wal::{Error, Log, LogOptions, MemVfs, OpenMode, Vfs};

use super::files;
use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let vfs = Arc::new(MemVfs::new());
    let dir = Path::new("wal");
    vfs.create_dir(dir).unwrap();
    let sealed = input.below(2) == 1;
    for number in 1..=4 {
        if input.is_empty() {
            break;
        }
        let mut bytes = input.part().to_vec();
        // The page of the header is not worth the bytes of a fuzzer.
        if bytes.len() > 64 {
            bytes.splice(64..64, std::iter::repeat_n(0, 4_096 - 64));
        }
        if sealed {
            files::log::reseal(&mut bytes);
        }
        let path = dir.join(format!("{number:020}.wal"));
        let file = vfs.open(&path, OpenMode::CreateNew).unwrap();
        file.write_all_at(&bytes, 0).unwrap();
    }
    let open = |seen: &mut u64| {
        Log::open(vfs.clone(), dir, 0, LogOptions::default(), |_, _| {
            *seen += 1;
            Ok::<_, Error>(())
        })
    };
    let mut before = 0;
    if let Ok((mut log, recovery)) = open(&mut before) {
        let first = recovery.last_seqno + 1;
        if log.append(first, &[b"more".to_vec()]).is_ok() && log.sync().is_ok() {
            drop(log);
            let mut after = 0;
            assert!(open(&mut after).is_ok());
            assert_eq!(after, before + 1);
        }
    }
}
