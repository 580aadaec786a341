//! The order of an object's versions, and which of them a read saw.

use std::collections::HashMap;

use super::history::{Anomaly, Element, Finding, History, Kind, Op, Txn};

/// Who wrote an element.
#[derive(Clone, Copy, Debug)]
struct Origin {
    txn: usize,
    object: usize,
    /// Whether it is the last that its transaction wrote to the object.
    last: bool,
}

/// All elements of a history.
pub(crate) struct Origins(HashMap<Element, Origin>);

impl Origins {
    pub(crate) fn new(history: &History) -> Self {
        let mut origins = HashMap::new();
        for (txn, record) in history.txns.iter().enumerate() {
            let mut last: HashMap<usize, Element> = HashMap::new();
            for op in &record.ops {
                if let Op::Write { object, element } = op {
                    let origin = Origin {
                        txn,
                        object: *object,
                        last: true,
                    };
                    assert!(
                        origins.insert(*element, origin).is_none(),
                        "element {element} is written twice"
                    );
                    if let Some(earlier) = last.insert(*object, *element)
                        && let Some(origin) = origins.get_mut(&earlier)
                    {
                        origin.last = false;
                    }
                }
            }
        }
        Origins(origins)
    }

    /// What is wrong with what `reader` read from an object, whatever the order of its versions.
    pub(crate) fn check(
        &self,
        history: &History,
        reader: usize,
        object: usize,
        value: &[Element],
    ) -> Option<Finding> {
        let name = &history.objects[object].name;
        let finding = |anomaly, what: &str| {
            let story = format!("transaction {reader} read {value:?} from {name}: {what}");
            Some(Finding { anomaly, story })
        };
        for element in value {
            match self.0.get(element) {
                Some(origin) if origin.object == object => {
                    let writer = origin.txn;
                    if history.txns[writer].aborted && writer != reader {
                        let what = format!("{element} is of transaction {writer}, which aborted");
                        return finding(Anomaly::AbortedRead, &what);
                    }
                }
                _ => return finding(Anomaly::Garbage, &format!("nobody wrote {element} there")),
            }
        }
        let newest = self.0.get(value.last()?)?;
        if history.objects[object].kind != Kind::Set && !newest.last && newest.txn != reader {
            let what = format!("transaction {} wrote more before it committed", newest.txn);
            return finding(Anomaly::IntermediateRead, &what);
        }
        None
    }

    fn writer(&self, element: Element) -> Option<usize> {
        self.0.get(&element).map(|origin| origin.txn)
    }
}

/// The versions of one object, oldest first; the first is that nothing is there.
pub(crate) struct Versions {
    kind: Kind,
    /// The elements in the order in which they came.
    elements: Vec<Element>,
    positions: HashMap<Element, usize>,
    /// For each version, how many elements had come, and who made it.
    steps: Vec<(usize, Option<usize>)>,
    /// The version that removed everything, and how many elements had come by then.
    cleared: Option<(usize, usize)>,
}

impl Versions {
    /// Infers the order of versions of one object from what was read and from commit numbers.
    pub(crate) fn infer(
        history: &History,
        origins: &Origins,
        object: usize,
        findings: &mut Vec<Finding>,
    ) -> Versions {
        let kind = history.objects[object].kind;
        let (elements, clear) = match kind {
            Kind::List => (longest(history, object), None),
            Kind::Register | Kind::Set => numbered(history, object),
        };
        let positions = (0..).zip(&elements).map(|(at, e)| (*e, at)).collect();
        let mut versions = Versions {
            kind,
            elements,
            positions,
            steps: vec![(0, None)],
            cleared: None,
        };
        let mut clear = clear;
        for came in 0..=versions.elements.len() {
            if let Some((by, removed)) = clear
                && removed == came
            {
                versions.cleared = Some((versions.steps.len(), came));
                versions.steps.push((came, Some(by)));
                clear = None;
            }
            let Some(element) = versions.elements.get(came) else {
                break;
            };
            let writer = origins.writer(*element);
            // Elements of one transaction are one version.
            match versions.steps.last_mut() {
                Some((end, by)) if *by == writer && by.is_some() => *end = came + 1,
                _ => versions.steps.push((came + 1, writer)),
            }
        }
        if let Some((by, removed)) = clear {
            let name = &history.objects[object].name;
            findings.push(Finding {
                anomaly: Anomaly::WrongCount,
                story: format!("transaction {by} removed {removed} elements of {name}"),
            });
        }
        versions
    }

