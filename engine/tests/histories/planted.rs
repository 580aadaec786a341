//! Small histories with one anomaly each, which the check must name, and sound ones, which it must pass.

use super::check::check;
use super::history::{Anomaly, History, Kind, Object, Op, Txn};

const OBJECTS: [(&str, Kind); 6] = [
    ("x", Kind::List),
    ("y", Kind::List),
    ("r", Kind::Register),
    ("q", Kind::Register),
    ("s", Kind::Set),
    ("t", Kind::Set),
];

/// Reads a history, a transaction a line: `session begin-end #number @sees aborted: steps`, where a step
/// is `x+1` (write), `x[1,2]` (read), `s?2` (count) or `s-2` (remove).
fn history(lines: &[&str]) -> History {
    let objects = OBJECTS.map(|(name, kind)| Object {
        name: name.to_string(),
        kind,
    });
    History {
        objects: objects.into(),
        txns: lines.iter().map(|line| txn(line)).collect(),
    }
}

fn txn(line: &str) -> Txn {
    let (head, steps) = line.split_once(':').unwrap();
    let mut words = head.split_whitespace();
    let session = words.next().unwrap().parse().unwrap();
    let (begin, end) = words.next().unwrap().split_once('-').unwrap();
    let mut txn = Txn {
        session,
        begin: begin.parse().unwrap(),
        end: end.parse().unwrap(),
        ..Txn::default()
    };
    for word in words {
        match word.split_at(1) {
            ("#", number) => txn.number = Some(number.parse().unwrap()),
            ("@", number) => txn.sees = Some(number.parse().unwrap()),
            _ => {
                assert_eq!(word, "aborted");
                txn.aborted = true;
            }
        }
    }
    txn.ops = steps.split_whitespace().map(op).collect();
    txn
}

fn op(step: &str) -> Op {
    let (name, rest) = step.split_at(1);
    let (sign, rest) = rest.split_at(1);
    let object = OBJECTS.iter().position(|(other, _)| *other == name);
    let object = object.unwrap();
    let count = || rest.parse().unwrap();
    match sign {
        "+" => Op::Write {
            object,
            element: rest.parse().unwrap(),
        },
        "?" => Op::Count {
            object,
            count: count(),
        },
        "-" => Op::Clear {
            object,
            removed: count(),
        },
        _ => {
            let list = rest.strip_suffix(']').unwrap().split(',');
            let numbers = list.filter(|number| !number.is_empty());
            Op::Read {
                object,
                value: numbers.map(|number| number.parse().unwrap()).collect(),
            }
        }
    }
}

