//! The built-in embedder: all-MiniLM-L6-v2, 384 numbers a text, in this process, without a network.

mod files;
mod language;
mod pooling;
mod tokens;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use lumos_engine::{EmbedKind, Embedder};
use rayon::prelude::*;
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use tokenizers::Tokenizer;

use crate::error::{Error, Result};
use tokens::Tokens;

/// The model's name.
const NAME: &str = "all-minilm-l6-v2";
/// Numbers in a vector.
const DIMENSION: usize = 384;
/// Word pieces of a text that count, the two that frame it included.
const MAX_TOKENS: usize = 256;
/// Texts the model is run on at once; more gain nothing and leave the cache.
const BATCH_TEXTS: usize = 8;
/// Word pieces, with padding, that the model is run on at once.
const BATCH_TOKENS: usize = 1024;

/// The sentence embedding model all-MiniLM-L6-v2 with weights of 8 bits, for English.
///
/// Vectors have 384 numbers and unit length; cosine compares them. A text's vector does not depend
/// on the texts it is embedded with. All cores are used.
pub struct MiniLm {
    model: Model,
    tokenizer: Tokenizer,
    /// Nodes for token ids, attention mask and token types.
    inputs: [NodeId; 3],
    output: NodeId,
    threads: Arc<ThreadPool>,
}

impl fmt::Debug for MiniLm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MiniLm")
            .field("name", &NAME)
            .finish_non_exhaustive()
    }
}

impl MiniLm {
    /// Loads `model.onnx` and `tokenizer.json` from a folder.
    ///
    /// # Errors
    /// [`Error::Model`] when a file is missing or does not fit.
    pub fn load(folder: &Path) -> Result<Self> {
        let model = files::read(&folder.join(files::MODEL))?;
        let tokenizer = files::read(&folder.join(files::TOKENIZER))?;
        let model = options()
            .load(model)
            .map_err(|error| invalid(error.to_string()))?;
        Self::new(model, &tokenizer)
    }

    /// Loads the model from bytes that are part of the program, such as those of `include_bytes!`.
    ///
    /// # Errors
    /// [`Error::Model`] when the bytes are not the model and its tokenizer.
    pub fn from_bytes(model: &'static [u8], tokenizer: &'static [u8]) -> Result<Self> {
        let model = options()
            .load_static_slice(model)
            .map_err(|error| invalid(error.to_string()))?;
        Self::new(model, tokenizer)
    }

    /// Loads the model from the folder that `LUMOS_MODEL_DIR` names, or from
    /// `models/all-minilm-l6-v2` next to the program or in the folder above it.
    ///
    /// # Errors
    /// [`Error::Model`], which says where it looked.
    pub fn find() -> Result<Self> {
        Self::load(&files::find()?)
    }

    fn new(model: Model, tokenizer: &[u8]) -> Result<Self> {
        let node = |name| {
            model
                .node_id(name)
                .map_err(|error| invalid(error.to_string()))
        };
        let inputs = [
            node("input_ids")?,
            node("attention_mask")?,
            node("token_type_ids")?,
        ];
        let output = node("last_hidden_state")?;
        let tokenizer = tokens::tokenizer(tokenizer).map_err(invalid)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = Arc::new(ThreadPool::with_num_threads(cores));
        Ok(Self {
            model,
            tokenizer,
            inputs,
            output,
            threads,
        })
    }

