//! Real histories that were tampered with, and sessions that use the database wrongly: all are found.

use std::collections::{BTreeSet, HashMap};

use super::check::check;
use super::history::{Anomaly, Element, History, Op};
use super::run::live;
use super::shared::Plant;
use crate::crash::model::Random;

/// Tries per kind of tampering.
const TRIES: usize = 40;

/// A read or a write within a history: transaction and step.
type At = (usize, usize);

/// Where elements were written, and all reads, of transactions that committed.
fn index(history: &History) -> (HashMap<Element, At>, Vec<At>) {
    let (mut writes, mut reads) = (HashMap::new(), Vec::new());
    for (id, txn) in history.committed() {
        for (step, op) in txn.ops.iter().enumerate() {
            match op {
                Op::Write { element, .. } => drop(writes.insert(*element, (id, step))),
                Op::Read { .. } => reads.push((id, step)),
                Op::Count { .. } | Op::Clear { .. } => {}
            }
        }
    }
    (writes, reads)
}

fn value(history: &History, (txn, step): At) -> &[Element] {
    match &history.txns[txn].ops[step] {
        Op::Read { value, .. } => value,
        _ => &[],
    }
}

/// Calls `tamper` on copies of a history until it has changed enough of them, each of which must be found.
fn must_be_found(
    history: &History,
    what: &str,
    mut tamper: impl FnMut(&mut History, &mut Random) -> bool,
) {
    let mut random = Random::new(what.len() as u64);
    let mut tried = 0;
    for _ in 0..200_000 {
        let mut copy = history.clone();
        if !tamper(&mut copy, &mut random) {
            continue;
        }
        assert!(!check(&copy).is_empty(), "{what}, try {tried}: not found");
        tried += 1;
        if tried == TRIES {
            return;
        }
    }
    panic!("{what}: only {tried} chances");
}

/// One step of a sound history is changed to what cannot have been: the check finds it each time.
#[test]
fn every_change_to_a_sound_history_is_found() {
    let history = live(1, 800, Plant::None).history;
    assert_eq!(check(&history).len(), 0);
    let (writes, reads) = index(&history);
    let elements: Vec<Element> = {
        let mut all: Vec<Element> = writes.keys().copied().collect();
        all.sort_unstable();
        all
    };
    let read_by_others = |element: Element| {
        let others = reads.iter().filter(|at| at.0 != writes[&element].0);
        others
            .filter(|at| value(&history, **at).contains(&element))
            .count()
    };
    let any = |random: &mut Random| elements[random.below(elements.len() as u64) as usize];

    must_be_found(&history, "two reads change places", |copy, random| {
        let [a, b] = [(); 2].map(|()| reads[random.below(reads.len() as u64) as usize]);
        let (first, second) = (&history.txns[a.0], &history.txns[b.0]);
        let (old, new) = (value(&history, a), value(&history, b));
        let same_object = first.ops[a.1].object() == second.ops[b.1].object();
        // The later one saw something that was not begun when the earlier one had ended.
        let in_future = new.iter().any(|element| {
            let writer = &history.txns[writes[element].0];
            writer.begin > first.end && !old.contains(element)
        });
        if !same_object || !in_future {
            return false;
        }
        let (old, new) = (old.to_vec(), new.to_vec());
        for (at, changed) in [(a, new), (b, old)] {
            if let Op::Read { value, .. } = &mut copy.txns[at.0].ops[at.1] {
                *value = changed;
            }
        }
        true
    });
    must_be_found(&history, "a write is left out", |copy, random| {
        let element = any(random);
        let (txn, step) = writes[&element];
        copy.txns[txn].ops.remove(step);
        read_by_others(element) > 0
    });
    must_be_found(&history, "a commit is called aborted", |copy, random| {
        let element = any(random);
        copy.txns[writes[&element].0].aborted = true;
        read_by_others(element) > 0
    });
    must_be_found(&history, "an update is lost", |copy, random| {
        let element = any(random);
        let writer = writes[&element].0;
        let readers = read_by_others(element);
        for (_, txn) in copy
            .txns
            .iter_mut()
            .enumerate()
            .filter(|(id, _)| *id != writer)
        {
            for op in &mut txn.ops {
                if let Op::Read { value, .. } = op {
                    value.retain(|other| *other != element);
                }
            }
        }
        readers > 0
    });
    must_be_found(&history, "a read comes late", |copy, random| {
        let at = reads[random.below(reads.len() as u64) as usize];
        let read = value(&history, at);
        let object = history.txns[at.0].ops[at.1].object();
        let Some(newer) = reads.iter().find(|other| {
            let same = history.txns[other.0].ops[other.1].object() == object;
            same && value(&history, **other).len() > read.len() + 1
                && value(&history, **other).starts_with(read)
        }) else {
            return false;
        };
        if !history.txns[at.0].only_reads() {
            return false;
        }
        let end = copy.txns.iter().map(|txn| txn.end).max().unwrap();
        assert!(history.txns[newer.0].end <= end);
        (copy.txns[at.0].begin, copy.txns[at.0].end) = (end + 1, end + 2);
        true
    });
    must_be_found(&history, "two numbers change places", |copy, random| {
        let [a, b] = [(); 2].map(|()| writes[&any(random)].0);
        let (first, second) = (&history.txns[a], &history.txns[b]);
        let Some(numbers) = first.number.zip(second.number) else {
            return false;
        };
        (copy.txns[b].number, copy.txns[a].number) = (Some(numbers.0), Some(numbers.1));
        first.end < second.begin
    });
}

/// The same database, used as if it promised less: what the check would find in one with these bugs.
#[test]
fn every_planted_mistake_is_found_in_a_live_database() {
    use Anomaly::*;
    let planted: [(Plant, &[Anomaly]); 4] = [
        (Plant::TornSnapshot, &[ReadSkew, WriteSkew]),
        (Plant::ReadBefore, &[LostUpdate]),
        (Plant::OldSnapshot, &[RealTime, NonMonotonic]),
        (Plant::EarlyAcknowledgement, &[RealTime]),
    ];
    for (plant, names) in planted {
        let mut found = BTreeSet::new();
        for seed in 0..50 {
            let findings = check(&live(seed, 1_000, plant).history);
            found.extend(findings.iter().map(|finding| finding.anomaly));
            if names.iter().any(|name| found.contains(name)) {
                break;
            }
        }
        assert!(
            names.iter().any(|name| found.contains(name)),
            "{plant:?}: found {found:?} in 50 histories"
        );
    }
}
