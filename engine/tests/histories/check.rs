//! The check for isolation anomalies.
//!
//! After A. Adya, "Weak Consistency: A Generalized Theory and Optimistic Implementations for
//! Distributed Transactions" (PhD thesis, MIT, 1999), which defines the anomalies as cycles of
//! dependencies, and K. Kingsbury and P. Alvaro, "Elle: Inferring Isolation Anomalies from Experimental
//! Observations" (VLDB 2020), which infers the dependencies from what transactions read: each element is
//! written once, and a list tells all of its versions. As there, a cycle of dependencies is named by the
//! weakest guarantee that it breaks, and the order of the clock is added last.

use std::collections::HashMap;

use super::graph::{Cycle, Graph, Why};
use super::history::{Anomaly, Element, Finding, History, Kind, Op, Txn};
use super::versions::{Origins, Versions};

/// Everything that is wrong with a history; nothing when it is strictly serializable.
pub(crate) fn check(history: &History) -> Vec<Finding> {
    let mut findings = Vec::new();
    let graph = dependencies(history, &mut findings);
    findings.extend(cycle(history, &graph));
    findings
}

fn dependencies(history: &History, findings: &mut Vec<Finding>) -> Graph {
    let origins = Origins::new(history);
    let versions: Vec<Versions> = (0..history.objects.len())
        .map(|object| Versions::infer(history, &origins, object, findings))
        .collect();
    let mut graph = Graph::new(history.txns.len());
    for (object, order) in versions.iter().enumerate() {
        for (writer, value) in order.forgotten(history, object) {
            findings.push(no_such_version(history, &versions, writer, object, &value));
        }
    }
    for (object, versions) in versions.iter().enumerate() {
        for version in 1..versions.len() {
            if let (Some(before), Some(after)) =
                (versions.writer(version - 1), versions.writer(version))
            {
                graph.add(before, after, Why::WriteWrite, Some(object));
            }
        }
    }
    for (reader, txn) in history.committed() {
        let mut own = Own::default();
        for op in &txn.ops {
            let object = op.object();
            let seen = match op {
                Op::Read { value, .. } => {
                    if let Some(finding) = origins.check(history, reader, object, value) {
                        findings.push(finding);
                        continue;
                    }
                    match own.check(history, reader, object, value) {
                        Ok(false) => {}
                        // What it wrote itself tells nothing of others.
                        Ok(true) => continue,
                        Err(finding) => {
                            findings.push(finding);
                            continue;
                        }
                    }
                    let seen = versions[object].with_value(value);
                    if seen.is_empty() {
                        findings.push(no_such_version(history, &versions, reader, object, value));
                    }
                    seen
                }
                Op::Count { count, .. } => {
                    let seen = versions[object].with_count(*count);
                    if seen.is_empty() {
                        let name = &history.objects[object].name;
                        let story = format!("transaction {reader} counted {count} in {name}");
                        findings.push(Finding {
                            anomaly: Anomaly::WrongCount,
                            story,
                        });
                    }
                    seen
                }
                // It saw what it removed.
                Op::Clear { .. } => {
                    let version = versions[object].cleared();
                    version.map(|version| version - 1).into_iter().collect()
                }
                Op::Write { element, .. } => {
                    own.write(object, *element);
                    continue;
                }
            };
            let Some(version) = decide(history, &versions[object], txn, &seen) else {
                continue;
            };
            if let Some(writer) = versions[object].writer(version) {
                graph.add(writer, reader, Why::WriteRead, Some(object));
            }
            if let Some(writer) = versions[object].writer(version + 1) {
                graph.add(reader, writer, Why::ReadWrite, Some(object));
            }
        }
    }
    add_time(history, &mut graph);
    add_numbers(history, &mut graph);
    graph
}

/// A value that fits no version: an update that got lost when two transactions went on from one version.
fn no_such_version(
    history: &History,
    versions: &[Versions],
    reader: usize,
    object: usize,
    value: &[Element],
) -> Finding {
    let name = &history.objects[object].name;
    let went_on = |txn: &Txn, from: &[Element]| {
        let mut ops = txn.ops.iter().filter(|op| op.object() == object);
        ops.any(|op| matches!(op, Op::Read { value, .. } if value == from))
            && ops.any(|op| matches!(op, Op::Write { .. }))
    };
    let mut anomaly = Anomaly::IncompatibleOrder;
    if history.objects[object].kind == Kind::List {
        // The newest version that this value shares with the order.
        let shared = (0..=value.len())
            .rev()
            .map(|length| &value[..length])
            .find(|part| !versions[object].with_value(part).is_empty());
        let both = history
            .committed()
            .filter(|(_, txn)| went_on(txn, shared.unwrap_or_default()));
        if both.count() > 1 {
            anomaly = Anomaly::LostUpdate;
        }
    }
    Finding {
        anomaly,
        story: format!("transaction {reader} knows {name} as {value:?}, which fits no order"),
    }
}

/// What a transaction did to the objects that it reads again.
#[derive(Default)]
struct Own {
    /// The last value read.
    read: HashMap<usize, Vec<Element>>,
    written: HashMap<usize, Vec<Element>>,
}

impl Own {
    fn write(&mut self, object: usize, element: Element) {
        self.written.entry(object).or_default().push(element);
    }

