//! How states are published, once more, small and with bugs: the schedulers find each of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::explore::first_failure;
use lumos_wal::sync::{Mutex, RwLock};
use shuttle::thread;

/// A mistake in publishing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    /// The next state is derived and published without the turn lock.
    NoTurn,
    /// A seal publishes the deletes of the state that it began with.
    StaleSeal,
    /// A delete decides what to delete before it keeps others out.
    EarlyDecision,
}

/// Rows, some of them sealed, some deleted.
#[derive(Clone, Default)]
struct State {
    rows: BTreeSet<u32>,
    sealed: BTreeSet<u32>,
    deleted: BTreeSet<u32>,
}

impl State {
    fn live(&self) -> BTreeSet<u32> {
        self.rows.difference(&self.deleted).copied().collect()
    }
}

struct Toy {
    bug: Bug,
    current: RwLock<Arc<State>>,
    turn: Mutex<()>,
    /// Shared by who writes blindly, exclusive for who reads before.
    gate: RwLock<()>,
}

impl Toy {
    fn state(&self) -> Arc<State> {
        self.current.read().clone()
    }

    fn publish(&self, change: impl FnOnce(&mut State)) {
        let turn = (self.bug != Bug::NoTurn).then(|| self.turn.lock());
        let mut state = (*self.state()).clone();
        change(&mut state);
        *self.current.write() = Arc::new(state);
        drop(turn);
    }

    fn insert(&self, row: u32) {
        let _shared = self.gate.read();
        self.publish(|state| state.rows.extend([row]));
    }

    fn delete_all(&self) -> usize {
        let early = (self.bug == Bug::EarlyDecision).then(|| self.state().live());
        let _exclusive = self.gate.write();
        let live = early.unwrap_or_else(|| self.state().live());
        self.publish(|state| state.deleted.extend(&live));
        live.len()
    }

    fn seal(&self) {
        let before = self.state();
        let rows = before.rows.clone();
        let _exclusive = self.gate.write();
        self.publish(|state| {
            state.sealed.extend(rows);
            if self.bug == Bug::StaleSeal {
                state.deleted.clone_from(&before.deleted);
            }
        });
    }
}

fn model(bug: Bug) {
    let toy = Arc::new(Toy {
        bug,
        current: RwLock::default(),
        turn: Mutex::new(()),
        gate: RwLock::new(()),
    });
    toy.insert(0);
    let spawn = |run: fn(&Toy) -> usize| {
        let toy = toy.clone();
        thread::spawn(move || run(&toy))
    };
    let insert = |row: u32| {
        let toy = toy.clone();
        thread::spawn(move || toy.insert(row))
    };
    let inserts = [insert(1), insert(2)];
    let deletes = [spawn(Toy::delete_all), spawn(Toy::delete_all)];
    let seal = spawn(|toy| {
        toy.seal();
        0
    });
    for insert in inserts {
        insert.join().unwrap();
    }
    let deleted: usize = deletes.map(|delete| delete.join().unwrap()).iter().sum();
    seal.join().unwrap();
    let state = toy.state();
    assert_eq!(state.rows.len(), 3, "an insert is lost");
    assert_eq!(
        deleted + state.live().len(),
        3,
        "each row is deleted once or there"
    );
    assert!(state.sealed.is_subset(&state.rows));
}

/// Lost publications, seals that bring deleted rows back and deletes that decide too early are found within
/// 300 seeds, and nothing in the same code without them.
#[test]
fn planted_bugs_of_publishing_are_found() {
    assert_eq!(first_failure(300, || model(Bug::None)), None);
    let found = [
        first_failure(300, || model(Bug::NoTurn)),
        first_failure(300, || model(Bug::StaleSeal)),
        first_failure(300, || model(Bug::EarlyDecision)),
    ];
    println!("interleavings: planted bugs of publishing found by seeds {found:?}");
    assert!(found.iter().all(Option::is_some), "{found:?}");
}
