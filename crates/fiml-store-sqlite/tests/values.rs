//! Values come back as they were given.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use common::{at, new_session};
use fiml_session_core::{
    ChangeBatch, Limits, SessionChange, StateMap,
    store::{ActiveStore, ArchiveStore, Scope, StagedSession},
};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use serde_json::{Value, json};

fn values() -> Value {
    json!({
        "largest": u64::MAX,
        "beyond f64": 12_345_678_901_234_567_u64,
        "smallest": i64::MIN,
        "tenth": 0.1,
        "negative zero": -0.0,
        "huge": 1e308,
        "tiny": 5e-324,
        "third": 1.0 / 3.0,
        "whole float": 1.0,
        "whole": 1,
        "emoji": "👩‍💻 Ünïcode \u{10FFFF} \"quoted\" \\ \t\n",
        "empty": [[], {}, "", null, true],
        "键": "值",
    })
}

/// Equal as JSON, and every float with the same bits: `==` takes -0.0 for 0.0.
fn assert_same(found: &Value) {
    assert_eq!(*found, values());
    for (key, value) in values().as_object().unwrap() {
        if value.is_f64() {
            let bits = |value: &Value| value.as_f64().unwrap().to_bits();
            assert!(found[key].is_f64(), "{key}");
            assert_eq!(bits(&found[key]), bits(value), "{key}");
        }
    }
}

#[tokio::test]
async fn every_value_reads_back_equal_from_both_tiers() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("sessions.db"));
    let store = SqliteStore::connect(config.clone()).await.unwrap();
    let session = new_session(1);
    let id = session.session.id;
    store.insert(&session).await.unwrap();
    let changes = StateMap::ALL.map(|map| SessionChange::EntrySet {
        map,
        key: "🗝 value".to_owned(),
        value: values(),
    });
    let batch = ChangeBatch {
        changes: changes.to_vec(),
        ..ChangeBatch::default()
    };
    let limits = Limits::default();
    let applied = store.apply(&Scope::All, id, &batch, &limits, at(1)).await;
    assert_eq!(applied.unwrap().unwrap().version, 2);
    drop(store);
    let store = SqliteStore::connect(config).await.unwrap();
    let live = store.snapshot(id).await.unwrap().unwrap();
    let staged = StagedSession {
        snapshot: live.clone(),
        metrics: None,
    };
    store.stage(&[staged], at(2)).await.unwrap();
    let archived = ArchiveStore::get(&store, &Scope::All, id).await.unwrap();
    let archived = archived.unwrap();
    assert_eq!(archived, live);
    for snapshot in [live, archived] {
        for map in StateMap::ALL {
            assert_same(snapshot.session.state.value(map, "🗝 value").unwrap());
        }
    }
}
