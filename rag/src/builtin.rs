//! The embedder that is used when none is named, loaded once in a process.

use std::sync::{Arc, Mutex, PoisonError};

use lumos_engine::Embedder;

use crate::{MiniLm, Result};

static LOADED: Mutex<Option<Arc<MiniLm>>> = Mutex::new(None);

/// The built-in embedding model, all-MiniLM-L6-v2 for English: see [`MiniLm`]. It is loaded by the first
/// call and shared by all.
///
/// # Errors
/// [`Error::Model`](crate::Error::Model) when its files are missing or damaged; the next call tries again.
pub fn builtin_embedder() -> Result<Arc<dyn Embedder>> {
    // The lock is held while it loads: whoever comes meanwhile waits for the same model.
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(model) = &*loaded {
        return Ok(Arc::clone(model) as Arc<dyn Embedder>);
    }
    let model = Arc::new(MiniLm::find()?);
    *loaded = Some(Arc::clone(&model));
    Ok(model)
}
