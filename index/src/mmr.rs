//! Maximal marginal relevance: hits that are relevant and not all the same.

/// The most relevant candidates that are unlike those chosen before them (Carbonell and Goldstein, *The Use
/// of MMR, Diversity-Based Reranking for Reordering Documents and Producing Summaries*, 1998): each is the
/// one with the greatest `lambda * relevance - (1 - lambda) * similarity` to the one most similar to it that
/// is chosen already; similarities below 0 count as 0.
///
/// `relevance` has a figure for each candidate, 0 to 1; `similarity` gives that of two candidates, `None`
/// where one cannot be compared, which counts as 0. Gives the numbers of at most `count` candidates with the
/// figure that each was chosen for, which never rises; ties go to the earlier candidate. A `lambda` outside
/// of 0 to 1 counts as the nearer end. It takes `count * candidates` similarities.
#[must_use]
pub fn mmr(
    relevance: &[f32],
    similarity: impl Fn(usize, usize) -> Option<f32>,
    lambda: f32,
    count: usize,
) -> Vec<(usize, f32)> {
    let lambda = if lambda.is_nan() {
        1.0
    } else {
        lambda.clamp(0.0, 1.0)
    };
    let count = count.min(relevance.len());
    // How similar each one is to the most similar one of those chosen.
    let mut nearest = vec![0.0_f32; relevance.len()];
    let mut open: Vec<usize> = (0..relevance.len()).collect();
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count {
        let worth = |at: usize| {
            let relevance = relevance.get(at).copied().unwrap_or_default();
            let nearest = nearest.get(at).copied().unwrap_or_default();
            lambda * relevance - (1.0 - lambda) * nearest
        };
        let mut best: Option<(usize, f32)> = None;
        for (place, &at) in open.iter().enumerate() {
            let worth = worth(at);
            if best.is_none_or(|(_, most)| worth.total_cmp(&most).is_gt()) {
                best = Some((place, worth));
            }
        }
        let Some((place, worth)) = best else {
            break;
        };
        let at = open.remove(place);
        chosen.push((at, worth));
        for &other in &open {
            if let (Some(similar), Some(nearest)) = (similarity(at, other), nearest.get_mut(other))
            {
                *nearest = nearest.max(similar);
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cases() -> ProptestConfig {
        let set = std::env::var("LUMOS_CASES").ok();
        ProptestConfig::with_cases(set.and_then(|set| set.parse().ok()).unwrap_or(500))
    }

    /// The definition, everything computed anew for every choice.
    fn naive(relevance: &[f32], similar: &[Vec<f32>], lambda: f32, count: usize) -> Vec<usize> {
        let mut chosen: Vec<usize> = Vec::new();
        while chosen.len() < count.min(relevance.len()) {
            let worth = |at: usize| {
                let like = chosen.iter().map(|&other| similar[other][at]);
                lambda * relevance[at] - (1.0 - lambda) * like.fold(0.0, f32::max)
            };
            let open = (0..relevance.len()).filter(|at| !chosen.contains(at));
            let best = open.reduce(|a, b| if worth(b) > worth(a) { b } else { a });
            chosen.extend(best);
        }
        chosen
    }

    proptest! {
        #![proptest_config(cases())]

        #[test]
        fn choices_are_those_of_the_definition(
            relevance in prop::collection::vec(0.0f32..1.0, 0..12),
            raw in prop::collection::vec(-1.0f32..1.0, 144),
            lambda in 0.0f32..=1.0,
            count in 0usize..14,
        ) {
            let similar: Vec<Vec<f32>> = raw.chunks(12).map(<[f32]>::to_vec).collect();
            let found = mmr(&relevance, |a, b| Some(similar[a][b]), lambda, count);
            let order: Vec<usize> = found.iter().map(|(at, _)| *at).collect();
            prop_assert_eq!(order, naive(&relevance, &similar, lambda, count));
            prop_assert!(found.is_sorted_by(|a, b| a.1 >= b.1));
        }
    }

    #[test]
    fn the_ends_of_lambda_are_relevance_alone_and_difference_alone() {
        let similar = |a: usize, b: usize| Some(f32::from(u8::from(a / 2 == b / 2)));
        let relevance = [1.0, 0.9, 0.5, 0.4];
        let order = |lambda: f32| -> Vec<usize> {
            mmr(&relevance, similar, lambda, 3)
                .into_iter()
                .map(|(at, _)| at)
                .collect()
        };
        assert_eq!(order(1.0), [0, 1, 2]);
        assert_eq!(order(f32::NAN), [0, 1, 2]);
        assert_eq!(order(0.5), [0, 2, 1]);
        assert_eq!(order(-3.0), [0, 2, 1]);
        assert!(mmr(&[], |_, _| None, 0.5, 3).is_empty());
        assert_eq!(mmr(&[0.2, 0.1], |_, _| None, 0.5, 9).len(), 2);
    }
}
