//! A random life of a database on a simulated disk, with the state after every commit.

use std::sync::Arc;

use lumos_engine::{
    Batch, Doc, Durability, FieldType, Lumos, Metric, MultiVector, Result, Schema, SparseVector,
    VectorField, field,
};
use lumos_wal::{SimVfs, Vfs};

use super::model::{COLLECTIONS, Model, Random, SPACE, WORDS};

pub(crate) const DIR: &str = "db";

pub(crate) struct Run {
    pub(crate) vfs: SimVfs,
    /// The state after each commit; the first is that before any.
    pub(crate) models: Vec<Model>,
    /// For each commit, how many operations the disk had done when it was acknowledged.
    acknowledged: Vec<u64>,
}

/// Opens a database that does nothing by itself.
pub(crate) fn open(vfs: Arc<dyn Vfs>, durability: Durability, salt: u64) -> Result<Lumos> {
    Lumos::options()
        .vfs(vfs)
        .durability(durability)
        .background(false)
        .salt_seed(salt)
        .open(DIR)
}

impl Run {
    pub(crate) fn new(seed: u64, durability: Durability, steps: u64) -> Run {
        Run::play(seed, SimVfs::new(seed), Model::default(), durability, steps)
    }

    /// Goes on from a disk that holds `model`.
    pub(crate) fn resume(seed: u64, disk: SimVfs, model: Model, steps: u64) -> Run {
        Run::play(seed, disk, model, Durability::Sync, steps)
    }

    /// A life on a disk whose syncs do nothing.
    pub(crate) fn lying(seed: u64, steps: u64) -> Run {
        let vfs = SimVfs::new(seed);
        vfs.ignore_file_sync(true);
        Run::play(seed, vfs, Model::default(), Durability::Sync, steps)
    }

    fn play(seed: u64, vfs: SimVfs, model: Model, durability: Durability, steps: u64) -> Run {
        let through = Arc::new(vfs.clone());
        Run::through(seed, vfs, through, model, durability, steps)
    }

    /// A life on a disk that the engine sees through another file system.
    pub(crate) fn through(
        seed: u64,
        vfs: SimVfs,
        through: Arc<dyn Vfs>,
        model: Model,
        durability: Durability,
        steps: u64,
    ) -> Run {
        let mut random = Random::new(seed ^ 0x5eed);
        let mut run = Run {
            vfs,
            models: vec![model],
            acknowledged: vec![0],
        };
        let mut db = open(through.clone(), durability, seed).unwrap();
        for step in 0..steps {
            match random.below(16) {
                0 => db.flush().unwrap(),
                1 => db.compact().unwrap(),
                3 => run.delete_by_filter(&db, &mut random),
                4 if random.below(3) == 0 => run.drop_collection(&db, &mut random),
                5 => run.ingest(&db, &mut random),
                6 => run.alter(&db, &mut random),
                2 => {
                    drop(db);
                    db = open(through.clone(), durability, seed + step).unwrap();
                }
                _ => run.transaction(&db, &mut random),
            }
        }
        run
    }

    fn transaction(&mut self, db: &Lumos, random: &mut Random) {
        let mut model = self.models.last().unwrap().clone();
        let mut batch = Batch::new();
        for _ in 0..=random.below(4) {
            let collection = COLLECTIONS[random.below(2) as usize];
            let key = format!("k{}", random.below(9));
            match random.below(5) {
                0 => {
                    batch.delete(collection, &key);
                    model.docs.remove(&(collection.to_string(), key));
                }
                1 => {
                    let value = random.next().to_le_bytes().to_vec();
                    batch.kv_set(SPACE, &key, value.clone());
                    model.values.insert(key, value);
                }
                _ => {
                    let doc = document(&key, random);
                    batch.put(collection, doc.clone());
                    model.docs.insert((collection.to_string(), key), doc);
                }
            }
        }
        lumos_engine::Store::write(db, batch).unwrap();
        self.acknowledge(model);
    }

    fn delete_by_filter(&mut self, db: &Lumos, random: &mut Random) {
        let collection = COLLECTIONS[random.below(2) as usize];
        let year = 2000 + random.below(20);
        let old = |doc: &Doc| doc.meta.get("year").and_then(|at| at.as_u64()) < Some(year);
        let mut model = self.models.last().unwrap().clone();
        let before = model.docs.len();
        model.docs.retain(|(name, _), doc| {
            name != collection || !doc.meta.contains_key("year") || !old(doc)
        });
        let exists = db.collections().iter().any(|name| name == collection);
        // A field that no document has is an error.
        let known = self
            .models
            .last()
            .unwrap()
            .docs
            .iter()
            .any(|((name, _), doc)| name == collection && doc.meta.contains_key("year"));
        if exists && known {
            let docs = db.existing_collection(collection).unwrap();
            let deleted = docs.delete(field("year").lt(year)).unwrap();
            assert_eq!(deleted as usize, before - model.docs.len());
            if deleted > 0 {
                self.acknowledge(model);
            }
        }
    }

