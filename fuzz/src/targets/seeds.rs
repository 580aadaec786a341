//! Where the corpus begins: what the formats look like when nothing is wrong.

use std::path::Path;

use lumos_engine::Lumos;
use lumos_index::{
    Codes, Element, Hnsw, HnswParams, Metric, Packer, Rung, SparsePostings, SparseVector, Vectors,
};

use super::database;
use super::files::{self, log};
use super::input::parts;

/// Writes the first inputs of every target into `corpus/<target>/`, where there are none of that name.
pub fn write(corpus: &Path) {
    for (target, seeds) in all() {
        let dir = corpus.join(target);
        std::fs::create_dir_all(&dir).unwrap();
        for (n, seed) in seeds.iter().enumerate() {
            std::fs::write(dir.join(format!("seed-{n:02}")), seed).unwrap();
        }
    }
}

fn all() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let text = |lines: &[&str]| lines.iter().map(|line| line.as_bytes().to_vec()).collect();
    let (_, segment) = database::file(".seg");
    let section = |name: &str| -> Vec<u8> {
        let sections = files::sections(segment);
        let (_, range) = sections
            .into_iter()
            .find(|section| section.0 == name)
            .unwrap();
        segment[range].to_vec()
    };
    let (_, wal) = database::file(".wal");
    let frames = log::frames(wal).into_iter();
    let payloads: Vec<&[u8]> = frames
        .map(|frame| &wal[frame.start + log::FRAME..frame.end])
        .collect();
    let short = [&wal[..64], &wal[log::START..]].concat();
    let columns = [&25_u16.to_le_bytes()[..], &section("col")].concat();
    vec![
        ("analyze", text(&ANALYZED)),
        ("backup_restore", noise(24, 40)),
        ("codes_open", vec![codes(0), codes(1), codes(2)]),
        ("columns_open", vec![columns, vec![0, 0]]),
        ("db_ops_model", noise(40, 220)),
        (
            "deletes_open",
            vec![database::file(".del").1[64..].to_vec(), vec![0; 8]],
        ),
        ("distance_kernels", noise(24, 700)),
        ("facets_eval", noise(24, 160)),
        ("filter_eval", noise(40, 200)),
        ("filter_parse", text(&FILTERS)),
        ("formula_eval", noise(40, 80)),
        ("formula_parse", text(&FORMULAS)),
        ("fusion_eval", noise(40, 120)),
        ("graph_open", vec![graph(40), graph(120)]),
        ("import_lines", import()),
        ("keys_open", vec![section("keys")]),
        (
            "manifest_open",
            vec![database::file("MANIFEST").1[64..].to_vec()],
        ),
        ("payload_decode", vec![section("payload")]),
        ("query_parse", text(&QUERIES)),
        ("segment_open", noise(40, 24)),
        ("sparse_open", [vec![sparse()], noise(24, 300)].concat()),
        ("text_eval", text(&SEARCHED)),
        ("text_open", vec![section("text"), Vec::new()]),
        ("vectors_open", (0..5).map(vectors).collect()),
        (
            "wal_decode",
            vec![parts(payloads.iter().copied()), parts([payloads[0]])],
        ),
        (
            "wal_open",
            vec![
                [&[1][..], &parts([&short[..]])].concat(),
                [&[0][..], &parts([&short[..]])].concat(),
            ],
        ),
    ]
}

/// A query, then the bytes of an index.
fn sparse() -> Vec<u8> {
    let mut postings = SparsePostings::new();
    for row in 0..20 {
        let entries = [(row % 3, 0.5), (7, row as f32)];
        postings.add(row, &SparseVector::new(entries).unwrap());
    }
    let query = [2, 1, 110, 7, 120, 9, 0];
    [&query[..], &20_u16.to_le_bytes(), &postings.encode(20)].concat()
}

/// Inputs that are choices: any bytes will do.
fn noise(count: u64, length: usize) -> Vec<Vec<u8>> {
    let of = |n: u64| {
        let mut random = super::model::Random::new(n);
        let length = length / 2 + random.below(length as u64 / 2) as usize;
        (0..length).map(|_| random.next() as u8).collect()
    };
    (0..count).map(of).collect()
}

fn graph(n: usize) -> Vec<u8> {
    let components: Vec<f32> = (0..n * 4).map(|i| (i as f32 * 0.7).sin()).collect();
    let vectors = Vectors::new(4, &components).unwrap();
    let graph = Hnsw::build(vectors, Metric::L2, &HnswParams::default());
    [&[n as u8][..], &graph.encode()].concat()
}

fn codes(metric: usize) -> Vec<u8> {
    use super::codes_open::{DIMENSION, components};
    let rung = [Rung::Sq4, Rung::Sq8, Rung::Sq4][metric];
    let components = components();
    let vectors = Vectors::new(DIMENSION, &components).unwrap();
    let codes = Codes::build(
        vectors,
        [Metric::Cosine, Metric::Dot, Metric::L2][metric],
        rung,
    );
    [&[metric as u8][..], codes.view().encoded()].concat()
}

