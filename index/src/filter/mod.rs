//! The filter language: parsed from text or built in Rust, evaluated to an exact set of rows.

mod builder;
mod column;
mod display;
mod error;
mod eval;
mod expr;
mod lex;
mod parse;
mod path;
mod sealed;
mod value;

pub use builder::{Field, IntoFilter, field};
pub use column::{Columns, MemoryColumns};
pub use error::FilterError;
pub use eval::eval;
pub use expr::Filter;
pub use path::{path_join, path_keys};
pub use sealed::SealedColumns;
pub use value::{Literal, is_date};
pub(crate) use value::{Num, instant};

#[cfg(test)]
mod tests;
