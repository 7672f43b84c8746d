//! Values come back as they were given.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use common::{archive, fresh, staged};
use fiml_session_core::{
    Entry, StateMap,
    store::{ArchiveStore, Scope, StoreError},
};
use fiml_testkit::fixtures::{START, id};
use serde_json::{Value, json};

fn values() -> Value {
    json!({
        "largest": u64::MAX,
        "beyond f64": 9_007_199_254_740_993_u64,
        "smallest": i64::MIN,
        "negative zero": -0.0,
        "huge": 1e308,
        "tiny": 5e-324,
        "tenth": 0.1,
        "whole float": 1.0,
        "emoji": "👩‍💻 Ünïcode \u{10FFFF} \"quoted\" \\ \t\n \u{feff}",
        "empty": [[], {}, "", null, true],
        "key": 1, "Key": 2, "key ": 3, "ké": 4, "ke\u{301}": 5, "\u{0}": "\u{0}",
    })
}

#[tokio::test]
async fn every_value_reads_back_with_the_same_bits() {
    let store = fresh().await;
    let mut given = staged(1, 3);
    for map in StateMap::ALL {
        let entry = Entry {
            value: values(),
            version: 1,
        };
        let entries = given.snapshot.session.state.entries_mut(map);
        entries.insert("🗝 value".to_owned(), entry);
    }
    archive(&store, &given).await;
    let found = store.get(&Scope::All, id(1)).await.unwrap().unwrap();
    assert_eq!(found, given.snapshot);
    let value = found.session.state.value(StateMap::Context, "🗝 value");
    let value = value.unwrap();
    for (key, given) in values().as_object().unwrap() {
        if given.is_f64() {
            // `==` takes -0.0 for 0.0.
            let bits = |value: &Value| value.as_f64().unwrap().to_bits();
            assert!(value[key].is_f64(), "{key}");
            assert_eq!(bits(&value[key]), bits(given), "{key}");
        }
    }
}

#[tokio::test]
async fn a_number_beyond_the_column_blames_its_session_and_stores_nothing() {
    let store = fresh().await;
    let mut beyond = staged(2, 1);
    beyond.snapshot.session.version = u64::MAX;
    let error = store.stage(&[staged(1, 1), beyond], START).await;
    let error = error.unwrap_err();
    assert!(
        matches!(error, StoreError::Corrupt { id: Some(blamed), .. } if blamed == id(2)),
        "{error:?}"
    );
    assert_eq!(store.get(&Scope::All, id(1)).await.unwrap(), None);
}
