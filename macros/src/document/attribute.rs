//! What stands in the parentheses of `#[document(...)]`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::{Attribute, Error, Expr, Ident, LitStr, Path, Result, Token, parenthesized, parse_quote};

/// The options of the struct.
pub(crate) struct StructOptions {
    /// The path of the crate that has `Document`.
    pub(crate) krate: Path,
    /// Whether the struct brings its own `Deserialize`.
    pub(crate) own_serde: bool,
}

impl StructOptions {
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut options = StructOptions {
            krate: parse_quote!(::lumos),
            own_serde: false,
        };
        each(attributes, |meta| {
            if meta.path.is_ident("crate") {
                options.krate = meta.value()?.parse::<LitStr>()?.parse()?;
            } else if meta.path.is_ident("serde") {
                options.own_serde = true;
            } else {
                return Err(meta.error("unknown option of a document; there are: serde, crate"));
            }
            Ok(())
        })?;
        Ok(options)
    }
}

/// A vector field: dimension, metric, and what the numbers are kept as.
pub(crate) struct VectorSpec {
    pub(crate) dimension: Expr,
    pub(crate) metric: TokenStream,
    pub(crate) element: Option<TokenStream>,
}

impl VectorSpec {
    fn parse(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        if !meta.input.peek(syn::token::Paren) {
            return Err(meta.error("expected a dimension and a metric, as in vector(384, cosine)"));
        }
        let content;
        parenthesized!(content in meta.input);
        let dimension: Expr = content.parse()?;
        let comma = content.parse::<Token![,]>();
        comma
            .map_err(|error| Error::new(error.span(), "expected a metric, as in (384, cosine)"))?;
        let metric = metric(&content.parse()?)?;
        let mut element = None;
        if content.parse::<Option<Token![,]>>()?.is_some() && !content.is_empty() {
            element = Some(self::element(&content.parse()?)?);
            content.parse::<Option<Token![,]>>()?;
        }
        nothing_left(&content)?;
        Ok(VectorSpec {
            dimension,
            metric,
            element,
        })
    }
}

fn metric(name: &Ident) -> Result<TokenStream> {
    Ok(match name.to_string().as_str() {
        "cosine" => quote!(Cosine),
        "dot" => quote!(Dot),
        "l2" => quote!(L2),
        "l1" => quote!(L1),
        "hamming" => quote!(Hamming),
        "jaccard" => quote!(Jaccard),
        _ => {
            let message = "unknown metric; there are: cosine, dot, l2, l1, hamming, jaccard";
            return Err(Error::new(name.span(), message));
        }
    })
}

fn element(name: &Ident) -> Result<TokenStream> {
    Ok(match name.to_string().as_str() {
        "f32" => quote!(F32),
        "f16" => quote!(F16),
        "bf16" => quote!(Bf16),
        "i8" => quote!(I8),
        "bits" => quote!(Bits),
        _ => {
            let message = "unknown element; there are: f32, f16, bf16, i8, bits";
            return Err(Error::new(name.span(), message));
        }
    })
}

/// What a field is marked as.
pub(crate) enum Mark {
    Key,
    /// With the name of the analyzer.
    Text(String),
    Vector(VectorSpec),
    Multi(VectorSpec),
    Sparse,
    /// With the variant of `FieldType`.
    Field(TokenStream),
    Skip,
}

/// The options of a field.
#[derive(Default)]
pub(crate) struct FieldOptions {
    /// The mark, and where it is.
    pub(crate) mark: Option<(Mark, Span)>,
    /// The name that is stored, and where it is given.
    pub(crate) rename: Option<(String, Span)>,
}

impl FieldOptions {
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut options = FieldOptions::default();
        each(attributes, |meta| {
            let span = meta
                .path
                .get_ident()
                .map_or_else(Span::call_site, Ident::span);
            if meta.path.is_ident("rename") {
                let name: LitStr = meta.value()?.parse()?;
                if name.value().is_empty() {
                    return Err(Error::new(name.span(), "a field has a name"));
                }
                options.rename = Some((name.value(), name.span()));
                return Ok(());
            }
            let mark = mark(&meta)?;
            if options.mark.is_some() {
                let message = "a field is one of key, text, vector, multi, sparse, field and skip";
                return Err(Error::new(span, message));
            }
            options.mark = Some((mark, span));
            Ok(())
        })?;
        if let (Some((Mark::Key | Mark::Skip, _)), Some((_, at))) = (&options.mark, &options.rename)
        {
            let message = "what is the key or is skipped is not stored under a name";
            return Err(Error::new(*at, message));
        }
        Ok(options)
    }
}

fn mark(meta: &ParseNestedMeta<'_>) -> Result<Mark> {
    let name = meta
        .path
        .get_ident()
        .map(Ident::to_string)
        .unwrap_or_default();
    Ok(match name.as_str() {
        "key" => Mark::Key,
        "skip" => Mark::Skip,
        "sparse" => Mark::Sparse,
        "text" => Mark::Text(analyzer(meta)?),
        "vector" => Mark::Vector(VectorSpec::parse(meta)?),
        "multi" => Mark::Multi(VectorSpec::parse(meta)?),
        "field" => Mark::Field(field_type(meta)?),
        _ => {
            return Err(meta.error(
                "unknown option of a field; there are: key, text, vector, multi, sparse, field, \
                 skip, rename",
            ));
        }
    })
}

fn analyzer(meta: &ParseNestedMeta<'_>) -> Result<String> {
    let mut analyzer = "default".to_string();
    if meta.input.peek(syn::token::Paren) {
        meta.parse_nested_meta(|inner| {
            if !inner.path.is_ident("analyzer") {
                return Err(inner.error("expected analyzer = \"...\""));
            }
            analyzer = inner.value()?.parse::<LitStr>()?.value();
            Ok(())
        })?;
    }
    Ok(analyzer)
}

fn field_type(meta: &ParseNestedMeta<'_>) -> Result<TokenStream> {
    const KNOWN: &str = "bool, int, float, text, date";
    if !meta.input.peek(syn::token::Paren) {
        return Err(meta.error(format!(
            "expected a type, as in field(date); there are: {KNOWN}"
        )));
    }
    let content;
    parenthesized!(content in meta.input);
    let name: Ident = content.parse()?;
    nothing_left(&content)?;
    Ok(match name.to_string().as_str() {
        "bool" => quote!(Bool),
        "int" => quote!(Int),
        "float" => quote!(Float),
        "text" => quote!(Text),
        "date" => quote!(Date),
        _ => {
            let message = format!("unknown type of a field; there are: {KNOWN}");
            return Err(Error::new(name.span(), message));
        }
    })
}

fn nothing_left(content: ParseStream<'_>) -> Result<()> {
    match content.is_empty() {
        true => Ok(()),
        false => Err(content.error("expected nothing more")),
    }
}

fn each(
    attributes: &[Attribute],
    mut visit: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    for attribute in attributes {
        if attribute.path().is_ident("document") {
            attribute.parse_nested_meta(&mut visit)?;
        }
    }
    Ok(())
}
