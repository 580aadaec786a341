//! Procedural macros of Lumos. Use them through the crate `lumos`.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod document;
mod function;
mod options;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemFn, parse_macro_input};

use self::options::Options;

/// Makes a tool of a function: the function `weather` stays as it is, and beside it there is
/// `weather_tool()`, which gives an `Arc<dyn Tool>` to hand to an agent.
///
/// The doc comment is the description that the model reads. Each argument becomes a property of the
/// JSON Schema, with its own doc comment as description; `Option` makes it optional. Arguments need
/// `serde::Deserialize` and `schemars::JsonSchema`, which the types of the standard library have. What is
/// returned, or the value of a `Result`, is given to the model as JSON, or as it displays; the error of a
/// `Result` as it displays. A function that is not `async` runs on a thread that may block.
///
/// Options: `#[tool(name = "...", side_effects = false, untrusted = true, timeout = 10)]`: another name
/// than that of the function; that it neither writes, executes nor uses the network (default: it does);
/// that nobody vouches for what it returns (default: somebody does); seconds that it may take (default
/// 60). `crate = "..."` is the path of `lumos::agent`, for those who rename it.
#[proc_macro_attribute]
pub fn tool(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as Options);
    let function = parse_macro_input!(item as ItemFn);
    function::expand(options, function)
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}

/// Makes a struct a document: `Document` turns it into what a collection stores and back, and says what the
/// schema of the collection is.
///
/// | a field | is |
/// |---|---|
/// | `#[document(key)]` | the key, of a type that is written and read as text: `String`, `u64` |
/// | `#[document(text)]`, `text(analyzer = "...")` | a text field: `String` or `Option<String>` |
/// | `#[document(vector(384, cosine))]`, `vector(384, dot, f16)` | a vector field: `Vec<f32>`, `Option<Vec<f32>>`, `[f32; 384]` |
/// | `#[document(multi(128, cosine))]` | a field of several vectors: `MultiVector`, `Vec<Vec<f32>>`, `Option` |
/// | `#[document(sparse)]` | a sparse vector field: `SparseVector`, `Option<SparseVector>` |
/// | `#[document(field(date))]` | metadata that the schema declares: bool, int, float, text, date |
/// | `#[document(skip)]` | not stored; `Default` when read |
/// | without an attribute | metadata; `bool`, integers, floats and `String` are declared, also in `Option` and `Vec` |
///
/// Metadata is anything that serde serialises and deserialises. `rename = "..."` stores a field under another
/// name. Metrics are cosine, dot, l2, l1, hamming, jaccard. A struct may have type parameters and no
/// lifetimes.
///
/// The macro also implements `serde::Deserialize`, so that `hit.parse::<Note>()` works; put
/// `#[document(serde)]` on a struct that brings its own. `#[document(crate = "...")]` is the path of
/// `lumos`, for those who rename it.
#[proc_macro_derive(Document, attributes(document))]
pub fn derive_document(item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as DeriveInput);
    document::expand(&input)
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}
