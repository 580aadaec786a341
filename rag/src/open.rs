//! A database and its documents in one step.

use std::path::{Path, PathBuf};

use lumos_engine::{Error as EngineError, Lumos};

use crate::Result;
use crate::rag::{Rag, blocking};

/// The documents of the database in a directory, created when missing, with the built-in model.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> lumos_rag::Result<()> {
/// let rag = lumos_rag::open("./data").await?;
/// println!("{}", rag.add("./docs").await?);
/// println!("{}", rag.ask("How do I rotate keys?").await?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`Lumos::open`].
pub async fn open(path: impl AsRef<Path>) -> Result<Rag> {
    let path: PathBuf = path.as_ref().to_path_buf();
    blocking(move || Rag::new(&Lumos::open(path)?).open()).await
}

/// Documents in `"memory"` or in the directory of this name, with the embedder `"local"` (the built-in
/// model, loaded at once) or `"none"` (keywords only).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> lumos_rag::Result<()> {
/// let rag = lumos_rag::simple("memory", "none").await?;
/// assert!(lumos_rag::simple("memory", "lcoal").await.is_err());
/// # assert_eq!(rag.collection(), "docs");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `E2007` for another embedder; those of [`Lumos::open`]; `E3001` when the model does not load.
pub async fn simple(storage: &str, embedder: &str) -> Result<Rag> {
    let (storage, embedder) = (storage.to_string(), embedder.to_string());
    blocking(move || {
        let local = match embedder.as_str() {
            "local" => true,
            "none" => false,
            other => {
                return Err(EngineError::InvalidArgument {
                    argument: "embedder",
                    detail: format!("\"{other}\" is neither \"local\" nor \"none\""),
                }
                .into());
            }
        };
        let db = match storage.as_str() {
            "memory" => Lumos::memory()?,
            path => Lumos::open(path)?,
        };
        let rag = Rag::new(&db);
        if local {
            // A missing model is told now, not at the first document.
            crate::builtin_embedder()?;
            rag.open()
        } else {
            rag.keywords_only().open()
        }
    })
    .await
}
