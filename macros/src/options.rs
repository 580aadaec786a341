//! What stands in the parentheses of `#[tool(...)]`.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, Lit, MetaNameValue, Path, Token, parse_quote};

/// The options, with their defaults.
pub(crate) struct Options {
    /// The name, that of the function when `None`.
    pub(crate) name: Option<String>,
    pub(crate) side_effects: bool,
    pub(crate) untrusted: bool,
    /// Seconds, the default of tools when `None`.
    pub(crate) timeout: Option<u64>,
    /// The path of the agent crate.
    pub(crate) agent: Path,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Options {
            name: None,
            side_effects: true,
            untrusted: false,
            timeout: None,
            agent: parse_quote!(::lumos::agent),
        };
        for option in Punctuated::<CrateOrOption, Token![,]>::parse_terminated(input)? {
            option.apply(&mut options)?;
        }
        Ok(options)
    }
}

/// One option; `crate` is a keyword, which no ordinary name is.
enum CrateOrOption {
    Crate(Lit),
    Option(Box<MetaNameValue>),
}

impl Parse for CrateOrOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![crate]) {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            return Ok(CrateOrOption::Crate(input.parse()?));
        }
        Ok(CrateOrOption::Option(Box::new(input.parse()?)))
    }
}

impl CrateOrOption {
    fn apply(self, options: &mut Options) -> syn::Result<()> {
        let option = match self {
            CrateOrOption::Crate(Lit::Str(path)) => {
                options.agent = path.parse()?;
                return Ok(());
            }
            CrateOrOption::Crate(other) => {
                return Err(Error::new_spanned(other, "expected a path in quotes"));
            }
            CrateOrOption::Option(option) => option,
        };
        let Expr::Lit(ExprLit { lit, .. }) = &option.value else {
            return Err(Error::new_spanned(&option.value, "expected a literal"));
        };
        let name = option
            .path
            .get_ident()
            .map(ToString::to_string)
            .unwrap_or_default();
        match (name.as_str(), lit) {
            ("name", Lit::Str(name)) => options.name = Some(name.value()),
            ("side_effects", Lit::Bool(value)) => options.side_effects = value.value,
            ("untrusted", Lit::Bool(value)) => options.untrusted = value.value,
            ("timeout", Lit::Int(seconds)) => options.timeout = Some(seconds.base10_parse()?),
            ("name", _) => return Err(Error::new_spanned(lit, "expected a string")),
            ("side_effects" | "untrusted", _) => {
                return Err(Error::new_spanned(lit, "expected true or false"));
            }
            ("timeout", _) => return Err(Error::new_spanned(lit, "expected whole seconds")),
            _ => {
                let known = "name, side_effects, untrusted, timeout, crate";
                let message = format!("unknown option; there are: {known}");
                return Err(Error::new_spanned(&option.path, message));
            }
        }
        Ok(())
    }
}
