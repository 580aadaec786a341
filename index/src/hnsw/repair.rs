//! Connectivity: after repair every node can be reached from the entry at level 0.

use super::adjacency::{Adjacency, NONE};
use super::insert::Builder;

/// The way a walk from the entry came to each node.
struct Walk {
    /// Predecessor of each node; [`NONE`] for one not reached, the entry is its own.
    parents: Vec<u32>,
    queue: Vec<u32>,
}

impl Walk {
    fn reached(&self, node: u32) -> bool {
        self.parents[node as usize] != NONE
    }

    /// Walks from `node`, a new child of `parent`, to all that was not reached before.
    fn extend(&mut self, base: &Adjacency, parent: u32, node: u32) {
        self.parents[node as usize] = parent;
        self.queue.push(node);
        while let Some(node) = self.queue.pop() {
            for &link in base.row(node) {
                if self.parents[link as usize] == NONE {
                    self.parents[link as usize] = node;
                    self.queue.push(link);
                }
            }
        }
    }
}

/// Links every unreachable node from a reachable one near it, and returns how many it linked.
///
/// The walk from the entry is a tree: a link outside of it can be given up without losing a
/// node. There are `n - 1` links in the tree, so that a row with room, or with a link that may
/// go, always exists.
pub(crate) fn connect(builder: &mut Builder<'_>) -> usize {
    let Some(entry) = builder.entry_ordinal() else {
        return 0;
    };
    let n = builder.base.len();
    let mut walk = Walk {
        parents: vec![NONE; n],
        queue: Vec::new(),
    };
    walk.extend(&builder.base, entry, entry);
    let mut linked = 0;
    for node in 0..n as u32 {
        if walk.reached(node) {
            continue;
        }
        let near = builder.reachable_near(node, entry);
        let anywhere = (0..n as u32).filter(|&other| walk.reached(other));
        let hosts = near.into_iter().chain(anywhere);
        let base = &builder.base;
        let place = hosts
            .map(|host| (host, place_in(base, &walk, host)))
            .find(|p| p.1.is_some());
        if let Some((host, Some(place))) = place {
            let mut row = builder.base.row(host).to_vec();
            row.truncate(builder.base.degree());
            match row.get_mut(place) {
                Some(link) => *link = node,
                None => row.push(node),
            }
            builder.base.set(host, &row);
            walk.extend(&builder.base, host, node);
            linked += 1;
        }
    }
    linked
}

/// The place in the row of `host` where a link can be put: its end, or its last link that the
/// walk did not use.
fn place_in(base: &Adjacency, walk: &Walk, host: u32) -> Option<usize> {
    let row = base.row(host);
    if row.len() < base.degree() {
        return Some(row.len());
    }
    row.iter()
        .rposition(|&link| walk.parents[link as usize] != host)
}
