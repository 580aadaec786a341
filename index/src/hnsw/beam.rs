//! The search loop.

use std::cell::Cell;

use super::adjacency::Layer;
use super::pool::Pool;
use crate::codes::Buffers;
use crate::distance::Scorer;
use crate::visited::Visited;

/// Candidates expanded in one step: their vectors are fetched together, which hides more of the
/// wait for memory than the few distances cost that a strict order would save.
const WIDTH: usize = 2;

/// Rows scored in one step at most: `WIDTH` rows of links under construction.
pub(crate) const BLOCK: usize = 128;
/// Distances that are compared with the bound at once; a block is made of such groups.
const LANES: usize = 16;
const _: () = assert!(BLOCK.is_multiple_of(LANES));

/// Searches of a block: their queries become codes together.
pub(crate) const QUERIES: usize = 8;

/// Working memory of a search, reused by all searches of a thread.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) visited: Visited,
    pub(crate) expanded: Visited,
    pub(crate) pool: Pool,
    pub(crate) block: [u32; BLOCK],
    pub(crate) distances: [f32; BLOCK],
    /// Nodes of the block that wait to be scored, and what was done since the search began.
    pub(crate) pending: usize,
    pub(crate) work: Work,
    /// The query as codes, and those of a block of searches.
    pub(crate) query: [Buffers; 1],
    pub(crate) queries: [Buffers; QUERIES],
    /// Rows that are compared exactly.
    pub(crate) rows: Vec<u32>,
    pub(crate) exact: Vec<f32>,
}

impl Scratch {
    fn new() -> Box<Self> {
        Box::new(Scratch {
            visited: Visited::default(),
            expanded: Visited::default(),
            pool: Pool::default(),
            block: [0; BLOCK],
            distances: [0.0; BLOCK],
            pending: 0,
            work: Work::default(),
            query: Default::default(),
            queries: Default::default(),
            rows: Vec::new(),
            exact: Vec::new(),
        })
    }

    /// Lends the scratch of this thread to `work`. A call from within `work` gets another one.
    pub(crate) fn with<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
        thread_local! {
            static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
        }
        let mut scratch = SCRATCH.take().unwrap_or_else(Scratch::new);
        let result = work(&mut scratch);
        SCRATCH.set(Some(scratch));
        result
    }

    /// Begins a search in a layer: nothing seen, room for `ef`.
    pub(crate) fn begin(&mut self, nodes: usize, ef: usize) {
        self.visited.reset(nodes);
        self.pool.reset(ef);
        self.pending = 0;
        self.work = Work::default();
    }

    /// Makes a node with a known distance a place to begin from.
    pub(crate) fn seed(&mut self, distance: f32, node: u32) {
        if self.visited.insert(node) {
            self.pool.insert(distance, node);
        }
    }
}

/// What a search did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    pub(crate) expanded: usize,
    pub(crate) distances: usize,
}

impl std::ops::Add for Work {
    type Output = Work;

    fn add(self, more: Work) -> Work {
        Work {
            expanded: self.expanded + more.expanded,
            distances: self.distances + more.distances,
        }
    }
}

/// Algorithm 2 of the HNSW paper: expands the nearest unexpanded candidates until the pool has
/// none. The scratch has been begun and seeded; the result is its pool.
#[inline(always)]
pub(crate) fn beam<L: Layer, S: Scorer>(layer: &L, scorer: &S, scratch: &mut Scratch) -> Work {
    while gather(layer, scorer, scratch) {
        absorb(layer, scorer, scratch);
    }
    scratch.work
}

/// The first half of a step: takes the nearest unexpanded candidates, collects what they link to
/// and has not been seen, and asks for it to be fetched. `false` if there is no candidate left.
#[inline(always)]
fn gather<L: Layer, S: Scorer>(layer: &L, scorer: &S, scratch: &mut Scratch) -> bool {
    let Scratch {
        visited,
        pool,
        block,
        work,
        ..
    } = scratch;
    let mut filled = 0;
    let before = work.expanded;
    let mut marker = visited.marker();
    let mut popped = [None; WIDTH];
    for popped in &mut popped {
        let Some((node, place)) = pool.pop() else {
            break;
        };
        *popped = Some((node, place));
        work.expanded += 1;
        for &link in layer.links(node) {
            // Written first, kept if new: no branch to mispredict. At most `BLOCK` links are
            // looked at, so that the place is always there.
            block[filled % BLOCK] = link;
            filled += usize::from(marker.mark(link));
        }
    }
    scratch.pending = filled;
    if work.expanded == before {
        return false;
    }
    let block = &block[..filled];
    visited.note(block);
    for &node in block {
        scorer.prefetch(layer.ordinal(node));
    }
    for node in pool.upcoming(WIDTH) {
        layer.prefetch(node);
    }
    for (node, place) in popped.into_iter().flatten() {
        scorer.expanded(layer.ordinal(node), place);
    }
    true
}

