//! Half of the records go and as many come, fifty times. Elsewhere graphs wear out under that: records
//! are stored that their own vector no longer finds. Here every live record is the nearest to its own
//! vector, and recall is that of a database made anew.
//!
//! `LUMOS_SEEDS=0..20 cargo test --release -p lumos-engine --test churn` looks longer.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crash;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use crash::model::Random;
use lumos_engine::{Batch, Checkup, Collection, Doc, Lumos, Store, field};
use rayon::prelude::*;

const DIM: usize = 64;
const CLUSTERS: usize = 40;
const QUERIES: usize = 200;

/// Lives to run, each of another seed.
fn seeds() -> std::ops::Range<u64> {
    let text = std::env::var("LUMOS_SEEDS").unwrap_or_default();
    let bounds = text
        .split_once("..")
        .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    bounds.map_or(0..1, |(from, to): (u64, u64)| from..to)
}

/// Vectors around centres.
struct Clusters {
    centres: Vec<Vec<f32>>,
    random: Random,
}

impl Clusters {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let centres = (0..CLUSTERS)
            .map(|_| (0..DIM).map(|_| noise(&mut random)).collect())
            .collect();
        Clusters { centres, random }
    }

    fn near(&mut self, cluster: usize) -> Vec<f32> {
        let centre = &self.centres[cluster];
        let random = &mut self.random;
        centre.iter().map(|x| x + 0.5 * noise(random)).collect()
    }
}

fn noise(random: &mut Random) -> f32 {
    (random.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
}

/// A collection, and what should be in it.
struct Churn<'a> {
    dir: &'a Path,
    docs: Collection,
    live: BTreeMap<String, Vec<f32>>,
    clusters: Clusters,
    random: Random,
    next: usize,
}

impl<'a> Churn<'a> {
    fn new(dir: &'a Path, seed: u64, rows: usize) -> Self {
        let mut churn = Churn {
            dir,
            docs: Lumos::open(dir).unwrap().collection("docs").unwrap(),
            live: BTreeMap::new(),
            clusters: Clusters::new(seed),
            random: Random::new(seed + 1_000),
            next: 0,
        };
        churn.insert(rows);
        churn
    }

    fn db(&self) -> &Lumos {
        self.docs.database()
    }

    fn insert(&mut self, rows: usize) {
        let mut batch = Vec::with_capacity(rows);
        for _ in 0..rows {
            let cluster = self.next % CLUSTERS;
            let key = format!("k{:07}", self.next);
            let vector = self.clusters.near(cluster);
            self.live.insert(key.clone(), vector.clone());
            let doc = Doc::new(key).vector(vector).field("cluster", cluster);
            batch.push(doc);
            self.next += 1;
        }
        self.docs.put_all(batch).unwrap();
    }

    /// Deletes this many records picked by chance, by their keys.
    fn delete(&mut self, rows: usize) {
        let mut keys: Vec<String> = self.live.keys().cloned().collect();
        let mut batch = Batch::new();
        for _ in 0..rows.min(keys.len()) {
            let key = keys.swap_remove(self.random.below(keys.len() as u64) as usize);
            self.live.remove(&key);
            batch.delete("docs", key);
        }
        Store::write(self.db(), batch).unwrap();
    }

    /// Deletes every second cluster, by a filter: whole neighbourhoods are gone.
    fn delete_clusters(&mut self, odd: usize) -> usize {
        let gone: Vec<usize> = (0..CLUSTERS).filter(|cluster| cluster % 2 == odd).collect();
        let number = |key: &String| key[1..].parse::<usize>().unwrap() % CLUSTERS;
        let before = self.live.len();
        self.live.retain(|key, _| !gone.contains(&number(key)));
        let deleted = self.docs.delete(field("cluster").is_in(gone)).unwrap() as usize;
        assert_eq!(deleted, before - self.live.len());
        deleted
    }

    fn reopen(self) -> Self {
        let Churn { dir, docs, .. } = self;
        drop(docs);
        let docs = Lumos::open(dir).unwrap().collection("docs").unwrap();
        Churn { docs, ..self }
    }

    /// The records that are not the nearest to their own vector by a search as it is by default.
    fn lost(&self, step: usize) -> usize {
        assert_eq!(self.docs.count().unwrap(), self.live.len() as u64);
        let sample: Vec<_> = self.live.iter().step_by(step).collect();
        let found = |key: &str, vector: &[f32]| {
            let hits = self.docs.search(vector).run().unwrap();
            hits.first().is_some_and(|hit| hit.key() == key)
        };
        let lost = sample
            .par_iter()
            .filter(|(key, vector)| !found(key, vector));
        lost.count()
    }

    /// The same records in a collection that never held others.
    fn fresh(&self, dir: &Path) -> Collection {
        let docs = Lumos::open(dir).unwrap().collection("docs").unwrap();
        let live = self.live.iter();
        docs.put_all(live.map(|(key, vector)| Doc::new(key.as_str()).vector(vector.as_slice())))
            .unwrap();
        docs.database().compact().unwrap();
        docs
    }

