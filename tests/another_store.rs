//! The layers above the engine need nothing but the `Store` trait: here they run on a backend that is not
//! the engine, with documents and commits of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lumos::agent::MockModel;
use lumos::prelude::*;
use lumos::{Batch, Change, EngineError, Lumos, Scan, SearchRequest, Seqno};

#[derive(Debug, Default)]
struct State {
    docs: BTreeMap<(String, String), Doc>,
    schemas: BTreeMap<String, Schema>,
    values: BTreeMap<(String, String), Vec<u8>>,
    commits: u64,
}

/// A store in two maps.
#[derive(Debug, Clone, Default)]
struct Maps(Arc<Mutex<State>>);

fn page<T: Clone>(
    map: &BTreeMap<(String, String), T>,
    space: &str,
    scan: &Scan,
) -> Vec<(String, T)> {
    map.iter()
        .filter(|((named, key), _)| named == space && key.starts_with(&scan.prefix))
        .filter(|((_, key), _)| scan.after.as_ref().is_none_or(|after| key > after))
        .take(scan.limit)
        .map(|((_, key), value)| (key.clone(), value.clone()))
        .collect()
}

impl Store for Maps {
    fn ensure_collection(&self, collection: &str, schema: &Schema) -> Result<(), EngineError> {
        let mut state = self.0.lock().unwrap();
        state.schemas.insert(collection.to_string(), schema.clone());
        Ok(())
    }

    fn schema(&self, collection: &str) -> Result<Option<Schema>, EngineError> {
        Ok(self.0.lock().unwrap().schemas.get(collection).cloned())
    }

    fn collections(&self) -> Result<Vec<String>, EngineError> {
        Ok(self.0.lock().unwrap().schemas.keys().cloned().collect())
    }

    fn count(&self, collection: &str) -> Result<u64, EngineError> {
        let state = self.0.lock().unwrap();
        Ok(state
            .docs
            .keys()
            .filter(|(named, _)| named == collection)
            .count() as u64)
    }

    fn get(&self, collection: &str, key: &str) -> Result<Option<Doc>, EngineError> {
        let place = (collection.to_string(), key.to_string());
        Ok(self.0.lock().unwrap().docs.get(&place).cloned())
    }

    fn scan(&self, collection: &str, scan: &Scan) -> Result<Vec<Doc>, EngineError> {
        let found = page(&self.0.lock().unwrap().docs, collection, scan);
        Ok(found.into_iter().map(|(_, doc)| doc).collect())
    }

    /// Ranks by loading everything into an engine of the moment.
    fn search(&self, collection: &str, request: &SearchRequest) -> Result<Vec<Hit>, EngineError> {
        let found = page(&self.0.lock().unwrap().docs, collection, &Scan::all());
        let db = Lumos::memory()?;
        let ranked = db.collection("found")?;
        ranked.put_all(found.into_iter().map(|(_, doc)| doc))?;
        Store::search(&db, "found", request)
    }

    fn write(&self, batch: Batch) -> Result<Seqno, EngineError> {
        let mut state = self.0.lock().unwrap();
        for change in batch.changes() {
            if let Change::KvExpect { space, key, value } = change {
                let place = (space.clone(), key.clone());
                let stored = state.values.get(&place);
                if stored != value.as_ref() {
                    let (key, detail) = (key.clone(), "it has changed".to_string());
                    return Err(EngineError::Conflict { key, detail });
                }
            }
        }
        for change in batch.into_changes() {
            match change {
                Change::Put { collection, doc } => {
                    state.docs.insert((collection, doc.key.clone()), doc);
                }
                Change::Delete { collection, key } => {
                    state.docs.remove(&(collection, key));
                }
                Change::KvSet { space, key, value } => {
                    state.values.insert((space, key), value);
                }
                Change::KvDelete { space, key } => {
                    state.values.remove(&(space, key));
                }
                _ => {}
            }
        }
        state.commits += 1;
        Ok(state.commits)
    }

    fn kv_get(&self, space: &str, key: &str) -> Result<Option<Vec<u8>>, EngineError> {
        let place = (space.to_string(), key.to_string());
        Ok(self.0.lock().unwrap().values.get(&place).cloned())
    }

    fn kv_scan(&self, space: &str, scan: &Scan) -> Result<Vec<(String, Vec<u8>)>, EngineError> {
        Ok(page(&self.0.lock().unwrap().values, space, scan))
    }
}

/// Somebody keeps documents elsewhere: adding, asking and sessions work there unchanged.
#[tokio::test]
async fn documents_and_sessions_can_live_in_another_backend() {
    let notes = tempfile::tempdir().unwrap();
    let file = notes.path().join("keys.md");
    std::fs::write(&file, "# Keys\n\nRotate keys every ninety days.\n").unwrap();
    let store = Maps::default();

    let rag = Rag::new(&store).keywords_only().await.unwrap();
    assert_eq!(rag.add(notes.path()).await.unwrap().added, 1);
    assert_eq!(rag.add(notes.path()).await.unwrap().unchanged, 1);
    let answer = rag.ask("How often should I rotate keys?").await.unwrap();
    assert_eq!(answer.citations[0].quote, "Rotate keys every ninety days.");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(rag.add(notes.path()).await.unwrap().removed, 1);
    assert_eq!(Store::count(&store, "docs").unwrap(), 0);

    let memory = Memory::open(&store);
    let agent = Agent::builder()
        .model(MockModel::new())
        .memory(memory.clone())
        .build();
    let before = store.0.lock().unwrap().commits;
    agent.session("ada").chat("Hello").await.unwrap();
    agent.session("ada").chat("Again").await.unwrap();
    assert_eq!(
        store.0.lock().unwrap().commits,
        before + 2,
        "a turn is one commit"
    );
    assert_eq!(memory.messages("ada").await.unwrap().len(), 4);
}
