//! The usual measures of a ranking, with linear gain, averaged over queries.

use std::collections::HashMap;

/// Ranks that count for nDCG and MRR.
const DEPTH: usize = 10;
const RECALL_AT: [usize; 3] = [1, 5, 10];

/// Sums over queries.
#[derive(Debug, Clone, Default)]
pub(super) struct Measures {
    queries: usize,
    ndcg: f64,
    recall: [f64; 3],
    reciprocal_rank: f64,
}

impl Measures {
    /// Adds a query: the keys found, best first, and the grades of its relevant documents.
    pub(super) fn add(&mut self, found: &[&str], grades: Option<&HashMap<String, f64>>) {
        let Some(grades) = grades.filter(|grades| !grades.is_empty()) else {
            return;
        };
        self.queries += 1;
        let gain = |key: &&str| grades.get(*key).copied().unwrap_or(0.0);
        let gains: Vec<f64> = found.iter().take(DEPTH).map(gain).collect();
        let mut ideal: Vec<f64> = grades.values().copied().collect();
        ideal.sort_by(|a, b| b.total_cmp(a));
        ideal.truncate(DEPTH);
        self.ndcg += discounted(&gains) / discounted(&ideal);
        for (sum, at) in self.recall.iter_mut().zip(RECALL_AT) {
            let relevant = found
                .iter()
                .take(at)
                .filter(|key| grades.contains_key(**key))
                .count();
            *sum += relevant as f64 / grades.len() as f64;
        }
        if let Some(rank) = gains.iter().position(|gain| *gain > 0.0) {
            self.reciprocal_rank += 1.0 / (rank + 1) as f64;
        }
    }

    /// The means by name.
    pub(super) fn means(&self) -> [(&'static str, f64); 5] {
        let mean = |sum: f64| {
            if self.queries == 0 {
                0.0
            } else {
                sum / self.queries as f64
            }
        };
        let [one, five, ten] = self.recall;
        [
            ("ndcg@10", mean(self.ndcg)),
            ("recall@1", mean(one)),
            ("recall@5", mean(five)),
            ("recall@10", mean(ten)),
            ("mrr@10", mean(self.reciprocal_rank)),
        ]
    }
}

/// Gains divided by the logarithm of their rank.
fn discounted(gains: &[f64]) -> f64 {
    gains
        .iter()
        .zip(2u32..)
        .map(|(gain, place)| gain / f64::from(place).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(found: &[&str], grades: &[(&str, f64)]) -> HashMap<&'static str, f64> {
        let grades = grades
            .iter()
            .map(|(key, grade)| (key.to_string(), *grade))
            .collect();
        let mut measures = Measures::default();
        measures.add(found, Some(&grades));
        measures.means().into_iter().collect()
    }

    #[test]
    fn a_perfect_ranking_scores_one_everywhere() {
        let means = means(&["a"], &[("a", 1.0)]);
        assert!(means.values().all(|mean| *mean == 1.0), "{means:?}");
    }

    #[test]
    fn figures_agree_with_those_worked_out_by_hand() {
        let means = means(&["x", "b", "a"], &[("a", 3.0), ("b", 1.0)]);
        let expected = (1.0 / 3f64.log2() + 3.0 / 2.0) / (3.0 + 1.0 / 3f64.log2());
        assert!((means["ndcg@10"] - expected).abs() < 1e-12);
        assert_eq!(means["recall@1"], 0.0);
        assert_eq!(means["recall@5"], 1.0);
        assert_eq!(means["mrr@10"], 0.5);
    }

    #[test]
    fn queries_without_relevant_documents_do_not_count() {
        let mut measures = Measures::default();
        measures.add(&["a"], None);
        measures.add(&["a"], Some(&HashMap::new()));
        assert_eq!(measures.queries, 0);
        assert!(measures.means().iter().all(|(_, mean)| *mean == 0.0));
    }
}
