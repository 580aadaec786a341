//! The outline of a Markdown text: headings, code blocks and tables.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::document::{Heading, Outline};

pub(crate) fn outline(text: &str) -> Outline {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut outline = Outline::default();
    // Headings inside quotes and lists are part of what is quoted, they open no section.
    let mut depth = 0_usize;
    let mut open: Option<Heading> = None;
    for (event, span) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) if depth == 0 => {
                let start = span.start;
                open = Some(Heading {
                    start,
                    level: level as u8,
                    title: String::new(),
                });
            }
            Event::End(TagEnd::Heading(_)) => {
                outline.headings.extend(open.take().map(|mut heading| {
                    heading.title = heading.title.trim().to_owned();
                    heading
                }));
            }
            Event::Start(Tag::CodeBlock(_) | Tag::Table(_))
                if outline
                    .blocks
                    .last()
                    .is_none_or(|last| last.end <= span.start) =>
            {
                outline.blocks.push(span);
            }
            Event::Start(Tag::BlockQuote(_) | Tag::List(_)) => depth += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_)) => depth = depth.saturating_sub(1),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut open {
                    heading.title.push_str(&text);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(heading) = &mut open {
                    heading.title.push(' ');
                }
            }
            _ => {}
        }
    }
    outline
}
