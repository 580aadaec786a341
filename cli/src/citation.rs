//! Where a stored document came from.

use std::path::Path;

use lumos::Doc;

/// `file:first-last` for a piece of an indexed file, the key for anything else. The file is told as
/// seen from the current directory.
pub(crate) fn place(doc: &Doc) -> String {
    let line = |name: &str| doc.meta.get(name).and_then(serde_json::Value::as_u64);
    let source = doc.meta.get("source").and_then(serde_json::Value::as_str);
    match (source, line("first_line"), line("last_line")) {
        (Some(source), Some(first), Some(last)) if first == last => {
            format!("{}:{first}", shortened(source))
        }
        (Some(source), Some(first), Some(last)) => format!("{}:{first}-{last}", shortened(source)),
        _ => doc.key.clone(),
    }
}

fn shortened(source: &str) -> &str {
    let here = std::env::current_dir()
        .and_then(std::fs::canonicalize)
        .unwrap_or_default();
    match Path::new(source).strip_prefix(here) {
        Ok(inside) => inside
            .to_str()
            .filter(|path| !path.is_empty())
            .unwrap_or(source),
        Err(_) => source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_a_file_is_told_by_its_lines_and_anything_else_by_its_key() {
        let piece = Doc::new("/elsewhere/a.md#0").field("source", "/elsewhere/a.md");
        let piece = piece.field("first_line", 3).field("last_line", 7);
        assert_eq!(place(&piece), "/elsewhere/a.md:3-7");
        assert_eq!(place(&piece.field("last_line", 3)), "/elsewhere/a.md:3");
        assert_eq!(place(&Doc::new("a1").field("source", "manual")), "a1");
    }
}
