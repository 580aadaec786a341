//! Search among the allowed nodes of a graph that was built without regard to the filter.

use super::adjacency::{Layer, NONE};
use super::beam::{BLOCK, Scratch, Work};
use super::{BASE_DEGREE, HnswView};
use crate::distance::Scorer;
use crate::ordinals::OrdinalSet;

/// Allowed nodes, spread over the whole graph, that the search begins at.
const ENTRIES: usize = 64;
/// A step that finds fewer allowed nodes is at a border, where it builds bridges.
const FEW: usize = 4;
/// Nodes that are not allowed but may be crossed, at most, at one step.
const BRIDGES: usize = 8;
/// Places of the pool, beyond the results asked for, that bridges may take.
pub(super) const BRIDGE_ROOM: usize = 4 * BRIDGES;
/// The filter turns away from the query when the nodes around it are allowed this many times
/// less often than all are.
const DOUBT: usize = 4;

/// A beam over allowed nodes, the result being the pool of the scratch; `false` if it is not to
/// be trusted and a scan is the better answer.
///
/// Only allowed nodes are scored. Where less than half of a node's links are allowed, the links
/// of the others are followed too, until a full row of allowed nodes is found (two hops, as in
/// ACORN-1, Patel et al. 2024). Where hardly any is found, a few of the others are crossed as
/// bridges, without which the search would end in an island of the filter.
///
/// It begins at `near`, a node near the query, and at some allowed nodes, and keeps `ef` candidates, those
/// farther than `beyond` unexpanded.
#[inline(always)]
pub(super) fn two_hop<S: Scorer>(
    view: &HnswView<'_>,
    scorer: &S,
    (distance, near): (f32, u32),
    (ef, beyond): (usize, f32),
    allowed: &OrdinalSet,
    scratch: &mut Scratch,
) -> (Work, bool) {
    let mut work = Work::default();
    let n = view.len();
    if turned_away(view, near, allowed) {
        return (work, false);
    }
    scratch.begin(n, ef);
    scratch.pool.expand_within(beyond);
    scratch.expanded.reset(n);
    scratch.visited.insert(near);
    if allowed.contains(near) {
        scratch.pool.insert(distance, near);
    } else {
        scratch.pool.insert_bridge(distance, near);
    }
    seed(scorer, n, allowed, scratch, &mut work);
    let base = view.base();
    let Scratch {
        visited,
        expanded,
        pool,
        block,
        distances,
        ..
    } = scratch;
    while let Some((node, _)) = pool.pop() {
        work.expanded += 1;
        let (mut filled, mut others, mut found) = (0, 0, 0);
        let mut failing = [0_u32; BASE_DEGREE];
        for &link in base.links(node).iter().filter(|&&link| link != NONE) {
            if allowed.contains(link) {
                found += 1;
                block[filled] = link;
                filled += usize::from(visited.insert(link));
            } else if (link as usize) < n {
                failing[others] = link;
                others += 1;
            }
        }
        let failing = &failing[..others];
        if found < others {
            for &other in failing {
                base.prefetch(other);
            }
            for &other in failing {
                // Counts what was seen before too: a walk that goes on until it has found a row
                // of new nodes costs twice as much and finds little more.
                if found >= BASE_DEGREE {
                    break;
                }
                if expanded.insert(other) {
                    for &link in base.links(other) {
                        if allowed.contains(link) {
                            found += 1;
                            block[filled % BLOCK] = link;
                            filled += usize::from(visited.insert(link));
                        }
                    }
                }
            }
        }
        let scored = filled;
        if found < FEW {
            for &other in failing {
                if filled == scored + BRIDGES {
                    break;
                }
                block[filled] = other;
                filled += usize::from(visited.insert(other));
            }
        }
        for &node in &block[..filled] {
            scorer.prefetch(node);
        }
        scorer.distances(&block[..filled], &mut distances[..filled]);
        work.distances += filled;
        for (at, (&node, &distance)) in block[..filled].iter().zip(distances.iter()).enumerate() {
            if at < scored {
                pool.insert(distance, node);
            } else {
                pool.insert_bridge(distance, node);
            }
        }
        if work.distances > allowed.len() {
            return (work, false);
        }
    }
    (work, true)
}

/// Whether hardly any of the nodes two hops around the query is allowed, although others are:
/// then the nearest allowed ones lie elsewhere, and a walk would stop at any of their groups.
fn turned_away(view: &HnswView<'_>, near: u32, allowed: &OrdinalSet) -> bool {
    let base = view.base();
    let inside = |link: &&u32| (**link as usize) < view.len();
    let links = base.links(near).iter().filter(inside);
    links.clone().for_each(|&link| base.prefetch(link));
    let (mut met, mut passed) = (0_usize, 0_usize);
    for link in links.flat_map(|&link| base.links(link).iter().filter(inside)) {
        met += 1;
        passed += usize::from(allowed.contains(*link));
    }
    passed.saturating_mul(DOUBT).saturating_mul(view.len()) < met.saturating_mul(allowed.len())
}

/// Begins at some of the allowed nodes too, wherever they are.
#[inline(always)]
fn seed<S: Scorer>(
    scorer: &S,
    n: usize,
    allowed: &OrdinalSet,
    scratch: &mut Scratch,
    work: &mut Work,
) {
    let Scratch {
        visited,
        pool,
        block,
        distances,
        ..
    } = scratch;
    let mut filled = 0;
    for node in allowed.spread(ENTRIES).filter(|&node| (node as usize) < n) {
        block[filled] = node;
        filled += usize::from(visited.insert(node));
    }
    scorer.distances(&block[..filled], &mut distances[..filled]);
    for (&node, &distance) in block[..filled].iter().zip(distances.iter()) {
        pool.insert(distance, node);
    }
    work.distances += filled;
}
