//! The code that stands for a tool.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, ItemFn, Lit, Meta, Pat, Result, ReturnType, Type,
};

use crate::options::Options;

/// An argument of the function.
struct Argument {
    name: Ident,
    kind: Type,
    description: Option<String>,
}

pub(crate) fn expand(options: Options, mut function: ItemFn) -> Result<TokenStream> {
    let signature = &function.sig;
    let name = signature.ident.clone();
    if !signature.generics.params.is_empty() {
        let message = "a tool has no generic parameters: its schema is of definite types";
        return Err(Error::new_spanned(&signature.generics, message));
    }
    let Some(description) = description(&function.attrs) else {
        let message = "a tool needs a doc comment: the model reads it";
        return Err(Error::new_spanned(&name, message));
    };
    let is_async = signature.asyncness.is_some();
    let fails = returns_result(&signature.output);
    let arguments = function
        .sig
        .inputs
        .iter_mut()
        .map(argument)
        .collect::<Result<Vec<Argument>>>()?;

    let agent = &options.agent;
    let expanded = quote!(#agent::expanded);
    let names: Vec<&Ident> = arguments.iter().map(|argument| &argument.name).collect();
    let take = arguments.iter().map(|Argument { name, kind, .. }| {
        let key = key(name);
        quote!(let #name = #expanded::argument::<#kind>(&mut arguments, #key)?;)
    });
    let properties = arguments.iter().map(
        |Argument {
             name,
             kind,
             description,
         }| {
            let key = key(name);
            let method = if is_option(kind) {
                quote!(optional)
            } else {
                quote!(required)
            };
            let description = match description {
                Some(text) => quote!(::core::option::Option::Some(#text)),
                None => quote!(::core::option::Option::None),
            };
            quote!(.#method::<#kind>(#key, #description))
        },
    );
    let output = if fails {
        quote! {
            match returned {
                ::core::result::Result::Ok(value) => #expanded::Returned(value).output(),
                ::core::result::Result::Err(error) => {
                    ::core::result::Result::Err(#agent::ToolError::failed(error))
                }
            }
        }
    } else {
        quote!(#expanded::Returned(returned).output())
    };
    let using = quote! {
        #[allow(unused_imports)]
        use #expanded::{ViaDisplay as _, ViaSerialize as _};
    };
    let (run, call) = if is_async {
        let run = quote!(async move { #using let returned = #name(#(#names),*).await; #output });
        (run, quote!(async_call))
    } else {
        let run = quote!(move || { #using let returned = #name(#(#names),*); #output });
        (run, quote!(blocking_call))
    };
    let timeout = options
        .timeout
        .map(|seconds| quote!(.timeout(::core::time::Duration::from_secs(#seconds))));
    let tool_name = options.name.unwrap_or_else(|| key(&name));
    let maker = format_ident!("{}_tool", name);
    let visibility = &function.vis;
    let Options {
        side_effects,
        untrusted,
        ..
    } = options;
    let about = format!("The tool of [`{name}`].");
    Ok(quote! {
        #function

        #[doc = #about]
        #visibility fn #maker() -> ::std::sync::Arc<dyn #agent::Tool> {
            ::std::sync::Arc::new(
                #agent::FunctionTool::new(#tool_name, #description, |arguments| {
                    #[allow(unused_mut)]
                    let mut arguments = arguments;
                    let ready = (move || -> ::core::result::Result<_, #agent::ToolError> {
                        #(#take)*
                        let _ = &arguments;
                        ::core::result::Result::Ok(#run)
                    })();
                    #expanded::#call(ready)
                })
                .parameters(#agent::Parameters::new() #(#properties)* .build())
                .side_effects(#side_effects)
                .untrusted(#untrusted)
                #timeout
            )
        }
    })
}

/// The name as the model sees it: `r#type` is `type`.
fn key(name: &Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#")
        .map(ToString::to_string)
        .unwrap_or(name)
}

/// Reads an argument, and takes its doc comment away, which the language allows only here.
fn argument(input: &mut FnArg) -> Result<Argument> {
    let input = match input {
        FnArg::Typed(input) => input,
        FnArg::Receiver(receiver) => {
            return Err(Error::new_spanned(
                receiver,
                "a tool is a free function, without self",
            ));
        }
    };
    let name = match &*input.pat {
        Pat::Ident(pattern) if pattern.subpat.is_none() => pattern.ident.clone(),
        other => {
            return Err(Error::new_spanned(
                other,
                "an argument of a tool has a plain name",
            ));
        }
    };
    if let Type::Reference(reference) = &*input.ty {
        let message = "an argument of a tool is owned: String instead of &str";
        return Err(Error::new_spanned(reference, message));
    }
    if let Type::ImplTrait(kind) = &*input.ty {
        return Err(Error::new_spanned(
            kind,
            "an argument of a tool has a definite type",
        ));
    }
    let description = description(&input.attrs);
    input
        .attrs
        .retain(|attribute| !attribute.path().is_ident("doc"));
    Ok(Argument {
        name,
        kind: (*input.ty).clone(),
        description,
    })
}

/// The text of the doc comments, `None` when there is none.
fn description(attributes: &[Attribute]) -> Option<String> {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) = &pair.value
        {
            let text = text.value();
            lines.push(
                text.strip_prefix(' ')
                    .unwrap_or(&text)
                    .trim_end()
                    .to_string(),
            );
        }
    }
    let text = lines.join("\n").trim().to_string();
    (!text.is_empty()).then_some(text)
}

fn last_name(kind: &Type) -> Option<String> {
    match kind {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string()),
        Type::Paren(inner) => last_name(&inner.elem),
        Type::Group(inner) => last_name(&inner.elem),
        _ => None,
    }
}

fn is_option(kind: &Type) -> bool {
    last_name(kind).is_some_and(|name| name == "Option")
}

fn returns_result(output: &ReturnType) -> bool {
    match output {
        ReturnType::Default => false,
        ReturnType::Type(_, kind) => last_name(kind).is_some_and(|name| name == "Result"),
    }
}
