//! What happened: transactions with what they read and wrote, and when.

use std::fmt;

/// A value that is written once in a history, so that whoever reads it tells who wrote it.
pub(crate) type Element = u64;

/// How the versions of an object come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Elements are appended: a read tells all versions before it.
    List,
    /// An element replaces the one before it; versions are ordered by the numbers of their commits.
    Register,
    /// Elements are added, and removed all at once; ordered by the numbers of their commits.
    Set,
}

/// Something that has a value at every commit.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Op {
    /// The value was read: elements in order, those of a set sorted; none when there is nothing.
    Read { object: usize, value: Vec<Element> },
    /// It was read how many elements there are.
    Count { object: usize, count: usize },
    /// An element was appended, stored or added.
    Write { object: usize, element: Element },
    /// This many elements were removed: all there were.
    Clear { object: usize, removed: usize },
}

impl Op {
    pub(crate) fn object(&self) -> usize {
        match self {
            Op::Read { object, .. }
            | Op::Count { object, .. }
            | Op::Write { object, .. }
            | Op::Clear { object, .. } => *object,
        }
    }

    fn changes(&self) -> bool {
        matches!(self, Op::Write { .. } | Op::Clear { .. })
    }
}

/// One transaction, as the session that ran it saw it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Txn {
    pub(crate) session: usize,
    /// Moments of a clock that all sessions share and that no two events have in common.
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) aborted: bool,
    /// The number of its commit, where the database told it.
    pub(crate) number: Option<u64>,
    /// The last commit that it saw, where the database told it.
    pub(crate) sees: Option<u64>,
    pub(crate) ops: Vec<Op>,
}

impl Txn {
    pub(crate) fn only_reads(&self) -> bool {
        !self.ops.iter().any(Op::changes)
    }
}

/// All transactions on one database.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) objects: Vec<Object>,
    pub(crate) txns: Vec<Txn>,
}

impl History {
    pub(crate) fn committed(&self) -> impl Iterator<Item = (usize, &Txn)> {
        let all = self.txns.iter().enumerate();
        all.filter(|(_, txn)| !txn.aborted)
    }
}

/// What is wrong with a history. The names in brackets are those of Adya and of Elle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Anomaly {
    /// A transaction does not read what it wrote itself (internal).
    Internal,
    /// Something is read that nobody wrote.
    Garbage,
    /// Something is read that a transaction wrote which did not commit (G1a).
    AbortedRead,
    /// Something is read that its transaction wrote over before it committed (G1b).
    IntermediateRead,
    /// A read fits no order of the versions.
    IncompatibleOrder,
    /// A number of elements is read or removed that there never were.
    WrongCount,
    /// Writes overtake each other (G0).
    DirtyWrite,
    /// Information flows in a circle (G1c).
    CircularFlow,
    /// Two transactions read one version and both write the next (P4).
    LostUpdate,
    /// A transaction sees a part of another (G-single).
    ReadSkew,
    /// Transactions do not see each other's writes (G2).
    WriteSkew,
    /// A session reads something older than it did before.
    NonMonotonic,
    /// The order contradicts that of the clock.
    RealTime,
    /// The order contradicts the numbers that the database gave.
    Numbers,
}

/// An anomaly and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) anomaly: Anomaly,
    pub(crate) story: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.anomaly, self.story)
    }
}