/// The second half of a step: scores what was fetched, and puts what is near into the pool.
#[inline(always)]
fn absorb<L: Layer, S: Scorer>(layer: &L, scorer: &S, scratch: &mut Scratch) {
    let Scratch {
        pool,
        block,
        distances,
        work,
        pending,
        ..
    } = scratch;
    let filled = *pending;
    score(layer, scorer, &block[..filled], &mut distances[..filled]);
    let rest = filled..filled.next_multiple_of(LANES);
    distances[rest].fill(f32::INFINITY);
    work.distances += filled;
    let bound = pool.bound();
    let mut kept = 0;
    for start in (0..filled).step_by(LANES) {
        // Most are too far: of a whole group that shows at once.
        let mut near = 0_u32;
        for lane in 0..LANES {
            near |= u32::from(distances[start + lane] < bound) << lane;
        }
        while near != 0 {
            // Kept places are never past the one that is read.
            let at = start + near.trailing_zeros() as usize;
            near &= near - 1;
            block[kept] = block[at];
            distances[kept] = distances[at];
            kept += 1;
        }
    }
    // They are expanded next if they are the nearest of all.
    for node in two_nearest(&block[..kept], &distances[..kept]) {
        layer.prefetch(node);
    }
    for (&node, &distance) in block[..kept].iter().zip(distances.iter()) {
        pool.insert(distance, node);
    }
}

/// The nodes of the two least distances; one of them twice if there are no two.
#[inline(always)]
fn two_nearest(nodes: &[u32], distances: &[f32]) -> [u32; 2] {
    let mut best = [(f32::INFINITY, 0); 2];
    for (&node, &distance) in nodes.iter().zip(distances) {
        if distance < best[1].0 {
            best[1] = (distance, node);
            if distance < best[0].0 {
                best.swap(0, 1);
            }
        }
    }
    best.map(|(_, node)| node)
}

/// Distances to nodes of a layer.
#[inline(always)]
fn score<L: Layer, S: Scorer>(layer: &L, scorer: &S, nodes: &[u32], distances: &mut [f32]) {
    if !L::MAPPED {
        scorer.distances(nodes, distances);
        return;
    }
    let mut ordinals = [0_u32; BLOCK];
    for (ordinal, &node) in ordinals.iter_mut().zip(nodes) {
        *ordinal = layer.ordinal(node);
    }
    scorer.distances(&ordinals[..nodes.len()], distances);
}

/// Walks to a node that is nearer than all it links to (search with `ef = 1` in upper layers),
/// from a node with a known distance. Links and ordinals that lie outside are passed over.
pub(crate) fn descend<L: Layer, S: Scorer>(
    layer: &L,
    scorer: &S,
    mut best: (f32, u32),
    work: &mut Work,
) -> (f32, u32) {
    let mut ordinals = [0_u32; BLOCK];
    let mut nodes = [0_u32; BLOCK];
    let mut distances = [0_f32; BLOCK];
    loop {
        let mut filled = 0;
        for &link in layer.links(best.1).iter().take(BLOCK) {
            if (link as usize) < layer.len() {
                let ordinal = layer.ordinal(link);
                if (ordinal as usize) < scorer.len() {
                    nodes[filled] = link;
                    ordinals[filled] = ordinal;
                    filled += 1;
                }
            }
        }
        for &ordinal in &ordinals[..filled] {
            scorer.prefetch(ordinal);
        }
        scorer.distances(&ordinals[..filled], &mut distances[..filled]);
        work.expanded += 1;
        work.distances += filled;
        let from = best.1;
        for (&node, &distance) in nodes[..filled].iter().zip(&distances) {
            if distance < best.0 {
                best = (distance, node);
            }
        }
        if best.1 == from {
            return best;
        }
    }
}