    /// Whether a value shows the transaction's own writes, as it must when there are any.
    fn check(
        &mut self,
        history: &History,
        reader: usize,
        object: usize,
        value: &[Element],
    ) -> Result<bool, Finding> {
        let Some(written) = self.written.get(&object) else {
            self.read.insert(object, value.to_vec());
            return Ok(false);
        };
        let before = self.read.get(&object);
        let fits = match history.objects[object].kind {
            Kind::List => match before {
                Some(before) => value.strip_prefix(before.as_slice()) == Some(written.as_slice()),
                None => value.ends_with(written),
            },
            Kind::Register => value.last() == written.last(),
            Kind::Set => written.iter().all(|element| value.contains(element)),
        };
        if fits {
            return Ok(true);
        }
        let name = &history.objects[object].name;
        Err(Finding {
            anomaly: Anomaly::Internal,
            story: format!("transaction {reader} read {value:?} from {name} after {written:?}"),
        })
    }
}

/// The one version of several with the same value that a transaction can have seen by the clock.
fn decide(history: &History, versions: &Versions, reader: &Txn, seen: &[usize]) -> Option<usize> {
    if let [version] = seen {
        return Some(*version);
    }
    let possible = |version: &&usize| {
        let by = |version: usize| Some(&history.txns[versions.writer(version)?]);
        let made_later = by(**version).is_some_and(|writer| writer.begin > reader.end);
        let replaced = by(**version + 1).is_some_and(|writer| writer.end < reader.begin);
        !made_later && !replaced
    };
    let mut possible_ones = seen.iter().filter(possible);
    match (possible_ones.next(), possible_ones.next()) {
        (Some(version), None) => Some(*version),
        (Some(_), Some(_)) => None,
        // None of them: any shows the contradiction.
        (None, _) => seen.first().copied(),
    }
}

/// Adds the order of sessions, and of transactions that ended before others began: only from those that
/// ended last, since the rest follows.
fn add_time(history: &History, graph: &mut Graph) {
    let mut events = Vec::new();
    for (id, txn) in history.committed() {
        assert!(txn.begin < txn.end);
        events.push((txn.begin, id, true));
        events.push((txn.end, id, false));
    }
    events.sort_unstable();
    let mut frontier: Vec<usize> = Vec::new();
    let mut newest: HashMap<usize, usize> = HashMap::new();
    for (_, id, begins) in events {
        let txn = &history.txns[id];
        if begins {
            for before in &frontier {
                graph.add(*before, id, Why::Time, None);
            }
            if let Some(before) = newest.insert(txn.session, id) {
                graph.add(before, id, Why::Session, None);
            }
        } else {
            frontier.retain(|before| history.txns[*before].end > txn.begin);
            frontier.push(id);
        }
    }
}

/// Adds the order of commits by their numbers, and of snapshots by the last one that they hold.
fn add_numbers(history: &History, graph: &mut Graph) {
    let mut commits: Vec<(u64, usize)> = history
        .committed()
        .filter_map(|(id, txn)| Some((txn.number?, id)))
        .collect();
    commits.sort_unstable();
    for pair in commits.windows(2) {
        graph.add(pair[0].1, pair[1].1, Why::Number, None);
    }
    for (id, txn) in history.committed() {
        let Some(sees) = txn.sees else { continue };
        let after = commits.partition_point(|(number, _)| *number <= sees);
        if let Some((_, before)) = after.checked_sub(1).and_then(|at| commits.get(at)) {
            graph.add(*before, id, Why::Number, None);
        }
        if let Some((_, next)) = commits.get(after) {
            graph.add(id, *next, Why::Number, None);
        }
    }
}

/// The worst cycle.
fn cycle(history: &History, graph: &Graph) -> Option<Finding> {
    use Why::{Number, ReadWrite, Session, Time, WriteRead, WriteWrite};
    let mut all = Why::DATA.to_vec();
    all.extend([Session, Time, Number]);
    if graph.components(&all).is_empty() {
        return None;
    }
    let found = |anomaly, one, rest: &[Why]| Some((anomaly, graph.shortest(one, rest)?));
    let data = &Why::DATA;
    let (anomaly, cycle) = found(Anomaly::DirtyWrite, WriteWrite, &[WriteWrite])
        .or_else(|| found(Anomaly::CircularFlow, WriteRead, &[WriteWrite, WriteRead]))
        .or_else(|| found(Anomaly::ReadSkew, ReadWrite, &[WriteWrite, WriteRead]))
        .or_else(|| found(Anomaly::WriteSkew, ReadWrite, data))
        .or_else(|| found(Anomaly::NonMonotonic, Session, &all[..4]))
        .or_else(|| found(Anomaly::RealTime, Time, &all[..5]))
        .or_else(|| found(Anomaly::Numbers, Number, &all))?;
    let anomaly = match anomaly {
        Anomaly::ReadSkew if is_lost_update(&cycle) => Anomaly::LostUpdate,
        Anomaly::NonMonotonic if !only_reads(history, &cycle) => Anomaly::RealTime,
        anomaly => anomaly,
    };
    Some(Finding {
        anomaly,
        story: tell(history, &cycle),
    })
}

fn is_lost_update(cycle: &Cycle) -> bool {
    matches!(&cycle[..], [(_, a), (_, b)] if a.object == b.object
        && [a.why, b.why].contains(&Why::WriteWrite))
}

/// Whether the sessions on a cycle only read.
fn only_reads(history: &History, cycle: &Cycle) -> bool {
    let mut steps = cycle.iter().filter(|(_, edge)| edge.why == Why::Session);
    steps.all(|(from, edge)| history.txns[*from].only_reads() && history.txns[edge.to].only_reads())
}

fn tell(history: &History, cycle: &Cycle) -> String {
    let mut story = String::new();
    for (from, edge) in cycle {
        let name = edge.object.map(|object| &history.objects[object].name);
        let name = name.map_or(String::new(), |name| format!(" of {name}"));
        story += &format!("{from} -{:?}{name}-> ", edge.why);
    }
    for (from, _) in cycle {
        story += &format!("\n    {from}: {:?}", history.txns[*from]);
    }
    story
}
