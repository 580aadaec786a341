//! `lumos search` without a query: documents by their metadata, in an order.

use clap::Args;
use lumos::{Collection, FacetResult, Find, Order};
use serde_json::json;

use crate::context::Context;
use crate::failure::{Failure, Outcome, Result};
use crate::{citation, facets, snippet};

/// What is asked beside or instead of a query.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    #[arg(long, value_name = "SPEC", help = facets::HELP)]
    pub(crate) facet: Vec<String>,
    /// Without a query: the order, a field and asc or desc [default: by key]
    #[arg(long, value_name = "FIELD[:asc|desc]", conflicts_with_all = ["query", "near", "like", "leg"])]
    order_by: Option<String>,
    /// Without a query: go on after a page, with what it said was next
    #[arg(long, value_name = "CURSOR", conflicts_with_all = ["query", "near", "like", "leg"])]
    after: Option<String>,
}

/// Prints how many documents match, and the facets over them.
pub(crate) fn tell(matches: u64, counted: &[FacetResult], context: &mut Context) -> Outcome {
    if context.out.is_json() {
        return context
            .out
            .json(&json!({ "count": matches, "facets": counted }));
    }
    context
        .out
        .line(format!("{} match", crate::output::grouped(matches)))?;
    facets::print(counted, context)
}

impl Listing {
    /// Prints a page of documents, the facets over all that match, and where to go on.
    pub(crate) fn run(
        &self,
        collection: &Collection,
        filter: Option<&str>,
        limit: Option<usize>,
        context: &mut Context,
    ) -> Outcome {
        let input = filter.unwrap_or_default();
        let told = |error| Failure::with_filter(error, input);
        let all = match filter {
            Some(filter) => collection.find(filter),
            None => collection.find_all(),
        };
        let asked = facets::parse(&self.facet)?;
        let counted = match asked.is_empty() {
            true => Vec::new(),
            false => all.clone().facets(&asked).map_err(told)?,
        };
        let page = self.ordered(all)?.limit(limit.unwrap_or(10));
        let page = page.run().map_err(told)?;
        if context.out.is_json() {
            for doc in &page.docs {
                context.out.json(doc)?;
            }
            for facet in &counted {
                context.out.json(facet)?;
            }
            return match page.next {
                Some(next) => context.out.json(&json!({ "next": next })),
                None => Ok(()),
            };
        }
        let colour = context.out.colour();
        for (at, doc) in page.docs.iter().enumerate() {
            let place = snippet::name(&citation::place(doc));
            let place = snippet::strong(&place, colour);
            context.out.line(format!("{:>2}. {place}", at + 1))?;
        }
        if page.docs.is_empty() {
            context.out.line("no documents")?;
        }
        facets::print(&counted, context)?;
        match page.next {
            Some(next) => context.out.line(format!("next: --after {next}")),
            None => Ok(()),
        }
    }

    fn ordered(&self, mut find: Find) -> Result<Find> {
        if let Some(order) = &self.order_by {
            let (path, order) = match order.rsplit_once(':') {
                Some((path, "asc")) => (path, Order::Asc),
                Some((path, "desc")) => (path, Order::Desc),
                Some((_, other)) => {
                    let detail = format!("ends in \"{other}\": a field and :asc or :desc");
                    return Err(Failure::argument("--order-by", detail));
                }
                None => (order.as_str(), Order::Asc),
            };
            find = find.order_by(path, order);
        }
        if let Some(after) = &self.after {
            find = find.after(after.as_str());
        }
        Ok(find)
    }
}