    /// The vectors of a batch, in order.
    fn run(&self, batch: &[Tokens]) -> lumos_engine::Result<Vec<Vec<f32>>> {
        let (rows, width) = (
            batch.len(),
            batch.iter().map(Tokens::len).max().unwrap_or(0),
        );
        let tensor = |values: Vec<i32>| {
            NdTensor::<i32, 2>::try_from_data([rows, width], values)
                .map_err(|error| failed(error.to_string()))
        };
        let ids = tensor(
            batch
                .iter()
                .flat_map(|tokens| tokens.padded(width))
                .collect(),
        )?;
        let mask = tensor(batch.iter().flat_map(|tokens| tokens.mask(width)).collect())?;
        let types = tensor(vec![0; rows * width])?;
        let [ids_node, mask_node, types_node] = self.inputs;
        let inputs = vec![
            (ids_node, ids.into()),
            (mask_node, mask.into()),
            (types_node, types.into()),
        ];
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let [states] = self
            .model
            .run_n(inputs, [self.output], Some(options))
            .map_err(|error| failed(error.to_string()))?;
        let states: NdTensor<f32, 3> = states
            .try_into()
            .map_err(|_| failed("the model's output has another type"))?;
        if states.shape() != [rows, width, DIMENSION] {
            return Err(failed("the model's output has another shape"));
        }
        let states = states.to_vec();
        batch
            .iter()
            .zip(states.chunks_exact(width * DIMENSION))
            .map(|(tokens, states)| pooling::mean(states, tokens.len(), DIMENSION))
            .map(|vector| vector.ok_or_else(|| failed("the model's output is not finite")))
            .collect()
    }

    fn embed_all(&self, texts: &[&str]) -> lumos_engine::Result<Vec<Vec<f32>>> {
        let tokens: Vec<Tokens> = texts
            .par_iter()
            .map(|text| tokens::encode(&self.tokenizer, text))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(tokens.get(*i).map_or(0, Tokens::len)));
        let sorted: Vec<Tokens> = order
            .iter()
            .filter_map(|i| tokens.get(*i).cloned())
            .collect();
        let batches: Vec<Vec<Vec<f32>>> = batches(&sorted)
            .into_par_iter()
            .map(|batch| self.run(batch))
            .collect::<lumos_engine::Result<_>>()?;
        let mut vectors = vec![Vec::new(); texts.len()];
        for (i, vector) in order.into_iter().zip(batches.into_iter().flatten()) {
            if let Some(slot) = vectors.get_mut(i) {
                *slot = vector;
            }
        }
        Ok(vectors)
    }
}

impl Embedder for MiniLm {
    fn name(&self) -> &str {
        NAME
    }

    fn dimension(&self) -> usize {
        DIMENSION
    }

    fn max_tokens(&self) -> usize {
        MAX_TOKENS
    }

    fn languages(&self) -> &[&str] {
        &["en"]
    }

    fn batch_size(&self) -> usize {
        // Enough for every core to have batches of texts of about one length.
        128
    }

    fn fusion_weight(&self) -> f32 {
        0.7
    }

    fn supports(&self, text: &str) -> bool {
        language::is_latin(text)
    }

    fn embed(&self, texts: &[&str], _: EmbedKind) -> lumos_engine::Result<Vec<Vec<f32>>> {
        self.threads.run(|| self.embed_all(texts))
    }
}

/// Cuts texts that are sorted by length, longest first, into batches of bounded size.
fn batches(sorted: &[Tokens]) -> Vec<&[Tokens]> {
    let mut batches = Vec::new();
    let mut rest = sorted;
    while let Some(longest) = rest.first() {
        let texts = (BATCH_TOKENS / longest.len().max(1)).clamp(1, BATCH_TEXTS);
        let (batch, tail) = rest.split_at(texts.min(rest.len()));
        batches.push(batch);
        rest = tail;
    }
    batches
}

fn options() -> ModelOptions {
    let mut options = ModelOptions::with_all_ops();
    options.prepack_weights(true);
    options
}

fn invalid(detail: impl Into<String>) -> Error {
    Error::Model {
        model: NAME.to_owned(),
        detail: detail.into(),
    }
}

fn failed(detail: impl Into<String>) -> lumos_engine::Error {
    lumos_engine::Error::Embedder {
        model: NAME.to_owned(),
        detail: detail.into(),
    }
}

#[cfg(test)]
mod tests;
