//! Processes that read the log while another one writes it.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::MemVfs;
use crate::vfs::{LockKind, VfsFile, VfsLock};

/// A reader follows a writer that appends, grows and rotates files: each replay is a prefix with
/// everything that was written when it began, and no error.
#[test]
fn a_reader_beside_a_writer_sees_a_prefix_and_no_error() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (written, done) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut first = 1;
            while first <= 3000 {
                let (mut log, ..) = open(&vfs, 0).unwrap();
                for _ in 0..40 {
                    let batch: Vec<_> = (first..first + 5).map(|n| payload(n, 100)).collect();
                    log.append(first, &batch).unwrap();
                    first += 5;
                    written.store(first - 1, Ordering::SeqCst);
                }
            }
            done.store(true, Ordering::SeqCst);
        });
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let before = written.load(Ordering::SeqCst);
                let (found, recovery) = replay(&*vfs, 0).unwrap();
                assert!(recovery.last_seqno >= before);
                assert_eq!(found, frames(1..=recovery.last_seqno, 100));
            }
        });
    });
}

/// The writer releases and reuses files under the hands of a reader: what was written before the
/// replay began is in it, or the reader is told that the log moved on.
#[test]
fn a_reader_is_told_when_files_are_released_under_it() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    let (written, released) = (AtomicU64::new(0), AtomicU64::new(0));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut log, ..) = open(&vfs, 0).unwrap();
            for seqno in 1..=3000 {
                log.append(seqno, &[payload(seqno, 500)]).unwrap();
                written.store(seqno, Ordering::SeqCst);
                if seqno % 50 == 0 {
                    released.store(seqno - 5, Ordering::SeqCst);
                    log.release(seqno - 5).unwrap();
                }
            }
            done.store(true, Ordering::SeqCst);
        });
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let floor = released.load(Ordering::SeqCst);
                let before = written.load(Ordering::SeqCst);
                match replay(&*vfs, floor) {
                    Ok((found, recovery)) => {
                        assert!(recovery.last_seqno >= before);
                        assert_eq!(found, frames(floor + 1..=recovery.last_seqno, 500));
                    }
                    Err(Error::LogMoved { .. }) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
        });
    });
}

/// A reader changes nothing, whatever it finds.
#[test]
fn a_reader_changes_nothing() {
    let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
    assert_eq!(replay(&*vfs, 3).unwrap().1.last_seqno, 3);
    assert!(!vfs.exists(dir()).unwrap());
    let (mut log, ..) = open(&vfs, 0).unwrap();
    log.append(1, &[payload(1, 100), payload(2, 100)]).unwrap();
    kill(log);
    let path = dir().join(log_name(1));
    let mut bytes = read_all(&*vfs, &path).unwrap();
    bytes[4096 + 152 + 60] ^= 1;
    let torn = with_bytes(&*vfs, &log_name(1), &bytes);
    let (found, recovery) = replay(&*torn, 0).unwrap();
    assert_eq!(found, frames(1..=1, 100));
    assert!(recovery.truncated_bytes > 0);
    assert_eq!(read_all(&*torn, &path).unwrap(), bytes);
}

type Hook = Box<dyn Fn(&dyn Vfs) + Send + Sync>;

/// Runs a hook before the directory is listed or a file is read for the n-th time.
#[derive(Clone)]
struct Interrupted {
    inner: Arc<dyn Vfs>,
    countdown: Arc<AtomicU64>,
    hook: Arc<Hook>,
}

impl Interrupted {
    fn new(inner: &Arc<dyn Vfs>, n: u64, hook: impl Fn(&dyn Vfs) + Send + Sync + 'static) -> Self {
        Interrupted {
            inner: inner.clone(),
            countdown: Arc::new(AtomicU64::new(n)),
            hook: Arc::new(Box::new(hook)),
        }
    }

    fn step(&self) {
        if self.countdown.fetch_sub(1, Ordering::SeqCst) == 1 {
            (self.hook)(&*self.inner);
        }
    }
}

