//! What the storage crates use of `parking_lot`, over the scheduler of `shuttle`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;
use std::time::Duration;

use shuttle::rand::Rng;
use shuttle::sync;

pub use shuttle::sync::{RwLockReadGuard, RwLockWriteGuard};

/// A lock that a panic does not poison.
#[derive(Default)]
pub struct Mutex<T: ?Sized>(sync::Mutex<T>);

/// Holds a [`Mutex`].
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a sync::Mutex<T>,
    /// Empty only while a condition is waited for.
    held: Option<sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    /// A lock that nobody holds.
    pub const fn new(value: T) -> Self {
        Mutex(sync::Mutex::new(value))
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        MutexGuard {
            mutex: &self.0,
            held: Some(held),
        }
    }

    /// Takes the lock if it is free.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let held = match self.0.try_lock() {
            Ok(held) => held,
            Err(std::sync::TryLockError::Poisoned(error)) => error.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => return None,
        };
        Some(MutexGuard {
            mutex: &self.0,
            held: Some(held),
        })
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[expect(clippy::expect_used, reason = "empty only inside of Condvar")]
    fn deref(&self) -> &T {
        self.held.as_ref().expect("held")
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[expect(clippy::expect_used, reason = "empty only inside of Condvar")]
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("held")
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A condition that threads wait for.
#[derive(Debug, Default)]
pub struct Condvar(sync::Condvar);

/// How a wait with a limit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time was over.
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// A condition that nobody waits for.
    pub const fn new() -> Self {
        Condvar(sync::Condvar::new())
    }

    /// Waits to be notified; the lock is free meanwhile.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        if let Some(held) = guard.held.take() {
            let held = self.0.wait(held);
            guard.held = Some(held.unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Lets others run and returns, with or without the time being over: there is no clock here, and a
    /// wait that may end at any moment may end at this one.
    pub fn wait_for<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        _timeout: Duration,
    ) -> WaitTimeoutResult {
        guard.held = None;
        shuttle::thread::yield_now();
        let held = guard.mutex.lock();
        guard.held = Some(held.unwrap_or_else(PoisonError::into_inner));
        WaitTimeoutResult(shuttle::rand::thread_rng().gen_bool(0.5))
    }

    /// Wakes one that waits.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all that wait.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// A value that is set once and can be waited for.
pub struct OnceLock<T> {
    /// Set before the flag.
    value: std::sync::OnceLock<T>,
    is_set: Mutex<bool>,
    set: Condvar,
}

impl<T> OnceLock<T> {
    /// Without a value.
    pub const fn new() -> Self {
        OnceLock {
            value: std::sync::OnceLock::new(),
            is_set: Mutex::new(false),
            set: Condvar::new(),
        }
    }

    /// The value if it is set.
    pub fn get(&self) -> Option<&T> {
        let is_set = *self.is_set.lock();
        self.value.get().filter(|_| is_set)
    }

    /// Sets the value.
    ///
    /// # Errors
    /// Gives it back when there is one already.
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut is_set = self.is_set.lock();
        self.value.set(value)?;
        *is_set = true;
        self.set.notify_all();
        Ok(())
    }

    /// Waits for the value.
    #[expect(clippy::expect_used, reason = "set before the flag")]
    pub fn wait(&self) -> &T {
        let mut is_set = self.is_set.lock();
        while !*is_set {
            self.set.wait(&mut is_set);
        }
        self.value.get().expect("set")
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        OnceLock::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        OnceLock {
            value: std::sync::OnceLock::from(value),
            is_set: Mutex::new(true),
            set: Condvar::new(),
        }
    }
}

/// A lock with one writer or many readers that a panic does not poison.
#[derive(Default)]
pub struct RwLock<T: ?Sized>(sync::RwLock<T>);

impl<T> RwLock<T> {
    /// A lock that nobody holds.
    pub const fn new(value: T) -> Self {
        RwLock(sync::RwLock::new(value))
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until nobody writes. A thread that reads already must not read again: a writer that waits in
    /// between would stop both, and the scheduler reports it.
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody reads or writes.
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
