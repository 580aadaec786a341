//! Search among the allowed nodes of a graph that was built without regard to the filter.

use super::adjacency::{Layer, NONE};
use super::beam::{BLOCK, Scratch, Work};
use super::{BASE_DEGREE, HnswView};
use crate::distance::{Exact, Scorer};
use crate::ordinals::OrdinalSet;

/// Allowed nodes, spread over the whole graph, that the search begins at.
const ENTRIES: usize = 12;
/// A step that finds fewer allowed nodes is at a border, where it builds bridges.
const FEW: usize = 4;
/// Nodes that are not allowed but may be crossed, at most, at one step.
const BRIDGES: usize = 8;
/// The result is doubted when the nodes met are allowed this many times less often than all.
const DOUBT: usize = 4;

/// A beam over allowed nodes, the result being the pool of the scratch; `false` if it is not to
/// be trusted and a scan is the better answer.
///
/// Only allowed nodes are scored. Where less than half of a node's links are allowed, the links
/// of the others are followed too, until a full row of allowed nodes is found (two hops, as in
/// ACORN-1, Patel et al. 2024). Where hardly any is found, a few of the others are crossed as
/// bridges, without which the search would end in an island of the filter.
pub(super) fn two_hop(
    view: &HnswView<'_>,
    exact: &Exact<'_>,
    ef: usize,
    allowed: &OrdinalSet,
    scratch: &mut Scratch,
) -> (Work, bool) {
    let mut work = Work::default();
    let n = view.len();
    scratch.begin(n, ef);
    scratch.expanded.reset(n);
    seed(view, exact, allowed, scratch, &mut work);
    let base = view.base();
    let Scratch {
        visited,
        expanded,
        pool,
        block,
        distances,
        ..
    } = scratch;
    let (mut met, mut passed) = (0_usize, 0_usize);
    while let Some(node) = pool.pop() {
        work.expanded += 1;
        let (mut filled, mut others) = (0, 0);
        let mut failing = [0_u32; BASE_DEGREE];
        for &link in base.links(node).iter().filter(|&&link| link != NONE) {
            if allowed.contains(link) {
                passed += 1;
                block[filled] = link;
                filled += usize::from(visited.insert(link));
            } else if (link as usize) < n {
                failing[others] = link;
                others += 1;
            }
            met += 1;
        }
        let failing = &failing[..others];
        if filled < BASE_DEGREE / 2 {
            for &other in failing {
                if filled >= BASE_DEGREE {
                    break;
                }
                if expanded.insert(other) {
                    for &link in base.links(other) {
                        if allowed.contains(link) {
                            block[filled % BLOCK] = link;
                            filled += usize::from(visited.insert(link));
                        }
                    }
                }
            }
        }
        let scored = filled;
        if filled < FEW {
            for &other in failing {
                if filled == scored + BRIDGES {
                    break;
                }
                block[filled] = other;
                filled += usize::from(visited.insert(other));
            }
        }
        for &node in &block[..filled] {
            exact.prefetch(node);
        }
        exact.distances(&block[..filled], &mut distances[..filled]);
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
    // Met less often around the query than overall: the filter turns away from the query.
    let doubtful =
        passed.saturating_mul(DOUBT).saturating_mul(n) < met.saturating_mul(allowed.len());
    (work, !doubtful)
}

/// Begins at the node that the upper layers lead to, and at some of the allowed ones.
fn seed(
    view: &HnswView<'_>,
    exact: &Exact<'_>,
    allowed: &OrdinalSet,
    scratch: &mut Scratch,
    work: &mut Work,
) {
    let n = view.len();
    if let Some((distance, node)) = view.approach(exact, work) {
        scratch.visited.insert(node);
        if allowed.contains(node) {
            scratch.pool.insert(distance, node);
        } else {
            scratch.pool.insert_bridge(distance, node);
        }
    }
    for node in allowed.spread(ENTRIES).filter(|&node| (node as usize) < n) {
        scratch.seed(exact.distance(node), node);
        work.distances += 1;
    }
}