impl std::fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Interrupted")
    }
}

impl Vfs for Interrupted {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        self.step();
        let file = self.inner.open(path, mode)?;
        Ok(Arc::new(InterruptedFile(file, self.clone())))
    }
    fn read_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        self.step();
        self.inner.read_dir(path)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.inner.exists(path)
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.inner.create_dir(path)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.inner.remove_file(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.inner.sync_dir(path)
    }
    fn try_lock(&self, path: &Path, kind: LockKind) -> io::Result<Option<Box<dyn VfsLock>>> {
        self.inner.try_lock(path, kind)
    }
}

#[derive(Debug)]
struct InterruptedFile(Arc<dyn VfsFile>, Interrupted);

impl VfsFile for InterruptedFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.1.step();
        self.0.read_at(buf, offset)
    }
    fn len(&self) -> io::Result<u64> {
        self.1.step();
        self.0.len()
    }
    fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        unreachable!("a reader writes nothing")
    }
    fn sync_data(&self) -> io::Result<()> {
        unreachable!("a reader syncs nothing")
    }
    fn sync_all(&self) -> io::Result<()> {
        unreachable!("a reader syncs nothing")
    }
    fn set_len(&self, _: u64) -> io::Result<()> {
        unreachable!("a reader cuts nothing")
    }
    fn as_std(&self) -> Option<&std::fs::File> {
        None
    }
}

/// The writer did one thing between any two steps of a reader: the reader never calls that damage,
/// and a result that is not `LogMoved` has everything that was there when it began.
fn interrupted_at_every_step(
    rotate: u64,
    prepare: impl Fn(&mut Log),
    floor: Seqno,
    act: impl Fn(&mut Log) + Send + Sync + Clone + 'static,
) {
    for n in 1.. {
        let vfs: Arc<dyn Vfs> = Arc::new(MemVfs::new());
        let (mut log, ..) = open_with(&vfs, 0, options().rotate_bytes(rotate)).unwrap();
        prepare(&mut log);
        let before = log.last_seqno();
        let log = Arc::new(std::sync::Mutex::new(log));
        let (writer, act) = (log.clone(), act.clone());
        let reader = Interrupted::new(&vfs, n, move |_| act(&mut writer.lock().unwrap()));
        match replay(&reader, floor) {
            Ok((found, recovery)) => {
                assert!(recovery.last_seqno >= before, "step {n}");
                assert_eq!(
                    found,
                    frames(floor + 1..=recovery.last_seqno, 1000),
                    "step {n}"
                );
            }
            Err(Error::LogMoved { .. }) => {}
            Err(other) => panic!("step {n}: {other:?}"),
        }
        let remaining = reader.countdown.load(Ordering::SeqCst);
        if remaining > 0 && remaining <= n {
            assert!(n > 5, "only {n} steps");
            return;
        }
    }
}

/// A file that nobody needs was removed while the reader looked at it.
#[test]
fn a_file_below_the_floor_may_vanish_under_a_reader() {
    interrupted_at_every_step(
        16 << 10,
        |log| commit(log, 1..=50, 1000),
        45,
        |log| log.release(44).unwrap(),
    );
}

/// The last file was released, reused and written over while the reader read it.
#[test]
fn a_file_reused_under_a_reader_is_not_taken_for_a_torn_tail() {
    interrupted_at_every_step(
        16 << 10,
        |log| commit(log, 1..=5, 1000),
        0,
        |log| {
            log.release(5).unwrap();
            // Over every old frame: those of another salt are no frames.
            commit(log, 6..=12, 1000);
        },
    );
}

/// A batch grew the file while the reader read it: it is longer than the reader thought, not shorter.
#[test]
fn a_file_that_grows_under_a_reader_is_not_cut_short() {
    interrupted_at_every_step(
        1 << 20,
        |log| commit(log, 1..=1, 1000),
        0,
        |log| {
            let batch: Vec<_> = (2..=50).map(|n| payload(n, 1000)).collect();
            log.append(2, &batch).unwrap();
        },
    );
}
