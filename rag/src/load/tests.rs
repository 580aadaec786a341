#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn html(source: &str) -> Document {
    load(Path::new("page.html"), source.as_bytes()).unwrap()
}

#[test]
fn the_name_of_a_file_tells_its_format() {
    let format = |name: &str| load(Path::new(name), b"x").unwrap().format;
    assert_eq!(format("a.md"), Format::Markdown);
    assert_eq!(format("a.HTML"), Format::Html);
    assert_eq!(format("a.txt"), Format::Text);
    assert_eq!(format("src/a.rs"), Format::Code("rust"));
    assert_eq!(format("README"), Format::Text);
    assert_eq!(format("Makefile"), Format::Code("makefile"));
    assert_eq!(format("notes.unheard-of"), Format::Text);
    for name in ["a.md", "LICENSE", "b/c.py"] {
        assert!(is_supported(Path::new(name)), "{name}");
    }
    for name in ["a.pdf", "a.png", "a.unheard-of", ".md", ""] {
        assert!(!is_supported(Path::new(name)), "{name}");
    }
}

#[test]
fn what_is_not_text_is_refused_with_the_reason() {
    let message = |name: &str, bytes: &[u8]| load(Path::new(name), bytes).unwrap_err().to_string();
    assert!(message("a.pdf", b"%PDF-1.7").contains("pdf"));
    assert!(message("a.txt", b"ab\0c").contains("offset 2"));
    assert!(message("a.txt", b"ok\nok\nb\xFFd").contains("line 3"));
    assert!(message("a.txt", b"\xFF\xFE\x00\xD8x\x00").contains("UTF-16LE"));
    assert!(message("a.txt", b"\xFF\xFEx").contains("UTF-16LE"));
    let large = vec![b' '; usize::try_from(MAX_FILE_BYTES).unwrap() + 1];
    assert!(matches!(
        load(Path::new("a.txt"), &large),
        Err(LoadError::TooLarge { .. })
    ));
}

#[test]
fn byte_order_marks_are_understood_and_dropped() {
    for bytes in [
        &b"\xEF\xBB\xBFh\xC3\xA9"[..],
        b"\xFF\xFEh\0\xE9\0",
        b"\xFE\xFF\0h\0\xE9",
    ] {
        assert_eq!(load(Path::new("a.txt"), bytes).unwrap().text, "h\u{E9}");
    }
}

#[test]
fn an_empty_file_is_an_empty_document() {
    for name in ["a.txt", "a.md", "a.html", "a.rs"] {
        let document = load(Path::new(name), b"").unwrap();
        assert!(
            document.text.is_empty() && document.title.is_none(),
            "{name}"
        );
    }
}

#[test]
fn html_becomes_what_a_reader_sees() {
    let document = html(
        "<!doctype html><html><head><title> The\n guide </title><style>p { color: red }</style>\
         <script>let a = 1 < 2;</script></head><body><h1>Guide</h1><p>Fish &amp; chips,\n   \
         <b>bo</b>ld<br>next</p><ul><li>one<li>two</ul><p hidden>secret</p>\
         <table><tr><th>k</th><th>v</th></tr><tr><td>a</td><td>1</td></tr></table>\
         <pre>fn a() {\n    b()\n}</pre><noscript>no</noscript><img alt=\"a chart\"></body></html>",
    );
    assert_eq!(document.title.as_deref(), Some("The guide"));
    assert_eq!(
        document.text,
        "Guide\n\nFish & chips, bold\nnext\n\n- one\n- two\n\nk | v\na | 1\n\n\
         fn a() {\n    b()\n}\n\na chart"
    );
    let blocks: Vec<&str> = document
        .outline
        .blocks
        .iter()
        .map(|span| &document.text[span.clone()])
        .collect();
    assert_eq!(blocks, ["k | v\na | 1", "fn a() {\n    b()\n}"]);
}

#[test]
fn html_headings_make_an_outline() {
    let document = html("<p>before</p><h2>A <i>b</i></h2><p>x</p><h3> C </h3><p>y</p><h1></h1>");
    let headings = &document.outline.headings;
    assert_eq!(headings.len(), 2);
    assert_eq!((headings[0].level, headings[0].title.as_str()), (2, "A b"));
    assert_eq!((headings[1].level, headings[1].title.as_str()), (3, "C"));
    assert!(document.text[headings[1].start..].starts_with("C\n"));
    assert_eq!(document.title.as_deref(), Some("A b"));
}