    /// Recall@10 of a collection beside its own exact search.
    fn recall(&self, docs: &Collection) -> f64 {
        let mut clusters = Clusters::new(9_999);
        clusters.centres.clone_from(&self.clusters.centres);
        let queries: Vec<_> = (0..QUERIES).map(|n| clusters.near(n % CLUSTERS)).collect();
        let found = queries.par_iter().map(|query| {
            let keys = |exact: bool| -> Vec<String> {
                let search = docs.search(query);
                let search = if exact { search.exact() } else { search };
                let hits = search.run().unwrap();
                hits.into_iter().map(|hit| hit.doc.key).collect()
            };
            let (near, truth) = (keys(false), keys(true));
            assert_eq!((near.len(), truth.len()), (10, 10));
            truth.iter().filter(|key| near.contains(key)).count()
        });
        found.sum::<usize>() as f64 / (10 * QUERIES) as f64
    }

    /// Nothing is lost, recall is that of a collection made anew, and the examination finds nothing.
    fn check(&self, tolerance: f64, story: &str) -> (f64, f64) {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(self.lost(1), 0, "{story}: lost");
        let recall = self.recall(&self.docs);
        let best = self.recall(&self.fresh(dir.path()));
        assert!(
            recall >= best - tolerance,
            "{story}: recall {recall}, made anew {best}"
        );
        let diagnosis = self.db().doctor(&Checkup::new()).unwrap();
        assert!(diagnosis.is_healthy(), "{story}: {diagnosis:?}");
        (recall, best)
    }
}

/// Fifty rounds; returns how many segments with graphs there were at most.
fn rounds(churn: &mut Option<Churn<'_>>, story: &str) -> usize {
    let mut most = 0;
    for round in 0..50 {
        let mut now = churn.take().unwrap();
        let half = now.live.len() / 2;
        let story = format!("{story}, round {round}");
        let gone = match round % 5 {
            // Whole neighbourhoods.
            1 => now.delete_clusters(round / 5 % 2),
            // A little at a time, so that a merge has a graph that is worth keeping.
            3 => {
                now.delete(half / 2);
                now.db().compact().unwrap();
                now.delete(half - half / 2);
                half
            }
            _ => {
                now.delete(half);
                half
            }
        };
        now.insert(gone);
        match round % 10 {
            2 | 6 => now.db().compact().unwrap(),
            3 | 8 => now.db().flush().unwrap(),
            4 => now = now.reopen(),
            9 => {
                now.db().flush().unwrap();
                now = now.reopen();
            }
            // The rest is left to the background.
            _ => {}
        }
        let stats = &now.db().stats().collections[0];
        let graphs = stats.vectors[0].indexed as usize / 4_096;
        most = most.max(graphs.min(stats.segments));
        assert_eq!(now.lost(20), 0, "{story}: lost");
        *churn = Some(now);
    }
    most
}

fn fifty_rounds(rows: usize, seed: u64) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let story = format!("{rows} rows, seed {seed}");
    let mut churn = Some(Churn::new(dir.path(), seed, rows));
    let most = rounds(&mut churn, &story);
    let churn = churn.unwrap();
    let (recall, best) = churn.check(0.005, &story);
    writeln!(std::io::stderr().lock(), "churn: 50 rounds of {rows} x {DIM}, up to {most} graphs, seed {seed}: 0 lost, recall {recall:.4} beside {best:.4} of a fresh build").unwrap();
    // As one segment, like the fresh build.
    churn.db().compact().unwrap();
    let (recall, best) = churn.check(0.005, &format!("{story}, compacted"));
    writeln!(
        std::io::stderr().lock(),
        "churn: the same compacted: 0 lost, recall {recall:.4} beside {best:.4}"
    )
    .unwrap();
    most
}

/// The size at which other libraries were measured. So few vectors are compared one by one.
#[test]
fn half_of_few_records_is_replaced_fifty_times() {
    for seed in seeds() {
        fifty_rounds(4_000, seed);
    }
}

/// Enough records for graphs in several segments, grown, merged and healed.
#[test]
fn half_of_the_records_is_replaced_fifty_times_and_graphs_find_them_all() {
    for seed in seeds() {
        let most = fifty_rounds(9_000, seed);
        assert!(most >= 2, "at most {most} segments had graphs");
    }
}

/// Two records of a hundred go and as many come, fifty times, merged or left to the background.
#[test]
fn fifty_generations_of_few_deletes_do_not_wear_out() {
    for seed in seeds() {
        let dir = tempfile::tempdir().unwrap();
        let mut churn = Churn::new(dir.path(), seed, 6_000);
        for generation in 0..50 {
            churn.delete(120);
            churn.insert(120);
            match generation % 3 {
                0 => churn.db().flush().unwrap(),
                1 => {}
                _ => churn.db().compact().unwrap(),
            }
        }
        churn.db().compact().unwrap();
        let (recall, best) = churn.check(0.01, &format!("generations, seed {seed}"));
        writeln!(std::io::stderr().lock(), "churn: 50 generations of 2 %, seed {seed}: 0 lost, recall {recall:.4} beside {best:.4} of a fresh build").unwrap();
    }
}
