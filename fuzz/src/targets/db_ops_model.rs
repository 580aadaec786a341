//! A life of a database, operation by operation, on a disk that loses power at one of them: it then holds a
//! prefix of the commits with every acknowledged one, and searches agree with the documents.

use std::sync::Arc;

use lumos_engine::{Batch, Doc, Durability, Lumos, Store, field};
use lumos_wal::SimVfs;

use super::database::DIR;
use super::input::Input;
use super::model::{COLLECTIONS, Model, SPACE, WORDS};

struct Life {
    vfs: SimVfs,
    /// The state after each commit; the first is that before any.
    models: Vec<Model>,
    /// How many operations the disk had done when each was acknowledged.
    acknowledged: Vec<u64>,
    nonce: u64,
}

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (crash, image) = (u64::from(input.u16()), u64::from(input.byte()));
    let vfs = SimVfs::new(image);
    let mut life = Life {
        vfs,
        models: vec![Model::default()],
        acknowledged: vec![0],
        nonce: 0,
    };
    let mut db = open(&life.vfs, 1);
    for step in 0..40 {
        if input.is_empty() {
            break;
        }
        match input.below(16) {
            0 => db.flush().unwrap(),
            1 => db.compact().unwrap(),
            2 => {
                drop(db);
                db = open(&life.vfs, 2 + step);
            }
            3 => life.delete_by_filter(&db, &mut input),
            4 => life.drop_collection(&db, &mut input),
            _ => life.transaction(&db, &mut input),
        }
    }
    let now = Model::read(&db);
    assert_eq!(Some(&now), life.models.last(), "before any crash");
    now.check_search(&db, "before any crash");
    let crash = crash % (life.vfs.operations() + 1);
    drop(db);
    life.check(crash, image);
}

fn open(vfs: &SimVfs, salt: u64) -> Lumos {
    let options = Lumos::options().vfs(Arc::new(vfs.clone())).background(false);
    options.durability(Durability::Sync).salt_seed(salt).open(DIR).unwrap()
}

impl Life {
    fn acknowledge(&mut self, model: Model) {
        self.models.push(model);
        self.acknowledged.push(self.vfs.operations());
    }

    fn model(&self) -> Model {
        self.models.last().cloned().unwrap_or_default()
    }

    fn transaction(&mut self, db: &Lumos, input: &mut Input<'_>) {
        let (mut model, mut batch) = (self.model(), Batch::new());
        for _ in 0..=input.below(3) {
            let collection = COLLECTIONS[usize::from(input.below(2))];
            let key = format!("k{}", input.below(9));
            self.nonce += 1;
            match input.below(6) {
                0 => {
                    batch.delete(collection, &key);
                    model.docs.remove(&(collection.to_string(), key));
                }
                1 => {
                    let value = self.nonce.to_le_bytes().to_vec();
                    batch.kv_set(SPACE, &key, value.clone());
                    model.values.insert(key, value);
                }
                2 => {
                    batch.kv_delete(SPACE, &key);
                    model.values.remove(&key);
                }
                _ => {
                    let doc = self.document(&key, input);
                    batch.put(collection, doc.clone());
                    model.docs.insert((collection.to_string(), key), doc);
                }
            }
        }
        Store::write(db, batch).unwrap();
        self.acknowledge(model);
    }

    fn document(&self, key: &str, input: &mut Input<'_>) -> Doc {
        let mut doc = Doc::new(key).field("nonce", self.nonce);
        let parts = input.byte();
        if parts & 3 > 0 {
            let (one, two) = (input.below(8), input.below(8));
            let text = format!("{} {}", WORDS[usize::from(one)], WORDS[usize::from(two)]);
            doc = doc.text(text);
        }
        if parts & 12 > 0 {
            // Unit vectors are stored as they are.
            let vectors = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.6, 0.8]];
            doc = doc.vector(vectors[usize::from(parts >> 6)]);
        }
        if parts & 16 > 0 {
            doc = doc.field("year", 2000 + u64::from(input.below(20)));
        }
        doc
    }

    fn delete_by_filter(&mut self, db: &Lumos, input: &mut Input<'_>) {
        let collection = COLLECTIONS[usize::from(input.below(2))];
        let year = 2000 + u64::from(input.below(20));
        let mut model = self.model();
        let year_of = |doc: &Doc| doc.meta.get("year").and_then(|year| year.as_u64());
        // A field that no document has is an error, and so is a collection that is not there.
        let known = |((name, _), doc): (&(String, String), &Doc)| {
            name == collection && year_of(doc).is_some()
        };
        if !model.docs.iter().any(known) {
            return;
        }
        let before = model.docs.len();
        model.docs.retain(|(name, _), doc| {
            name != collection || year_of(doc).is_none_or(|found| found >= year)
        });
        let docs = db.existing_collection(collection).unwrap();
        let deleted = docs.delete(field("year").lt(year)).unwrap();
        assert_eq!(deleted as usize, before - model.docs.len());
        if deleted > 0 {
            self.acknowledge(model);
        }
    }

    fn drop_collection(&mut self, db: &Lumos, input: &mut Input<'_>) {
        let collection = COLLECTIONS[usize::from(input.below(2))];
        if db.drop_collection(collection).is_ok() {
            let mut model = self.model();
            model.docs.retain(|(name, _), _| name != collection);
            self.acknowledge(model);
        }
    }

    fn check(&self, crash: u64, image: u64) {
        let story = format!("crash {crash} image {image}");
        let disk = self.vfs.crash_image(crash, image);
        let db = open(&disk, 99);
        let model = Model::read(&db);
        model.check_search(&db, &story);
        let commit = self.models.iter().rposition(|candidate| *candidate == model);
        let least = self.acknowledged.partition_point(|at| *at <= crash) - 1;
        assert!(commit >= Some(least), "{story}: has {commit:?}, {least} was acknowledged");
        drop(db);
        assert_eq!(Model::read(&open(&disk, 98)), model, "{story}: the second recovery differs");
    }
}
