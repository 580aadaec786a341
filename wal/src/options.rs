//! Settings of the log.

/// Settings of a [`Log`](crate::Log).
#[derive(Clone, Debug)]
pub struct LogOptions {
    pub(crate) rotate_bytes: u64,
    pub(crate) preallocate_bytes: u64,
    pub(crate) recycle_files: usize,
    pub(crate) retain_bytes: u64,
    pub(crate) salt_seed: Option<u64>,
}

impl Default for LogOptions {
    fn default() -> Self {
        LogOptions {
            rotate_bytes: 64 << 20,
            preallocate_bytes: 256 << 10,
            recycle_files: 2,
            retain_bytes: 0,
            salt_seed: None,
        }
    }
}

impl LogOptions {
    /// A file that would grow past this many bytes is closed and a new one begun (default 64 MiB).
    #[must_use]
    pub fn rotate_bytes(mut self, bytes: u64) -> Self {
        self.rotate_bytes = bytes;
        self
    }

    /// How many bytes of zeros a new file begins with (default 256 KiB, at least 8 KiB). When they are
    /// used up the file grows by four times as many, and each time by four times the last step, up
    /// to 16 MiB and to the size at which files are closed.
    #[must_use]
    pub fn preallocate_bytes(mut self, bytes: u64) -> Self {
        self.preallocate_bytes = bytes.clamp(8192, 64 << 20);
        self
    }

    /// How many released files are kept for use as new ones (default 2).
    #[must_use]
    pub fn recycle_files(mut self, files: usize) -> Self {
        self.recycle_files = files;
        self
    }

    /// Released files are kept, the newest first, until they hold this many bytes of frames, for those
    /// who read the log as a feed (default 0).
    #[must_use]
    pub fn retain_bytes(mut self, bytes: u64) -> Self {
        self.retain_bytes = bytes;
        self
    }

    /// Derives the salts of the files from a seed instead of chance, so that a test can be repeated.
    #[must_use]
    pub fn salt_seed(mut self, seed: u64) -> Self {
        self.salt_seed = Some(seed);
        self
    }
}
