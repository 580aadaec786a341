//! One field of a document.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{GenericArgument, PathArguments, Result, Type};

use super::attribute::{FieldOptions, Mark, VectorSpec};

/// What a field is stored as.
pub(crate) enum Kind {
    Key,
    /// With the name of the analyzer.
    Text(String),
    Vector(VectorSpec),
    Multi(VectorSpec),
    Sparse,
    /// With the variant of `FieldType` that is declared, if any.
    Meta(Option<TokenStream>),
    Skip,
}

pub(crate) struct Field {
    pub(crate) member: Ident,
    pub(crate) rust_type: Type,
    pub(crate) kind: Kind,
    /// The name that is stored.
    name: String,
}

impl Field {
    pub(crate) fn new(field: &syn::Field) -> Result<Self> {
        let options = FieldOptions::of(&field.attrs)?;
        let Some(member) = field.ident.clone() else {
            let message = "a document has named fields";
            return Err(syn::Error::new_spanned(field, message));
        };
        let plain = member.to_string();
        let plain = plain.strip_prefix("r#").unwrap_or(&plain).to_string();
        let kind = match options.mark.map(|(mark, _)| mark) {
            Some(Mark::Key) => Kind::Key,
            Some(Mark::Text(analyzer)) => Kind::Text(analyzer),
            Some(Mark::Vector(spec)) => Kind::Vector(spec),
            Some(Mark::Multi(spec)) => Kind::Multi(spec),
            Some(Mark::Sparse) => Kind::Sparse,
            Some(Mark::Field(kind)) => Kind::Meta(Some(kind)),
            Some(Mark::Skip) => Kind::Skip,
            None => Kind::Meta(meant(&field.ty)),
        };
        Ok(Field {
            member,
            rust_type: field.ty.clone(),
            kind,
            name: options.rename.map_or(plain, |(name, _)| name),
        })
    }

    /// The name it is stored under; `None` for the key and for what is skipped.
    pub(crate) fn stored_name(&self) -> Option<&str> {
        match self.kind {
            Kind::Key | Kind::Skip => None,
            _ => Some(&self.name),
        }
    }

    /// Adds it to `schema`.
    pub(crate) fn declare(&self, expanded: &TokenStream) -> TokenStream {
        let name = &self.name;
        let vector = |spec: &VectorSpec, multi: bool| {
            let VectorSpec {
                dimension,
                metric,
                element,
            } = spec;
            let element = element
                .iter()
                .map(|element| quote!(.element(#expanded::Element::#element)));
            let multi = multi.then(|| quote!(.multi()));
            quote! {
                schema = schema.vector_with(
                    #name,
                    #expanded::VectorField::new(#dimension, #expanded::Metric::#metric)
                        #(#element)* #multi,
                );
            }
        };
        match &self.kind {
            Kind::Key | Kind::Skip | Kind::Meta(None) => TokenStream::new(),
            Kind::Text(analyzer) => quote! {
                schema.texts.insert(
                    ::std::string::String::from(#name),
                    ::std::string::String::from(#analyzer),
                );
            },
            Kind::Vector(spec) => vector(spec, false),
            Kind::Multi(spec) => vector(spec, true),
            Kind::Sparse => quote!(schema = schema.sparse_field(#name);),
            Kind::Meta(Some(kind)) => quote! {
                schema = #expanded::declare(schema, #name, #expanded::FieldType::#kind);
            },
        }
    }

    /// Moves the variable of its name into `lumos_doc`; the key makes it.
    pub(crate) fn put(&self, expanded: &TokenStream) -> TokenStream {
        let (member, name) = (&self.member, &self.name);
        let insert = |kind: TokenStream, into: TokenStream| {
            quote! {
                if let ::core::option::Option::Some(lumos_value) = #expanded::#kind::put(#member) {
                    lumos_doc.#into.insert(::std::string::String::from(#name), lumos_value);
                }
            }
        };
        match &self.kind {
            Kind::Key => quote!(
                #[allow(unused_mut)]
                let mut lumos_doc = #expanded::Doc::new(#expanded::Key::put(&#member));
            ),
            Kind::Text(_) => insert(quote!(Text), quote!(texts)),
            Kind::Vector(_) => insert(quote!(Vector), quote!(vectors)),
            Kind::Sparse => insert(quote!(Sparse), quote!(sparse)),
            Kind::Multi(_) => quote! {
                if let ::core::option::Option::Some(lumos_value) = #expanded::Multi::put(#member, #name)? {
                    lumos_doc.multi.insert(::std::string::String::from(#name), lumos_value);
                }
            },
            Kind::Meta(_) => quote!(#expanded::put_meta(&mut lumos_doc, #name, &#member)?;),
            Kind::Skip => quote!(let _ = #member;),
        }
    }

    /// The member and its value, read from `doc`.
    pub(crate) fn take(&self, expanded: &TokenStream) -> TokenStream {
        let (member, name) = (&self.member, &self.name);
        let take = |kind: TokenStream, from: TokenStream| {
            quote! {
                #member: {
                    let value = #expanded::#kind::take(doc.#from.remove(#name));
                    #expanded::there(&doc, #name, value)?
                }
            }
        };
        match &self.kind {
            Kind::Key => quote!(#member: #expanded::Key::take(&doc.key)?),
            Kind::Text(_) => take(quote!(Text), quote!(texts)),
            Kind::Vector(_) => take(quote!(Vector), quote!(vectors)),
            Kind::Multi(_) => take(quote!(Multi), quote!(multi)),
            Kind::Sparse => take(quote!(Sparse), quote!(sparse)),
            Kind::Meta(_) => quote!(#member: #expanded::take_meta(&mut doc, #name)?),
            Kind::Skip => quote!(#member: ::core::default::Default::default()),
        }
    }
}

/// The type of metadata that a Rust type can only mean, `None` for all others.
fn meant(kind: &Type) -> Option<TokenStream> {
    let path = match kind {
        Type::Path(path) if path.qself.is_none() => &path.path,
        Type::Paren(inner) => return meant(&inner.elem),
        Type::Group(inner) => return meant(&inner.elem),
        _ => return None,
    };
    let last = path.segments.last()?;
    match last.ident.to_string().as_str() {
        "bool" => Some(quote!(Bool)),
        "i8" | "i16" | "i32" | "i64" | "isize" | "u8" | "u16" | "u32" | "u64" | "usize" => {
            Some(quote!(Int))
        }
        "f32" | "f64" => Some(quote!(Float)),
        "String" => Some(quote!(Text)),
        "Option" | "Vec" => {
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return None;
            };
            match arguments.args.first()? {
                GenericArgument::Type(inner) => meant(inner),
                _ => None,
            }
        }
        _ => None,
    }
}
