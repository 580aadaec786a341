//! The code that makes a document of a struct, and a struct of a document.

mod attribute;
mod field;

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Generics, Lifetime, LifetimeParam, Path, Result};

use self::attribute::StructOptions;
use self::field::{Field, Kind};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let StructOptions { krate, own_serde } = StructOptions::of(&input.attrs)?;
    if let Some(lifetime) = input.generics.lifetimes().next() {
        let message = "a document owns what it holds: it has no lifetimes";
        return Err(Error::new_spanned(lifetime, message));
    }
    let fields = fields(input)?;
    check(input, &fields)?;
    let expanded = quote!(#krate::expanded);
    let name = &input.ident;
    let (impl_generics, type_generics, _) = input.generics.split_for_impl();
    let bounds = bounds(&input.generics, &fields, &expanded);
    let names = fields.iter().map(|field| &field.member);
    let declare = fields.iter().map(|field| field.declare(&expanded));
    let (keys, others): (Vec<&Field>, Vec<&Field>) = fields
        .iter()
        .partition(|field| matches!(field.kind, Kind::Key));
    let put_key = keys.iter().map(|field| field.put(&expanded));
    let put = others.iter().map(|field| field.put(&expanded));
    let take = fields.iter().map(|field| field.take(&expanded));
    let deserialize = match own_serde {
        true => TokenStream::new(),
        false => deserialize(input, &fields, &krate),
    };
    Ok(quote! {
        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl #impl_generics #krate::Document for #name #type_generics
        where #(#bounds),*
        {
            fn schema() -> #krate::Schema {
                #[allow(unused_mut)]
                let mut schema = #krate::Schema::new();
                #(#declare)*
                schema
            }

            fn into_doc(self) -> ::core::result::Result<#krate::Doc, #expanded::Error> {
                let Self { #(#names),* } = self;
                #(#put_key)*
                #(#put)*
                ::core::result::Result::Ok(lumos_doc)
            }

            fn from_doc(doc: #krate::Doc) -> ::core::result::Result<Self, #expanded::Error> {
                #[allow(unused_mut)]
                let mut doc = doc;
                ::core::result::Result::Ok(Self { #(#take),* })
            }
        }

        #deserialize
    })
}

/// What reads the struct as serde does, from the fields of a document or a hit.
fn deserialize(input: &DeriveInput, fields: &[Field], krate: &Path) -> TokenStream {
    let expanded = quote!(#krate::expanded);
    let name = &input.ident;
    let (_, type_generics, _) = input.generics.split_for_impl();
    let mut generics = input.generics.clone();
    let lifetime = Lifetime::new("'lumos_de", name.span());
    generics
        .params
        .insert(0, LifetimeParam::new(lifetime.clone()).into());
    let (impl_generics, _, _) = generics.split_for_impl();
    let names = fields.iter().filter_map(Field::stored_name);
    let title = name.to_string();
    quote! {
        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl #impl_generics #expanded::serde::Deserialize<#lifetime> for #name #type_generics
        where #name #type_generics: #krate::Document
        {
            fn deserialize<LumosD>(deserializer: LumosD) -> ::core::result::Result<Self, LumosD::Error>
            where LumosD: #expanded::serde::Deserializer<#lifetime>
            {
                #expanded::read_struct(deserializer, #title, &["key", #(#names),*])
            }
        }
    }
}

fn fields(input: &DeriveInput) -> Result<Vec<Field>> {
    let Data::Struct(data) = &input.data else {
        let message = "a document is a struct with named fields";
        return Err(Error::new_spanned(&input.ident, message));
    };
    let Fields::Named(named) = &data.fields else {
        let message = "a document has named fields: they are those of what is stored";
        return Err(Error::new(input.ident.span(), message));
    };
    // All faults at once, each at its place.
    let mut fields = Vec::new();
    let mut faults: Option<Error> = None;
    for field in &named.named {
        match Field::new(field) {
            Ok(field) => fields.push(field),
            Err(error) => match &mut faults {
                Some(faults) => faults.combine(error),
                None => faults = Some(error),
            },
        }
    }
    match faults {
        Some(faults) => Err(faults),
        None => Ok(fields),
    }
}

fn check(input: &DeriveInput, fields: &[Field]) -> Result<()> {
    let mut keys = fields
        .iter()
        .filter(|field| matches!(field.kind, Kind::Key));
    if keys.next().is_none() {
        let message = "a document needs a key: mark a field with #[document(key)]";
        return Err(Error::new(input.ident.span(), message));
    }
    if let Some(second) = keys.next() {
        let message = "a document has one key, and there is one before this";
        return Err(Error::new(second.member.span(), message));
    }
    let mut names = BTreeSet::new();
    for field in fields {
        let Some(name) = field.stored_name() else {
            continue;
        };
        if name == "key" {
            let message = "\"key\" is the name of the key of every document: take another with \
                           #[document(rename = \"...\")]";
            return Err(Error::new(field.member.span(), message));
        }
        if !names.insert(name) {
            let message = format!("there is a field \"{name}\" before this");
            return Err(Error::new(field.member.span(), message));
        }
    }
    Ok(())
}

fn bounds(generics: &Generics, fields: &[Field], expanded: &TokenStream) -> Vec<TokenStream> {
    let written = generics
        .where_clause
        .iter()
        .flat_map(|clause| &clause.predicates);
    let mut bounds: Vec<TokenStream> = written.map(|predicate| quote!(#predicate)).collect();
    for field in fields {
        let kind = &field.rust_type;
        let span = kind.span();
        bounds.push(match &field.kind {
            Kind::Key => quote_spanned!(span=> #kind: #expanded::Key),
            Kind::Text(_) => quote_spanned!(span=> #kind: #expanded::Text),
            Kind::Vector(_) => quote_spanned!(span=> #kind: #expanded::Vector),
            Kind::Multi(_) => quote_spanned!(span=> #kind: #expanded::Multi),
            Kind::Sparse => quote_spanned!(span=> #kind: #expanded::Sparse),
            Kind::Meta(_) => quote_spanned! {span=>
                #kind: #expanded::serde::Serialize + #expanded::serde::de::DeserializeOwned
            },
            Kind::Skip => quote_spanned!(span=> #kind: ::core::default::Default),
        });
    }
    bounds
}

#[cfg(test)]
mod tests;
