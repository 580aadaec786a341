//! What time it is for `now()` in filters.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The system's clock, or one that was set.
#[derive(Clone, Default)]
pub(crate) struct Clock(Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>);

impl Clock {
    pub(crate) fn new(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Clock {
        Clock(Some(Arc::new(clock)))
    }

    /// Nanoseconds since 1970.
    pub(crate) fn now(&self) -> i128 {
        let now = self
            .0
            .as_ref()
            .map_or_else(SystemTime::now, |clock| clock());
        let nanos =
            |since: std::time::Duration| i128::try_from(since.as_nanos()).unwrap_or(i128::MAX);
        match now.duration_since(UNIX_EPOCH) {
            Ok(since) => nanos(since),
            Err(before) => -nanos(before.duration()),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Clock(set)"
        } else {
            "Clock(system)"
        })
    }
}
