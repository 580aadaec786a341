//! From files to stored documents, in two parts that may each be interrupted at any point.
//!
//! First the text of every file is committed, with its record and the list of what is to be embedded, in
//! one batch for each file; then that is embedded, a few hundred texts a batch, each batch with the entries
//! of the cache and what it strikes off the list. The store's state after any batch is one to go on from.

mod add;
mod corpus;
pub(crate) mod layout;
mod record;
mod report;
mod texts;
mod vectors;

pub use add::Add;
pub use report::{AddReport, Phase, Progress};