fn anomalies(lines: &[&str]) -> Vec<Anomaly> {
    let findings = check(&history(lines));
    let mut found: Vec<Anomaly> = findings.iter().map(|finding| finding.anomaly).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// A check that finds nothing proves something only if it finds what is there: each kind of anomaly, by
/// its name.
#[test]
fn every_planted_anomaly_is_named() {
    use Anomaly::*;
    #[rustfmt::skip]
    let planted: &[(Anomaly, &[&str])] = &[
        (Internal, &["0 1-2: x[] x+1 x[]"]),
        (Internal, &["0 1-2: x[] x+1 x[1]", "0 3-6: x[1] x+2 x[2]"]),
        (Garbage, &["0 1-2: x[7]"]),
        (Garbage, &["0 1-2 #1: r+7", "0 3-4: q[7]"]),
        (AbortedRead, &["0 1-4 aborted: x[] x+1", "1 2-3: x[1]"]),
        (AbortedRead, &["0 1-4 aborted: s+1", "1 2-3: s[1]"]),
        (IntermediateRead, &["0 1-4: x[] x+1 x+2", "1 2-3: x[1]"]),
        (IntermediateRead, &["0 1-4 #1: r+1 r+2", "1 2-3: r[1]"]),
        (IncompatibleOrder, &["0 1-8: x+1", "1 2-7: x+2", "2 3-6: x[1,2]", "3 4-5: x[2,1]"]),
        // By its number the first mark was there when the second came.
        (IncompatibleOrder, &["0 1-8 #1: s+1", "1 2-7 #2: s+2", "2 3-6: s[2]"]),
        (WrongCount, &["0 1-4 #1: s+1", "1 2-3: s?2"]),
        (WrongCount, &["0 1-4 #1: s+1", "1 2-3: s-2"]),
        (DirtyWrite, &["0 1-8: x+1 y+11", "1 2-7: x+2 y+12", "2 9-10: x[1,2] y[12,11]"]),
        (CircularFlow, &["0 1-4: x+1 y[12]", "1 2-3: y+12 x[1]"]),
        (CircularFlow, &["0 1-6: x+1 y[12]", "1 2-5: x[1] x+2", "2 3-4: y[] x[1,2] y+12"]),
        (LostUpdate, &["0 1-4: x[] x+1", "1 2-3: x[] x+2"]),
        (LostUpdate, &["0 1-2: x[] x+1", "0 3-6: x[1] x+2", "1 4-5: x[1] x+3", "0 7-8: x[1,3]"]),
        // The second wrote over the first without having seen it, and both are still there.
        (LostUpdate, &["0 1-6: x[] x+1", "1 2-5: x[] x+2", "2 7-8: x[1,2]"]),
        (ReadSkew, &["0 1-4: x[] x+1 y[] y+11", "1 2-3: x[1] y[]"]),
        (ReadSkew, &["0 1-4 #1: r+1 s+2", "1 2-3: r[1] s[]"]),
        // Two legs of one snapshot.
        (ReadSkew, &["0 1-4: x[] x+1", "1 2-3: x[1] x[]"]),
        (ReadSkew, &["0 1-2 #1: s+1 t+2", "1 3-8: s-1", "2 4-7 #3: s+3 t+4", "3 5-6: s[1] t[2,4]"]),
        (WriteSkew, &["0 1-4: x[] y+11", "1 2-3: y[] x+1", "2 5-6: x[1] y[11]"]),
        // One of them saw a set before it was emptied and wrote a list that the other had read.
        (WriteSkew, &["0 1-2 #1: s+1", "0 3-8: s[1] x[] x+5", "1 4-7: s-1 x[]"]),
        (NonMonotonic, &["0 1-6: x[] x+1", "1 2-3: x[1]", "1 4-5: x[]"]),
        (NonMonotonic, &["0 1-6 #1: r+1", "1 2-3: r[1]", "1 4-5: r[]"]),
        (RealTime, &["0 1-2: x[] x+1", "1 3-4: x[]"]),
        (RealTime, &["0 1-2: x[] x+1", "0 3-4: x[]"]),
        (RealTime, &["0 1-2 #1: s+1", "1 3-4: s?0"]),
        (RealTime, &["0 1-2 #1: s+1", "0 3-4: s-1", "1 5-6: s[1]"]),
        (RealTime, &["0 1-8: x[] x+1", "1 2-3: x[1]", "2 4-5: x[]"]),
        (RealTime, &["0 1-2 #2: r+1", "1 3-4 #1: r+2"]),
        (Numbers, &["0 1-4 #5: r+1", "1 2-3 @5: r[]"]),
        (Numbers, &["0 1-4 #5: r+1", "1 2-3 @4: r[1]"]),
        (Numbers, &["0 1-8 #1: r+1", "1 2-7 #2: q+2", "2 3-6: r[] q[2]"]),
    ];
    for (anomaly, lines) in planted {
        assert_eq!(anomalies(lines), [*anomaly], "{lines:?}");
    }
}

/// What is allowed is not complained of: transactions that overlap may be seen in either order.
#[test]
fn sound_histories_pass() {
    #[rustfmt::skip]
    let sound: &[&[&str]] = &[
        &[],
        &["0 1-2: x[] x+1 x[1] x+2 x[1,2]", "1 3-4: x[1,2] x+3", "0 5-6: x[1,2,3]"],
        // The reader overlaps the writer and may or may not see it; once seen it stays.
        &["0 1-8: x[] x+1", "1 2-3: x[]", "1 4-5: x[1]", "2 6-7: x[1]"],
        // What aborted may have read anything.
        &["0 1-4 aborted: x[] x+1", "1 2-3: x[]", "1 5-6: x[] x+2"],
        // Two commits that overlap, in the order of their numbers and not of their beginnings.
        &["0 1-4 #2: r+1", "1 2-3 #1: r+2", "2 5-6 @2: r[1]"],
        // Empty before or after: both are possible, and the next reads tell.
        &["0 1-2 #1: s+1", "0 3-10: s-1", "1 4-5: s[]", "1 6-7: s?0", "2 11-12 #3: s+2", "2 13-14: s[2]"],
        &["0 1-10 #1: s+1", "1 2-9: s?0", "2 3-8: s[1]", "2 11-12: s-1", "2 13-14: s?0"],
        // Write skew that did not happen: the second saw the first.
        &["0 1-6: x[] y+11", "1 2-5: y[11] x+1", "2 7-8: x[1] y[11]"],
    ];
    for lines in sound {
        assert_eq!(anomalies(lines), [], "{lines:?}");
    }
}
