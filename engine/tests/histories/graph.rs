//! Dependencies between transactions, and cycles among them.

use std::collections::{HashMap, VecDeque};

/// Why one transaction comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It wrote the version before.
    WriteWrite,
    /// It wrote the version that the other read.
    WriteRead,
    /// It read the version before the one that the other wrote.
    ReadWrite,
    /// The same session ran it before.
    Session,
    /// It had ended when the other began.
    Time,
    /// The database says so with commit numbers.
    Number,
}

impl Why {
    pub(crate) const DATA: [Why; 3] = [Why::WriteWrite, Why::WriteRead, Why::ReadWrite];
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) to: usize,
    pub(crate) why: Why,
    /// The object that tells, if it is one.
    pub(crate) object: Option<usize>,
}

/// A path that comes back to where it began: each transaction with the edge to the next.
pub(crate) type Cycle = Vec<(usize, Edge)>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    edges: Vec<Vec<Edge>>,
}

impl Graph {
    pub(crate) fn new(nodes: usize) -> Self {
        Graph {
            edges: vec![Vec::new(); nodes],
        }
    }

    pub(crate) fn add(&mut self, from: usize, to: usize, why: Why, object: Option<usize>) {
        if from != to {
            self.edges[from].push(Edge { to, why, object });
        }
    }

    /// The groups of transactions of which each comes before each other, by edges of some kinds.
    ///
    /// Tarjan, "Depth-first search and linear graph algorithms", 1972, without recursion.
    pub(crate) fn components(&self, kinds: &[Why]) -> Vec<Vec<usize>> {
        const UNSEEN: usize = usize::MAX;
        let count = self.edges.len();
        let (mut index, mut low) = (vec![UNSEEN; count], vec![0; count]);
        let (mut on_stack, mut stack) = (vec![false; count], Vec::new());
        let (mut next, mut components) = (0, Vec::new());
        for root in 0..count {
            if index[root] != UNSEEN {
                continue;
            }
            let mut calls = vec![(root, 0)];
            while let Some((node, at)) = calls.pop() {
                if at == 0 {
                    (index[node], low[node]) = (next, next);
                    next += 1;
                    stack.push(node);
                    on_stack[node] = true;
                }
                let Some(edge) = self.edges[node].get(at) else {
                    if low[node] == index[node] {
                        let from = stack.iter().rposition(|other| *other == node).unwrap();
                        let component = stack.split_off(from);
                        for other in &component {
                            on_stack[*other] = false;
                        }
                        if component.len() > 1 {
                            components.push(component);
                        }
                    }
                    if let Some((caller, _)) = calls.last() {
                        low[*caller] = low[*caller].min(low[node]);
                    }
                    continue;
                };
                calls.push((node, at + 1));
                if !kinds.contains(&edge.why) {
                    continue;
                }
                if index[edge.to] == UNSEEN {
                    calls.push((edge.to, 0));
                } else if on_stack[edge.to] {
                    low[node] = low[node].min(index[edge.to]);
                }
            }
        }
        components
    }

    /// The shortest cycle that has an edge of the kind `one` and otherwise only edges of the kinds `rest`.
    pub(crate) fn shortest(&self, one: Why, rest: &[Why]) -> Option<Cycle> {
        let mut kinds = rest.to_vec();
        kinds.push(one);
        let mut shortest: Option<Cycle> = None;
        for component in self.components(&kinds) {
            for from in component {
                for edge in self.edges[from].iter().filter(|edge| edge.why == one) {
                    let most = shortest.as_ref().map_or(usize::MAX, Vec::len);
                    if let Some(path) = self.path(edge.to, from, rest, most) {
                        let cycle: Cycle = [(from, *edge)].into_iter().chain(path).collect();
                        if cycle.len() < most {
                            shortest = Some(cycle);
                        }
                    }
                    if shortest.as_ref().is_some_and(|cycle| cycle.len() == 2) {
                        return shortest;
                    }
                }
            }
        }
        shortest
    }

    /// The shortest path by edges of some kinds, shorter than `most`.
    fn path(&self, from: usize, to: usize, kinds: &[Why], most: usize) -> Option<Cycle> {
        let mut came: HashMap<usize, (usize, Edge)> = HashMap::new();
        let mut queue = VecDeque::from([(from, 0)]);
        while let Some((node, length)) = queue.pop_front() {
            if node == to {
                let mut path = Vec::new();
                let mut at = to;
                while at != from {
                    let (before, edge) = came[&at];
                    path.push((before, edge));
                    at = before;
                }
                path.reverse();
                return Some(path);
            }
            if length + 1 >= most {
                continue;
            }
            for edge in self.edges[node].iter().filter(|e| kinds.contains(&e.why)) {
                if edge.to != from && !came.contains_key(&edge.to) {
                    came.insert(edge.to, (node, *edge));
                    queue.push_back((edge.to, length + 1));
                }
            }
        }
        None
    }
}
