//! The fusion of random legs against what its definition says of legs run alone over all documents.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use crash::model::Random;
use lumos_engine::{Collection, Fusion, Hit, Leg, Normalise, field};
use rows::{cases, store, vector, words};

/// What a leg alone gives every document, by key: the score, and the figure that is fused.
type Scores = Vec<(String, f64)>;

struct Naive {
    weight: f64,
    similar: bool,
    /// Best first.
    list: Scores,
}

fn random_leg(docs: &Collection, random: &mut Random) -> (Leg, Naive) {
    let weight = random.below(4) as f32 / 2.0;
    let all = |search: lumos_engine::Search| search.exact().limit(16_384).run().unwrap();
    let (leg, hits, similar, near): (Leg, Vec<Hit>, bool, fn(f32) -> f64) = match random.below(3) {
        0 => {
            let query = words(random, 3);
            let hits = all(docs.search(query.as_str()));
            (Leg::text(query), hits, false, f64::from)
        }
        1 => {
            let query = vector(random);
            let hits = all(docs.search(&query));
            (Leg::vector(query), hits, true, f64::from)
        }
        _ => {
            let query = vector(random);
            let hits = all(docs.search(&query).vector_field("image"));
            let leg = Leg::vector(query).field("image");
            (leg, hits, true, |far| 1.0 / (1.0 + f64::from(far)))
        }
    };
    let mut leg = leg.weight(weight).depth(1 + random.below(80) as usize);
    let mut hits = hits;
    if random.below(4) == 0 {
        let least = random.below(60);
        leg = leg.filter(field("row").gte(least));
        hits.retain(|hit| hit.meta()["row"].as_u64().unwrap() >= least);
    }
    if random.below(4) == 0 {
        let bound = random.below(100) as f32 / 50.0 - 0.5;
        leg = if random.below(2) == 0 {
            leg.at_least(bound)
        } else {
            leg.at_most(bound)
        };
        hits.retain(|hit| leg.at_least.is_none_or(|least| hit.score >= least));
        hits.retain(|hit| leg.at_most.is_none_or(|most| hit.score <= most));
    }
    let list = hits
        .iter()
        .map(|hit| (hit.doc.key.clone(), near(hit.score)))
        .collect();
    let weight = f64::from(weight);
    (
        leg,
        Naive {
            weight,
            similar,
            list,
        },
    )
}

