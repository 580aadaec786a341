//! Procedural macros of Lumos. Use them through the crate `lumos`.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod function;
mod options;

use proc_macro::TokenStream;
use syn::{ItemFn, parse_macro_input};

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
