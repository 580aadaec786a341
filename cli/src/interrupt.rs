//! Ctrl-C as a wish to stop at the next commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit code of a program that Ctrl-C ended, as shells expect it.
const INTERRUPTED: i32 = 130;

/// A flag that the first Ctrl-C sets; the second one ends the program at once.
///
/// Ending at once loses nothing that is committed either: it only takes the report along. Call it within
/// the runtime.
pub(crate) fn flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    tokio::spawn(async move {
        // Where signals cannot be caught, Ctrl-C does what it always does.
        while tokio::signal::ctrl_c().await.is_ok() {
            if set.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED);
            }
        }
    });
    flag
}
