//! A log directory of hostile files opens or is refused, and what opens can be written and read again.
#![no_main]

use std::path::Path;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use lumos_wal::{Error, Log, LogOptions, MemVfs, OpenMode, Vfs};

fuzz_target!(|files: Vec<Vec<u8>>| {
    let vfs = Arc::new(MemVfs::new());
    let dir = Path::new("wal");
    if vfs.create_dir(dir).is_err() {
        return;
    }
    for (number, bytes) in files.iter().take(4).enumerate() {
        let path = dir.join(format!("{:020}.wal", number + 1));
        if let Ok(file) = vfs.open(&path, OpenMode::CreateNew) {
            let _ = file.write_all_at(bytes, 0);
        }
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
});
