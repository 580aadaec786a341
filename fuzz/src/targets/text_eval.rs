//! A keyword query finds the same rows with the same scores in memory and sealed, in one segment and in two,
//! and once what was deleted is merged away. The first line is the query; each other one is a document, its
//! text before a tab and its title behind it, deleted when it begins with a minus.

use std::sync::Arc;

use lumos_index::{
    Analyzers, MemoryPostings, SealedText, TextBuilder, TextQuery, TextSearch, TextSource,
};
use ownedbytes::OwnedBytes;

/// Most documents that are looked at.
const MOST: usize = 48;

type Document<'a> = (&'a str, &'a str);

fn fields() -> [String; 2] {
    ["text".to_string(), "title".to_string()]
}

fn memory(documents: &[Document<'_>]) -> MemoryPostings {
    let mut postings = MemoryPostings::new(&Analyzers::default(), &fields());
    for (row, (text, title)) in (0..).zip(documents) {
        postings.add(row, &[("text", text), ("title", title)]);
    }
    postings
}

fn sealed(documents: &[Document<'_>]) -> SealedText {
    let mut builder = TextBuilder::new(&Analyzers::default(), &fields()).unwrap();
    for (text, title) in documents {
        builder.add([("text", *text), ("title", *title)]).unwrap();
    }
    SealedText::open(OwnedBytes::new(builder.finish().unwrap())).unwrap()
}

/// Scores and rows, best first; those of each way of asking are the same.
fn found(query: &TextQuery, sources: &[(TextSource<'_>, u32)]) -> Vec<(f32, u32)> {
    let parts = sources.iter().map(|(source, _)| Some(*source)).collect();
    let search = TextSearch::new(query, &Analyzers::default(), &[], parts).unwrap();
    let top = search.top(MOST, &[None, None]).unwrap();
    for (segment, _) in sources.iter().enumerate() {
        let mut here: Vec<(u32, f32)> = Vec::new();
        here.extend(top.iter().filter(|hit| hit.1 == segment).map(|hit| (hit.2, hit.0)));
        here.sort_by_key(|(row, _)| *row);
        let (rows, scores): (Vec<u32>, Vec<f32>) = here.into_iter().unzip();
        assert_eq!(search.scores(segment, &rows).unwrap(), scores);
        assert_eq!(search.matches(segment).unwrap(), rows.into_iter().collect());
    }
    let few = search.top(3, &[None, None]).unwrap();
    assert_eq!(few, top[..few.len()]);
    let flat = top.into_iter().map(|(score, segment, row)| (score, row + sources[segment].1));
    flat.collect()
}

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (query, rest) = text.split_once('\n').unwrap_or((text, ""));
    let query = TextQuery::parse_strict(query).or_else(|_| TextQuery::parse(query));
    let Ok(query) = query else { return };
    let mut deletes = Vec::new();
    let mut documents: Vec<Document<'_>> = Vec::new();
    for line in rest.lines().take(MOST) {
        let kept = line.strip_prefix('-');
        deletes.push(kept.is_some());
        let line = kept.unwrap_or(line);
        documents.push(line.split_once('\t').unwrap_or((line, "")));
    }
    let dead = |from: usize, to: usize| {
        let rows = (0u32..).zip(&deletes[from..to]).filter(|(_, dead)| **dead);
        Arc::new(rows.map(|(row, _)| row).collect())
    };
    let (count, half) = (documents.len(), documents.len() / 2);
    let (whole, sealed_whole) = (memory(&documents), sealed(&documents));
    let all = dead(0, count);
    let one = TextSource::memory(&whole, count as u32).without(&all);
    let expected = found(&query, &[(one, 0)]);
    let two = TextSource::sealed(&sealed_whole).without(&all);
    assert_eq!(found(&query, &[(two, 0)]), expected);
    let (front, back) = (sealed(&documents[..half]), memory(&documents[half..]));
    let (early, late) = (dead(0, half), dead(half, count));
    let front = TextSource::sealed(&front).without(&early);
    let back = TextSource::memory(&back, (count - half) as u32).without(&late);
    assert_eq!(found(&query, &[(front, 0), (back, half as u32)]), expected);
    let live: Vec<usize> = (0..count).filter(|row| !deletes[*row]).collect();
    let kept: Vec<Document<'_>> = live.iter().map(|row| documents[*row]).collect();
    let kept = sealed(&kept);
    let merged = found(&query, &[(TextSource::sealed(&kept), 0)]).into_iter();
    let merged: Vec<_> = merged.map(|(score, row)| (score, live[row as usize] as u32)).collect();
    assert_eq!(merged, expected);
}
