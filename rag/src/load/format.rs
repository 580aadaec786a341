//! Which format a file has, by its name.

use std::path::Path;

use crate::document::Format;

/// What a file name says.
pub(super) enum Kind {
    Text(Format),
    /// A name that says nothing.
    Unknown,
    /// A format that is not text, with its extension.
    Binary(String),
}

/// Languages and data formats that are cut by line, with their extensions.
const CODE: &[(&str, &[&str])] = &[
    ("assembly", &["s", "asm"]),
    ("c", &["c", "h"]),
    ("clojure", &["clj", "cljs", "cljc", "edn"]),
    ("cmake", &["cmake"]),
    ("cpp", &["cc", "cpp", "cxx", "hh", "hpp", "hxx"]),
    ("csharp", &["cs"]),
    ("css", &["css", "scss", "sass", "less"]),
    ("csv", &["csv", "tsv"]),
    ("cuda", &["cu", "cuh"]),
    ("dart", &["dart"]),
    ("elixir", &["ex", "exs"]),
    ("elm", &["elm"]),
    ("erlang", &["erl", "hrl"]),
    ("fortran", &["f90", "f95", "f03"]),
    ("fsharp", &["fs", "fsi", "fsx"]),
    ("go", &["go"]),
    ("graphql", &["graphql", "gql"]),
    ("groovy", &["groovy", "gradle"]),
    ("haskell", &["hs"]),
    ("ini", &["ini", "cfg", "conf", "properties"]),
    ("java", &["java"]),
    ("javascript", &["js", "jsx", "mjs", "cjs"]),
    ("json", &["json", "jsonl", "ndjson"]),
    ("julia", &["jl"]),
    ("kotlin", &["kt", "kts"]),
    ("latex", &["tex", "bib"]),
    ("lean", &["lean"]),
    ("lisp", &["lisp", "cl", "el", "scm", "rkt"]),
    ("lua", &["lua"]),
    ("makefile", &["mk"]),
    ("nim", &["nim"]),
    ("nix", &["nix"]),
    ("objective-c", &["m", "mm"]),
    ("ocaml", &["ml", "mli"]),
    ("perl", &["pl", "pm"]),
    ("php", &["php"]),
    ("powershell", &["ps1"]),
    ("protobuf", &["proto"]),
    ("python", &["py", "pyi"]),
    ("r", &["r"]),
    ("ruby", &["rb"]),
    ("rust", &["rs"]),
    ("scala", &["scala", "sc"]),
    ("shell", &["sh", "bash", "zsh", "fish"]),
    ("sql", &["sql"]),
    ("svelte", &["svelte"]),
    ("swift", &["swift"]),
    ("terraform", &["tf", "hcl"]),
    ("toml", &["toml"]),
    ("typescript", &["ts", "tsx", "mts", "cts"]),
    ("vue", &["vue"]),
    ("xml", &["xml", "xsd", "xsl"]),
    ("yaml", &["yaml", "yml"]),
    ("zig", &["zig"]),
];

const TEXT: &[&str] = &[
    "txt", "text", "log", "rst", "adoc", "asciidoc", "org", "srt", "vtt",
];
const MARKDOWN: &[&str] = &["md", "markdown", "mdx", "mkd", "qmd"];
const HTML: &[&str] = &["html", "htm", "xhtml"];

/// Formats whose bytes may pass for text now and then but never are.
const BINARY: &[&str] = &[
    "7z", "avif", "bin", "bmp", "bz2", "class", "db", "dll", "doc", "docx", "dylib", "epub", "exe",
    "gif", "gz", "ico", "jar", "jpeg", "jpg", "mov", "mp3", "mp4", "o", "odp", "ods", "odt",
    "onnx", "otf", "parquet", "pdf", "png", "ppt", "pptx", "pyc", "rar", "so", "sqlite", "tar",
    "tif", "tiff", "ttf", "wasm", "wav", "webm", "webp", "woff", "woff2", "xls", "xlsx", "xz",
    "zip", "zst",
];

/// Names without an extension that are text by custom.
const NAMES: &[(&str, Format)] = &[
    ("authors", Format::Text),
    ("changelog", Format::Text),
    ("changes", Format::Text),
    ("contributing", Format::Text),
    ("copying", Format::Text),
    ("dockerfile", Format::Code("dockerfile")),
    ("gemfile", Format::Code("ruby")),
    ("justfile", Format::Code("makefile")),
    ("license", Format::Text),
    ("makefile", Format::Code("makefile")),
    ("news", Format::Text),
    ("notice", Format::Text),
    ("readme", Format::Text),
];

pub(super) fn of_path(path: &Path) -> Kind {
    let Some(extension) = path.extension() else {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let known = NAMES.iter().find(|(known, _)| *known == name);
        return known.map_or(Kind::Unknown, |(_, format)| Kind::Text(*format));
    };
    let extension = extension.to_string_lossy().to_lowercase();
    let has = |list: &[&str]| list.contains(&extension.as_str());
    if has(MARKDOWN) {
        Kind::Text(Format::Markdown)
    } else if has(HTML) {
        Kind::Text(Format::Html)
    } else if has(TEXT) {
        Kind::Text(Format::Text)
    } else if has(BINARY) {
        Kind::Binary(extension)
    } else if let Some((language, _)) = CODE.iter().find(|(_, list)| has(list)) {
        Kind::Text(Format::Code(language))
    } else {
        Kind::Unknown
    }
}

/// Whether [`walk`](super::walk) yields a file of this name: a format with a loader.
#[must_use]
pub fn is_supported(path: &Path) -> bool {
    matches!(of_path(path), Kind::Text(_))
}