    /// Committed transactions whose write is in no version although they had read what they wrote after.
    pub(crate) fn forgotten(&self, history: &History, object: usize) -> Vec<(usize, Vec<Element>)> {
        if self.kind != Kind::List {
            return Vec::new();
        }
        let writers = history.committed().filter(|(_, txn)| {
            let mut ops = txn.ops.iter().filter(|op| op.object() == object);
            ops.any(|op| matches!(op, Op::Write { .. }))
        });
        let made = writers.filter_map(|(id, txn)| Some((id, last_value(txn, object)?)));
        made.filter(|(_, value)| self.with_value(value).is_empty())
            .collect()
    }

    /// Who made a version.
    pub(crate) fn writer(&self, version: usize) -> Option<usize> {
        self.steps.get(version)?.1
    }

    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    /// The version that a removal made.
    pub(crate) fn cleared(&self) -> Option<usize> {
        self.cleared.map(|(version, _)| version)
    }

    /// The versions with this value.
    pub(crate) fn with_value(&self, value: &[Element]) -> Vec<usize> {
        match self.kind {
            Kind::List => match self.elements.starts_with(value) {
                true => self.at(value.len()).into_iter().collect(),
                false => Vec::new(),
            },
            Kind::Register => match value {
                [] => vec![0],
                [element] => {
                    let came = self.positions.get(element).map(|at| at + 1);
                    came.and_then(|came| self.at(came)).into_iter().collect()
                }
                _ => Vec::new(),
            },
            Kind::Set => {
                let from = |first: usize| {
                    value.iter().all(|element| {
                        let at = self.positions.get(element);
                        at.is_some_and(|at| (first..first + value.len()).contains(at))
                    })
                };
                self.sizes(value.len(), from)
            }
        }
    }

    /// The versions with this many elements.
    pub(crate) fn with_count(&self, count: usize) -> Vec<usize> {
        self.sizes(count, |_| true)
    }

    fn sizes(&self, count: usize, holds: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut found = Vec::new();
        let before = self.cleared.map_or(usize::MAX, |(version, _)| version);
        for (version, (came, _)) in self.steps.iter().enumerate() {
            let first = match self.cleared {
                Some((_, removed)) if version >= before => removed,
                _ => 0,
            };
            if came - first == count && holds(first) {
                found.push(version);
            }
        }
        found
    }

    /// The version after which this many elements had come.
    fn at(&self, came: usize) -> Option<usize> {
        self.steps.binary_search_by_key(&came, |step| step.0).ok()
    }
}

/// The longest version of a list: of those that were read, and of those that were made from one.
fn longest(history: &History, object: usize) -> Vec<Element> {
    let mut longest = Vec::new();
    for (_, txn) in history.committed() {
        if let Some(value) = last_value(txn, object)
            && value.len() > longest.len()
        {
            longest = value;
        }
    }
    longest
}

/// What an object was after a transaction that had read it before it wrote.
fn last_value(txn: &Txn, object: usize) -> Option<Vec<Element>> {
    let mut last: Option<Vec<Element>> = None;
    let mut wrote = false;
    for op in txn.ops.iter().filter(|op| op.object() == object) {
        match op {
            Op::Read { value, .. } if !wrote => last = Some(value.clone()),
            Op::Write { element, .. } => {
                wrote = true;
                last.as_mut()?.push(*element);
            }
            _ => {}
        }
    }
    last
}

/// The elements of an object by the numbers of their commits, and the transaction that removed some.
fn numbered(history: &History, object: usize) -> (Vec<Element>, Option<(usize, usize)>) {
    let mut written = Vec::new();
    let mut clear = None;
    for (id, txn) in history.committed() {
        for op in txn.ops.iter().filter(|op| op.object() == object) {
            match op {
                Op::Write { element, .. } => {
                    let number = txn.number.expect("such writes come with a number");
                    written.push((number, *element));
                }
                Op::Clear { removed, .. } => {
                    assert!(clear.is_none(), "an object is emptied once");
                    clear = Some((id, *removed));
                }
                Op::Read { .. } | Op::Count { .. } => {}
            }
        }
    }
    // Stable: what one transaction wrote stays in its order.
    written.sort_by_key(|(number, _)| *number);
    (written.into_iter().map(|(_, e)| e).collect(), clear)
}
