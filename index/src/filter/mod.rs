//! The filter language: parsed from text or built in Rust, evaluated to an exact set of rows.

mod builder;
mod column;
mod display;
mod error;
mod eval;
mod expr;
mod geo;
mod lex;
mod now;
mod parse;
mod path;
mod pattern;
mod polygon;
mod region;
mod rows;
mod sealed;
mod side;
mod value;
mod words;

pub use builder::{Field, IntoFilter, Length, element, field};
pub use column::{Columns, MemoryColumns};
pub use error::FilterError;
pub(crate) use error::distance;
pub use eval::eval;
pub use expr::Filter;
pub(crate) use geo::Point;
pub use now::{Now, now};
pub(crate) use path::{inside, join, normalise, split, unquote};
pub use path::{normalise as metadata_path, path_join, path_keys};
pub use rows::{FilterRows, Sides, WordsOf};
pub use sealed::SealedColumns;
pub use side::{Side, SideKey, SideKind, places};
pub use value::{Literal, is_date};
pub(crate) use value::{Num, instant};

#[cfg(test)]
mod tests;