/// The text has other lines than the source; citations name those of the source.
#[test]
fn html_text_leads_back_to_the_lines_of_its_source() {
    let source = "<html>\n<head>\n<title>t</title>\n</head>\n<body>\n<p>first</p>\n\n\n<p>second\n\
                  wraps</p>\n<pre>\ncode 12\n\ncode 14</pre>\n<div>a<div>b</div>\nc</div>\n</body>";
    let document = html(source);
    for (word, line) in [
        ("first", 6),
        ("second", 9),
        ("wraps", 10),
        ("code 12", 12),
        ("code 14", 14),
        ("b", 15),
    ] {
        let start = document
            .text
            .find(&format!("\n{word}"))
            .map_or(0, |at| at + 1);
        let start = if word == "wraps" {
            document.text.find(word).unwrap()
        } else {
            start
        };
        let span = start..start + word.len();
        assert_eq!(
            document.lines(&span),
            (line, line),
            "{word} in {:?}",
            document.text
        );
    }
    let all = 0..document.text.len();
    assert_eq!(document.lines(&all), (6, 16));
}

/// The parser looks through all open elements at every tag: 100,000 of them take it a minute.
#[test]
fn deeply_nested_html_is_read_up_to_a_limit() {
    let source =
        |depth: usize| format!("{}deep{}", "<b><i>".repeat(depth), "</i></b>".repeat(depth));
    assert_eq!(html(&source(300)).text, "deep");
    let refused = load(Path::new("page.html"), "<div>".repeat(100_000).as_bytes());
    assert!(matches!(refused, Err(LoadError::TooDeep { .. })));
}

/// The parser is fed in pieces: no character or tag may be lost where they meet.
#[test]
fn html_longer_than_a_piece_is_whole() {
    let row = |i: usize| format!("<p>row&nbsp;{i} \u{6570}\u{636E}</p>\r\n");
    let source: String = (0..2000).map(row).collect();
    let document = html(&source);
    for (i, line) in document.text.split("\n\n").enumerate() {
        assert_eq!(
            line,
            format!("row\u{A0}{i} \u{6570}\u{636E}").replace('\u{A0}', " ")
        );
    }
    let last = document.text.len() - 3..document.text.len();
    assert_eq!(document.lines(&last), (2000, 2000));
}

#[test]
fn a_walk_is_sorted_and_leaves_out_what_is_ignored_or_hidden() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for name in [
        "b.md",
        "a/z.rs",
        "a/b.txt",
        "a/skip/x.md",
        ".hidden/x.md",
        "c.png",
        "d.log",
    ] {
        write(name, "text");
    }
    write(".gitignore", "skip/\n*.log\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink(home.path().join("b.md"), home.path().join("link.md")).unwrap();

    let names = |options: &WalkOptions| -> Vec<String> {
        walk(home.path(), options)
            .map(|path| {
                path.unwrap()
                    .strip_prefix(home.path())
                    .unwrap()
                    .display()
                    .to_string()
            })
            .collect()
    };
    assert_eq!(
        names(&WalkOptions::default()),
        ["a/b.txt", "a/z.rs", "b.md"]
    );
    let all = names(
        &WalkOptions::default()
            .hidden(true)
            .gitignore(false)
            .unknown(true),
    );
    assert_eq!(
        all,
        [
            ".gitignore",
            ".hidden/x.md",
            "a/b.txt",
            "a/skip/x.md",
            "a/z.rs",
            "b.md",
            "c.png",
            "d.log"
        ]
    );
}

#[test]
fn a_walk_over_a_file_is_that_file() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(".notes.unheard-of");
    std::fs::write(&path, "x").unwrap();
    let found: Vec<PathBuf> = walk(&path, &WalkOptions::default())
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(found, [path]);
    let missing = walk(&home.path().join("missing"), &WalkOptions::default()).next();
    assert!(matches!(missing, Some(Err(LoadError::Io { .. }))));
}

proptest! {
    #[test]
    fn any_bytes_load_or_are_refused(bytes: Vec<u8>, name in "[a-z]{0,3}\\.(md|html|txt|rs|)") {
        if let Ok(document) = load(Path::new(&name), &bytes) {
            let span = 0..document.text.len();
            let (first, last) = document.lines(&span);
            prop_assert!(first >= 1 && first <= last);
        }
    }
}
