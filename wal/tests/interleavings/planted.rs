//! Group commit once more, small and with bugs: the schedulers find each of them.

use std::mem;
use std::sync::Arc;

use super::explore::first_failure;
use lumos_wal::sync::{Condvar, Mutex};
use shuttle::thread;

/// A mistake in group commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    None,
    /// Waiters are told before the batch is applied.
    AcknowledgesFirst,
    /// One waiter is woken where all have to be.
    WakesOne,
    /// A thread leads although another one does.
    LeadsTwice,
    /// The next leader may go on before this one has the right to apply.
    HandsOnTooSoon,
    /// What arrived while a batch was written is forgotten.
    ForgetsLate,
}

struct Toy {
    bug: Bug,
    queue: Mutex<Queue>,
    changed: Condvar,
    applied: Mutex<Vec<u64>>,
    log: Mutex<u64>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Arc<Mutex<Option<u64>>>>,
    led: bool,
}

impl Toy {
    fn commit(&self) -> u64 {
        let outcome = Arc::new(Mutex::new(None));
        let mut queue = self.queue.lock();
        queue.waiting.push(outcome.clone());
        while queue.led && self.bug != Bug::LeadsTwice {
            self.changed.wait(&mut queue);
            if let Some(number) = *outcome.lock() {
                return number;
            }
        }
        queue.led = true;
        let batch = mem::take(&mut queue.waiting);
        drop(queue);
        self.lead(batch);
        let mut queue = self.queue.lock();
        if self.bug == Bug::ForgetsLate {
            queue.waiting.clear();
        }
        queue.led = false;
        drop(queue);
        match self.bug {
            Bug::WakesOne => self.changed.notify_one(),
            _ => self.changed.notify_all(),
        }
        // Whoever leads was in the batch, unless another leader took it.
        loop {
            if let Some(number) = *outcome.lock() {
                return number;
            }
            thread::yield_now();
        }
    }

    fn lead(&self, batch: Vec<Arc<Mutex<Option<u64>>>>) {
        let mut last = self.log.lock();
        let first = *last + 1;
        *last += batch.len() as u64;
        drop(last);
        let numbers = first..first + batch.len() as u64;
        let tell = || {
            for (number, outcome) in numbers.clone().zip(&batch) {
                *outcome.lock() = Some(number);
            }
        };
        if self.bug == Bug::AcknowledgesFirst {
            tell();
            // The others look before this thread gets on.
            self.changed.notify_all();
        }
        if self.bug == Bug::HandsOnTooSoon {
            self.queue.lock().led = false;
            self.changed.notify_all();
        }
        self.applied.lock().extend(numbers.clone());
        if self.bug != Bug::AcknowledgesFirst {
            tell();
        }
    }
}

fn model(bug: Bug) {
    let toy = Arc::new(Toy {
        bug,
        queue: Mutex::default(),
        changed: Condvar::new(),
        applied: Mutex::default(),
        log: Mutex::new(0),
    });
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let toy = toy.clone();
            thread::spawn(move || {
                for _ in 0..2 {
                    let number = toy.commit();
                    let applied = toy.applied.lock();
                    assert!(applied.contains(&number), "{number} is not applied");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*toy.applied.lock(), (1..=6).collect::<Vec<_>>());
}

/// A search that finds nothing proves something only if it finds what is there: bugs of order, of wake-ups
/// and of lost work, each within 300 seeds, and none in the same code without them.
#[test]
fn planted_bugs_of_group_commit_are_found() {
    assert_eq!(first_failure(300, || model(Bug::None)), None);
    let found = [
        first_failure(300, || model(Bug::AcknowledgesFirst)),
        first_failure(300, || model(Bug::WakesOne)),
        first_failure(300, || model(Bug::LeadsTwice)),
        first_failure(300, || model(Bug::HandsOnTooSoon)),
        first_failure(300, || model(Bug::ForgetsLate)),
    ];
    println!("interleavings: planted bugs of group commit found by seeds {found:?}");
    assert!(found.iter().all(Option::is_some), "{found:?}");
}