    /// A bulk load of one segment: it is there as a whole or not at all.
    fn ingest(&mut self, db: &Lumos, random: &mut Random) {
        let collection = COLLECTIONS[random.below(2) as usize];
        let mut model = self.models.last().unwrap().clone();
        let mut load = Vec::new();
        for _ in 0..=random.below(6) {
            let doc = document(&format!("k{}", random.below(9)), random);
            model
                .docs
                .insert((collection.to_string(), doc.key.clone()), doc.clone());
            load.push(doc);
        }
        let docs = db.collection(collection).unwrap();
        // An id of its own: another life must not go on with this load.
        let id = random.next().to_string();
        docs.ingest().resumable(id).run(load).unwrap();
        self.acknowledge(model);
    }

    /// Declares the year, or drops a field: what documents had in it is gone, whatever comes after.
    fn alter(&mut self, db: &Lumos, random: &mut Random) {
        let collection = COLLECTIONS[random.below(2) as usize];
        let Ok(docs) = db.existing_collection(collection) else {
            return;
        };
        let mut model = self.models.last().unwrap().clone();
        let schema = docs.schema().unwrap();
        let names = ["text", "vector", "year", "terms", "tokens"];
        let name = names[random.below(5) as usize];
        let there = match name {
            "text" => schema.texts.contains_key(name),
            "vector" | "tokens" => schema.vectors.contains_key(name),
            "terms" => schema.sparse.contains_key(name),
            _ => schema.fields.contains_key(name),
        };
        if there {
            docs.alter(|schema| schema.drop_field(name)).unwrap();
            let of_it = model.docs.iter_mut().filter(|((c, _), _)| c == collection);
            for (_, doc) in of_it {
                doc.texts.remove(name);
                doc.vectors.remove(name);
                doc.meta.remove(name);
                doc.sparse.remove(name);
                doc.multi.remove(name);
            }
        } else {
            let added = match name {
                "text" => Schema::new().text(),
                "vector" => Schema::new().vector(2, Metric::Cosine),
                "terms" => Schema::new().sparse_field(name),
                "tokens" => {
                    let field = VectorField::new(2, Metric::Cosine).multi();
                    Schema::new().vector_with(name, field)
                }
                _ => Schema::new().field("year", FieldType::Int),
            };
            docs.alter(|schema| schema.add(added)).unwrap();
        }
        self.acknowledge(model);
    }

    fn drop_collection(&mut self, db: &Lumos, random: &mut Random) {
        let collection = COLLECTIONS[random.below(2) as usize];
        if db.drop_collection(collection).is_ok() {
            let mut model = self.models.last().unwrap().clone();
            model.docs.retain(|(name, _), _| name != collection);
            self.acknowledge(model);
        }
    }

    fn acknowledge(&mut self, model: Model) {
        self.models.push(model);
        self.acknowledged.push(self.vfs.operations());
    }

    /// The newest commit that was acknowledged when the disk had done this many operations.
    pub(crate) fn acknowledged(&self, operations: u64) -> usize {
        self.acknowledged.partition_point(|&at| at <= operations) - 1
    }

    /// The commit whose state this is; the newest if several are equal.
    pub(crate) fn commit_of(&self, model: &Model) -> Option<usize> {
        self.models.iter().rposition(|candidate| candidate == model)
    }

    /// Opens a disk and compares; returns the commit it holds.
    pub(crate) fn check(&self, disk: &SimVfs, operations: u64, story: &str) -> usize {
        let commit = self.check_prefix(disk, story);
        let least = self.acknowledged(operations);
        assert!(
            commit >= least,
            "{story}: holds commit {commit}, {least} was acknowledged"
        );
        commit
    }

    /// Opens a disk twice and compares it with the state of some commit.
    pub(crate) fn check_prefix(&self, disk: &SimVfs, story: &str) -> usize {
        let vfs = Arc::new(disk.clone());
        let read = || match open(vfs.clone(), Durability::Sync, 99) {
            Ok(db) => {
                let model = Model::read(&db);
                model.check_search(&db, story);
                model
            }
            Err(error) => panic!("{story}: does not open: {error}"),
        };
        let model = read();
        let commit = self.commit_of(&model);
        let commit = commit.unwrap_or_else(|| panic!("{story}: a state that never was: {model:?}"));
        assert_eq!(read(), model, "{story}: the second recovery differs");
        commit
    }
}

/// Not all documents have all legs, and no two are alike.
pub(crate) fn document(key: &str, random: &mut Random) -> Doc {
    let mut doc = Doc::new(key).field("nonce", random.next());
    if random.below(4) > 0 {
        let word = |random: &mut Random| WORDS[random.below(8) as usize];
        doc = doc.text(format!("{} {}", word(random), word(random)));
    }
    if random.below(4) > 0 {
        // Unit vectors are stored as they are.
        let vector = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.6, 0.8]];
        doc = doc.vector(vector[random.below(4) as usize]);
    }
    if random.below(4) == 0 {
        let ids = [random.below(3) as u32, 7];
        doc = doc.sparse("terms", SparseVector::new(ids.map(|id| (id, 0.5))).unwrap());
    }
    if random.below(4) == 0 {
        let rows = [[1.0, 0.0], [0.0, -1.0], [0.6, 0.8]];
        let count = 1 + random.below(3) as usize;
        doc = doc.multi("tokens", MultiVector::new(&rows[..count]).unwrap());
    }
    if random.below(2) > 0 {
        doc = doc.field("year", 2000 + random.below(20));
    }
    doc
}
