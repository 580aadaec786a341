//! Which candidates become neighbours.

use super::level::mix;
use super::space::Space;
use crate::distance::Scorer;
use crate::topk::Neighbor;

/// The links of a node may go to this many nodes with its own vector: enough to hold a heap of
/// duplicates together, few enough to leave room for the way out of it.
fn duplicates_allowed(degree: usize) -> usize {
    degree / 4
}

/// Reused memory of [`select`].
#[derive(Debug, Default)]
pub(crate) struct Selection {
    alive: Vec<Neighbor>,
    pruned: Vec<Neighbor>,
    ordinals: Vec<u32>,
    distances: Vec<f32>,
}

/// Chooses at most `degree` of `candidates` as the links of the vector `of`, nearest first.
///
/// Algorithm 4 of the HNSW paper with `keepPrunedConnections`: the nearest candidate is taken,
/// and every other one that is nearer to it than to `of` is dropped, and so on; what room is
/// left is filled with the nearest of the dropped. `candidates[i].row` is a node of the layer,
/// `ordinal` maps it to its vector.
pub(crate) fn select(
    space: &Space<'_>,
    of: u32,
    candidates: &mut Vec<Neighbor>,
    degree: usize,
    ordinal: impl Fn(u32) -> u32,
    selection: &mut Selection,
) -> Vec<u32> {
    let Selection {
        alive,
        pruned,
        ordinals,
        distances,
    } = selection;
    candidates.sort_unstable();
    thin_duplicates(space, of, candidates, degree, &ordinal);
    alive.clear();
    alive.extend_from_slice(candidates);
    pruned.clear();
    let mut chosen = Vec::with_capacity(degree);
    while let Some((&nearest, rest)) = alive.split_first() {
        chosen.push(nearest.row);
        if chosen.len() == degree {
            return chosen;
        }
        ordinals.clear();
        ordinals.extend(rest.iter().map(|candidate| ordinal(candidate.row)));
        distances.resize(rest.len(), 0.0);
        space
            .point(ordinal(nearest.row))
            .distances(ordinals, distances);
        let mut kept = 0;
        for at in 1..alive.len() {
            let candidate = alive[at];
            if distances[at - 1] < candidate.distance {
                pruned.push(candidate);
            } else {
                alive[kept] = candidate;
                kept += 1;
            }
        }
        alive.truncate(kept);
    }
    pruned.sort_unstable();
    let room = degree - chosen.len();
    chosen.extend(pruned.iter().take(room).map(|candidate| candidate.row));
    chosen
}

/// Leaves only a few of the candidates that have the very vector of `of`, drawn at random:
/// if every duplicate linked to the same few (the first by number), or all links went to
/// duplicates, the rest of the heap or of the graph could not be reached.
fn thin_duplicates(
    space: &Space<'_>,
    of: u32,
    candidates: &mut Vec<Neighbor>,
    degree: usize,
    ordinal: impl Fn(u32) -> u32,
) {
    let zero = space.point(of).distance(of);
    let from = candidates.partition_point(|candidate| candidate.distance < zero);
    let to = candidates.partition_point(|candidate| candidate.distance <= zero);
    let allowed = duplicates_allowed(degree);
    if to - from > allowed {
        candidates[from..to].sort_unstable_by_key(|candidate| {
            mix(u64::from(of) << 32 | u64::from(ordinal(candidate.row)))
        });
        candidates.drain(from + allowed..to);
    }
}
