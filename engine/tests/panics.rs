//! A panic in the background stops neither the process nor the database: it is told like any other
//! failure, and the work is tried again.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lumos_engine::{Doc, Error, Lumos};
use lumos_wal::{LockKind, MemVfs, OpenMode, Vfs, VfsFile, VfsLock};

/// How long the background may take to speak, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file system that panics when a segment file is begun.
#[derive(Debug, Default)]
struct Panicky {
    files: MemVfs,
    armed: AtomicBool,
    panics: AtomicU64,
}

impl Vfs for Panicky {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let segment = path.to_string_lossy().contains(".seg");
        if segment && mode == OpenMode::CreateNew && self.armed.load(Ordering::SeqCst) {
            self.panics.fetch_add(1, Ordering::SeqCst);
            panic!("planted in the file system");
        }
        self.files.open(path, mode)
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        self.files.read_dir(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.files.exists(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.files.create_dir(path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.files.remove_file(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.files.rename(from, to)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.files.sync_dir(path)
    }

    fn try_lock(&self, path: &Path, kind: LockKind) -> io::Result<Option<Box<dyn VfsLock>>> {
        self.files.try_lock(path, kind)
    }
}

fn doc(n: u64) -> Doc {
    Doc::new(format!("k{n:06}"))
        .text(format!("number {n} of many"))
        .vector([n as f32, 1.0])
}

#[test]
fn a_panic_in_the_background_is_told_and_passes() {
    let vfs = Arc::new(Panicky::default());
    let open = || {
        let options = Lumos::options().vfs(vfs.clone());
        options.max_wal_bytes(64 << 10).open("db").unwrap()
    };
    let db = open();
    let docs = db.collection("docs").unwrap();
    vfs.armed.store(true, Ordering::SeqCst);
    let mut written = 0;
    // Counted in time, not in writes: printing the panic's backtrace takes as long as it takes.
    let begun = Instant::now();
    let refused = loop {
        match docs.put(doc(written)) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(begun.elapsed() < PATIENCE, "nothing was told");
    };
    assert!(matches!(refused, Error::Background { .. }), "{refused}");
    assert!(refused.to_string().contains("planted in the file system"));
    assert!(db.stats().background_error.unwrap().contains("panicked"));
    // Told once; reads and the log go on, and so does what is asked for by hand.
    for n in written..written + 100 {
        docs.put(doc(n)).unwrap();
    }
    written += 100;
    assert_eq!(docs.count().unwrap(), written);
    assert_eq!(docs.search("many").limit(10).run().unwrap().len(), 10);

    vfs.armed.store(false, Ordering::SeqCst);
    let begun = Instant::now();
    while db.stats().background_error.is_some() || db.stats().collections[0].segments == 0 {
        assert!(begun.elapsed() < PATIENCE, "it never goes on");
        let _ = docs.put(doc(0));
        thread::sleep(Duration::from_millis(5));
    }
    assert!(vfs.panics.load(Ordering::SeqCst) > 0);
    db.compact().unwrap();
    assert_eq!(docs.count().unwrap(), written);
    drop((docs, db));
    assert_eq!(open().snapshot().count("docs"), written);
}