fn vectors(element: u8) -> Vec<u8> {
    use super::vectors_open::ELEMENTS;
    const DIMENSION: usize = 20;
    let element_of = ELEMENTS[usize::from(element)];
    let (metric, code) = match element_of {
        Element::Bits => (Metric::Jaccard, 5),
        _ => (Metric::L2, 2),
    };
    let mut packer = Packer::new(element_of, metric);
    let mut bytes = vec![element, code, DIMENSION as u8];
    for row in 0..12 {
        let mut vector: Vec<f32> = (0..DIMENSION)
            .map(|i| ((row * 20 + i) as f32).sin())
            .collect();
        element_of.prepare(metric, &mut vector).unwrap();
        bytes.extend_from_slice(packer.pack(&vector));
    }
    bytes.extend(packer.finish());
    bytes
}

fn import() -> Vec<Vec<u8>> {
    let options = Lumos::options().background(false);
    let vfs = database::in_memory(database::DIR, database::files());
    let db = options.vfs(vfs).open(database::DIR).unwrap();
    let mut lines = Vec::new();
    db.export(&mut lines).unwrap();
    let hex = b"{\"space\":\"s\",\"key\":\"k\",\"hex\":\"00ff\"}\n".to_vec();
    vec![lines, hex, b"{\"collection\":\"c\",\"key\":\"\"}".to_vec()]
}

const FORMULAS: [&str; 6] = [
    "0.7 * score + 0.3 * exp_decay(created, now(), 30d) + boost(lang = 'en', 0.1)",
    "default(leg(text), 0) / (1 + abs(-price)) - pow(2, ln(3))",
    "max(min(score, 1), `odd key`.x) * gauss_decay(date('2026-01-31'), now(), 2w, 0.25)",
    "linear_decay(geo_km(place, 48.2, -16.4), 0, 5e1)",
    "boost(a IN ('x', \"y,)\") AND NOT b > 1, sqrt(exp(.5)))",
    "1 + boost(a =, 2",
];

const FILTERS: [&str; 16] = [
    "tags ANY (= 'x' OR LIKE 'y%') AND items ALL (price > 10 AND qty < 5)",
    "LENGTH(tags) > 2 AND NOT name GLOB 'a*?[x-z]' OR name =~ /^a\\/b/",
    "created BETWEEN now() - 7d AND now() + 1mo - 2.5h",
    "WITHIN(place, 59.9, -10.7, 2.5km) OR BOX(place, -20, 177, -15, -178)",
    "name STARTS WITH 'a' AND name LIKE '10!%%' ESCAPE '!'",
    "year >= 2025 AND (lang = 'en' OR lang = 'zh') AND NOT draft = true",
    "tags IN ('db', 'rust') AND EXISTS(author.name)",
    "created >= 2026-01-31T00:00:00Z AND `odd key` != \"x\"",
    "a IS NOT NULL OR b NOT IN (1, 2.5, -3e7)",
    "a.b <> 'it''s'",
    "((((a == 1))))",
    "year >= ",
    "lang = en",
    "`",
    "\u{5e74} = '\u{6708}'",
    "POLYGON(place, -20 177, -20.5 -178, 1e-7 180, -10 1.79e2) OR NOT POLYGON(p, 0 0, 0 1, 1 0, 0 0)",
];

/// Keyword queries, and documents.
const SEARCHED: [&str; 6] = [
    "wal segment\nwal segments sealed\tThe log\n-wal\na segment of a graph\tsegment\n\u{6570}\u{636e}\u{5e93}",
    "\"group commit\"~2 AND NOT draft\ngroup commit\ncommit the group\n-group commit\ndraft group commit\tcommit",
    "title:(wal OR log)^3 OR (a b c)@2\na b\nb c a\twal\nc\tlog log\n-a b c",
    "+seg* -dr*ft sgement~2\nsegment\nsegments draft\nsegmnet\tsegments",
    "/seg(ment)?s?/ \"group com\"*\nseg\ngroup comes\nsegments",
    "\u{6570}\u{636e} +\u{5e93}\n\u{6570}\u{636e}\u{5e93}\n\u{5e93}\u{5b58}\n-\u{6570}\u{636e}",
];

/// Descriptions of analyzers, and texts.
const ANALYZED: [&str; 10] = [
    "default\nThe dog\u{2019}s caf\u{e9} runs \u{6570}\u{636e}\u{5e93}",
    "english stop(en)\nThe state of the art doesn't cost 1,000.50",
    "code\ngetUserName set_user_name HTTPServer parseURLs utf8-x",
    "code stop(\"get\",\"name\")\ngetName(x)",
    "keyword\n  Rust  Lang ",
    "keyword(exact)\nRust Lang",
    "whitespace stem(english)\nC++ runs #tag",
    "ngram(2,3)\nsearch stra\u{df}e \u{6570}\u{636e}",
    "default stem(german) stop(zh,\"der\")\nDie H\u{e4}user der \u{6211}\u{4eec}",
    "ngarm(2, 17) stop(\"a\\\"b\"",
];

const QUERIES: [&str; 8] = [
    "rust database\nA database written in Rust.",
    "\"exact words\" -without\nThese are the exact words without more.",
    "fuzy~ pre*\nfuzzy prefixes",
    "title:word (a OR b) AND c\nword a b c",
    "\u{65e5}\u{672c}\u{8a9e}\n\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{6587}",
    "\"unclosed\ntext",
    "running\nrunners run, running \u{e9}t\u{e9}",
    "*\n",
];
