//! The embedding model: part of the program, or in the folder that `LUMOS_MODEL_DIR` names.

use std::sync::Arc;

use lumos::Embedder;
use lumos::rag::MiniLm;

use crate::failure::Result;

#[cfg(feature = "embedded-model")]
static MODEL: &[u8] = include_bytes!("../../models/all-minilm-l6-v2/model.onnx");
#[cfg(feature = "embedded-model")]
static TOKENIZER: &[u8] = include_bytes!("../../models/all-minilm-l6-v2/tokenizer.json");

/// Loads the model; a folder that the environment names wins over the one that is built in.
pub(crate) fn embedder() -> Result<Arc<dyn Embedder>> {
    Ok(Arc::new(load()?))
}

#[cfg(feature = "embedded-model")]
fn load() -> Result<MiniLm> {
    if std::env::var_os("LUMOS_MODEL_DIR").is_some() {
        return Ok(MiniLm::find()?);
    }
    Ok(MiniLm::from_bytes(MODEL, TOKENIZER)?)
}

#[cfg(not(feature = "embedded-model"))]
fn load() -> Result<MiniLm> {
    Ok(MiniLm::find()?)
}
