//! The mark that a write or sync failed and that nothing may be written any more.

use std::sync::{Arc, OnceLock};

use crate::error::{Error, Result};

/// Shared by the log and the committer; once set it stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Poison {
    cause: Arc<OnceLock<String>>,
}

impl Poison {
    pub(crate) fn check(&self) -> Result<()> {
        match self.cause.get() {
            None => Ok(()),
            Some(detail) => Err(Error::Poisoned {
                detail: detail.clone(),
            }),
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.cause.get().is_some()
    }

    /// Sets the mark; the first cause is kept.
    fn set(&self, detail: String) {
        self.cause.get_or_init(|| detail);
    }

    /// Sets the mark and passes the error on.
    pub(crate) fn because(&self, error: Error) -> Error {
        self.set(match &error {
            Error::Poisoned { detail } => detail.clone(),
            other => other.to_string(),
        });
        error
    }
}