fn deviation(list: &Scores) -> (f64, f64) {
    let n = list.len().max(1) as f64;
    let mean = list.iter().map(|e| e.1).sum::<f64>() / n;
    let variance = list.iter().map(|e| (e.1 - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// The sum that the definition of a fusion says, over the candidates of all legs.
fn fused(legs: &[Naive], fusion: Fusion) -> BTreeMap<String, f64> {
    let mut sums: BTreeMap<String, f64> = BTreeMap::new();
    let alike = legs.iter().all(|leg| leg.similar) || legs.iter().all(|leg| !leg.similar);
    let share = |leg: &Naive, w: f64| match leg.similar {
        _ if alike => leg.weight,
        true => w * leg.weight,
        false => (1.0 - w) * leg.weight,
    };
    for leg in legs {
        let list = &leg.list;
        let (low, high) = list
            .iter()
            .fold((f64::MAX, f64::MIN), |(l, h), e| (l.min(e.1), h.max(e.1)));
        let (mean, spread) = deviation(list);
        for (rank, (key, score)) in list.iter().enumerate() {
            let part = match fusion {
                Fusion::Rrf { k } => {
                    leg.weight / (f64::from(if k == 0 { 60 } else { k }) + rank as f64 + 1.0)
                }
                Fusion::Sum {
                    normalise: Normalise::MinMax,
                } => {
                    leg.weight
                        * if high > low {
                            (score - low) / (high - low)
                        } else {
                            1.0
                        }
                }
                Fusion::Sum {
                    normalise: Normalise::ZScore,
                } => {
                    leg.weight
                        * if spread > 1e-9 {
                            (score - mean) / spread
                        } else {
                            0.0
                        }
                }
                Fusion::Sum { .. } => {
                    leg.weight
                        * if high > 0.0 {
                            score.max(0.0) / high
                        } else {
                            0.0
                        }
                }
                Fusion::Dbsf => {
                    leg.weight
                        * if spread > 1e-9 {
                            ((score - mean + 3.0 * spread) / (6.0 * spread)).clamp(0.0, 1.0)
                        } else {
                            0.5
                        }
                }
                Fusion::Convex { vector_weight } => {
                    let w = f64::from(vector_weight);
                    let whole: f64 = legs.iter().map(|leg| share(leg, w)).sum();
                    let part = match (leg.similar, high) {
                        (true, _) => *score,
                        (false, best) if best > 0.0 => score / best,
                        _ => 0.0,
                    };
                    if whole > 0.0 {
                        share(leg, w) / whole * part
                    } else {
                        0.0
                    }
                }
                _ => unreachable!(),
            };
            *sums.entry(key.clone()).or_insert(0.0) += part;
        }
    }
    sums
}

/// Every leg of random ones is run alone, over all documents; what they say of the documents that a search by
/// all of them found is put together as the definition of the fusion says.
#[test]
fn any_number_of_legs_is_fused_as_a_naive_reader_fuses_them() {
    let mut random = Random::new(7);
    let mut at = store(0);
    for case in 0..cases() {
        if case % 100 == 99 {
            at = store(case);
        }
        let docs = &at.2;
        let count = 2 + random.below(4) as usize;
        let (mut legs, mut naive): (Vec<Leg>, Vec<Naive>) =
            (0..count).map(|_| random_leg(docs, &mut random)).unzip();
        if random.below(3) > 0 {
            // No leg is cut: every document is a candidate.
            legs.iter_mut().for_each(|leg| leg.depth = Some(100));
        }
        let fusion = match random.below(6) {
            0 => Fusion::Rrf {
                k: random.below(90) as u32,
            },
            1 => Fusion::Sum {
                normalise: Normalise::MinMax,
            },
            2 => Fusion::Sum {
                normalise: Normalise::ZScore,
            },
            3 => Fusion::Sum {
                normalise: Normalise::Max,
            },
            4 => Fusion::Dbsf,
            _ => Fusion::Convex {
                vector_weight: random.below(11) as f32 / 10.0,
            },
        };
        let hits = docs
            .search_legs(legs.clone())
            .fusion(fusion)
            .exact()
            .limit(100)
            .run()
            .unwrap();
        // Candidates are what some leg brought: a leg that is cut brings its best that pass its own filter,
        // whatever its thresholds then say.
        let mut candidates = BTreeSet::new();
        for leg in &legs {
            let mut alone = leg.clone();
            (alone.at_least, alone.at_most) = (None, None);
            let alone = docs.search_legs([alone]).exact().limit(100).run().unwrap();
            candidates.extend(alone.into_iter().map(|hit| hit.doc.key));
        }
        naive
            .iter_mut()
            .for_each(|leg| leg.list.retain(|entry| candidates.contains(&entry.0)));
        let expected = fused(&naive, fusion);
        let found: BTreeMap<String, f64> = hits
            .iter()
            .map(|hit| (hit.doc.key.clone(), f64::from(hit.score)))
            .collect();
        let keys = |of: &BTreeMap<String, f64>| of.keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            keys(&found),
            keys(&expected),
            "case {case}: {legs:?} {fusion:?}"
        );
        for (key, score) in &found {
            let wanted = expected[key];
            assert!(
                (score - wanted).abs() < 2e-3 * wanted.abs().max(1.0),
                "case {case}: {key} {score} {wanted} {legs:?} {fusion:?}"
            );
        }
        assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
        for (at, leg) in naive.iter().enumerate() {
            for (rank, (key, _)) in leg.list.iter().enumerate() {
                let hit = hits.iter().find(|hit| hit.key() == key).unwrap();
                assert!(hit.legs.len() <= legs.len());
                assert!(
                    hit.legs.iter().any(|leg| leg.rank == rank + 1),
                    "leg {at} of {key}: {:?}",
                    hit.legs
                );
            }
        }
    }
}
