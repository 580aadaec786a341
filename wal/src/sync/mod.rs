//! The locks and threads of the storage crates: `parking_lot` and the system's threads, or, with the
//! feature `shuttle`, ones of which a test chooses every interleaving.
//!
//! The feature is for tests. A program built with it works only inside a run of the `shuttle` scheduler.
//! Atomic counters are not replaced: none of them orders anything.

#[cfg(feature = "shuttle")]
mod modelled;

#[cfg(feature = "shuttle")]
pub use modelled::{
    Condvar, Mutex, MutexGuard, OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
#[cfg(not(feature = "shuttle"))]
pub use parking_lot::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
/// The standard library's, because it wakes all who wait with one call and lets them go without a lock.
#[cfg(not(feature = "shuttle"))]
pub use std::sync::OnceLock;

/// Threads, to be started with a name.
pub mod thread {
    #[cfg(feature = "shuttle")]
    pub use shuttle::thread::{Builder, JoinHandle};
    #[cfg(not(feature = "shuttle"))]
    pub use std::thread::{Builder, JoinHandle};
}
