//! Changing sessions: only if they are still what the caller has seen.

use fiml_session_core::{ChangeBatch, ExpectedEntry, Refusal, StateMap, store::ActiveStore};

use crate::fixtures::{
    DAY, HOUR, after, apply, ask, batch, full_session, id, insert, live, set, unset,
};

fn expecting(key: &str, version: Option<u64>, changes: ChangeBatch) -> ChangeBatch {
    let expected = ExpectedEntry {
        map: StateMap::Context,
        key: key.to_owned(),
        version,
    };
    ChangeBatch {
        expected_entries: vec![expected],
        ..changes
    }
}

async fn conflict(store: &dyn ActiveStore, changes: &ChangeBatch) -> Refusal {
    let held = store.snapshot(id(1)).await.unwrap();
    let refused = apply(store, id(1), changes, after(2 * HOUR)).await;
    assert_eq!(store.snapshot(id(1)).await.unwrap(), held, "it is left as it is");
    refused.expect_err("the condition is not met")
}

/// The version is that of the whole session, and moves with every change.
pub async fn an_expected_version_is_met_or_refused(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    let at_nine = ChangeBatch {
        expected_version: Some(9),
        ..batch([ask("price")])
    };
    let applied = apply(store, id(1), &at_nine, after(2 * HOUR)).await.unwrap();
    assert_eq!(applied.version, 10);
    let (expected, found) = (9, 10);
    let refusal = conflict(store, &at_nine).await;
    assert_eq!(refusal, Refusal::VersionConflict { expected, found });
}

/// The stamp is that of the last write to the key, whatever happened to others.
pub async fn an_expected_entry_is_met_by_its_stamp(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    for other in [set("other", 1), ask("price")] {
        apply(store, id(1), &other.into(), after(2 * HOUR)).await.unwrap();
    }
    let swap = |version| expecting("note", Some(version), batch([set("note", version)]));
    let applied = apply(store, id(1), &swap(5), after(2 * HOUR)).await.unwrap();
    assert_eq!(applied.version, 12);
    let refusal = conflict(store, &swap(5)).await;
    let expected = Refusal::EntryConflict {
        map: StateMap::Context,
        key: "note".to_owned(),
        expected: Some(5),
        found: Some(12),
    };
    assert_eq!(refusal, expected);
    apply(store, id(1), &swap(12), after(2 * HOUR)).await.unwrap();
}

/// Whoever expects a key to be absent writes it first, or not at all.
pub async fn an_expected_absence_is_met_or_refused(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    let first = expecting("new", None, batch([set("new", 1)]));
    apply(store, id(1), &first, after(2 * HOUR)).await.unwrap();
    let refusal = conflict(store, &first).await;
    assert!(
        matches!(refusal, Refusal::EntryConflict { expected: None, found: Some(10), .. }),
        "{refusal:?}"
    );
    apply(store, id(1), &unset("new").into(), after(2 * HOUR)).await.unwrap();
    apply(store, id(1), &first, after(2 * HOUR)).await.unwrap();
    let gone = expecting("never there", Some(3), batch([set("x", 1)]));
    let refusal = conflict(store, &gone).await;
    assert!(
        matches!(refusal, Refusal::EntryConflict { expected: Some(3), found: None, .. }),
        "{refusal:?}"
    );
}

/// What the batch itself writes meets no condition.
pub async fn expected_entries_are_checked_before_the_batch_changes_them(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    let removed = expecting("note", None, batch([unset("note"), set("x", 1)]));
    conflict(store, &removed).await;
    let kept = expecting("note", Some(5), batch([unset("note"), set("x", 1)]));
    apply(store, id(1), &kept, after(2 * HOUR)).await.unwrap();
}

/// A batch may ask without changing anything, of an expired session too.
pub async fn a_batch_of_conditions_alone_is_checked(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    let met = expecting("note", Some(5), batch([]));
    for at in [after(2 * HOUR), after(9 * DAY)] {
        let applied = apply(store, id(1), &met, at).await.unwrap();
        assert_eq!(applied.version, 9);
    }
    conflict(store, &expecting("note", Some(6), batch([]))).await;
    conflict(store, &expecting("absent", Some(1), batch([]))).await;
}

/// All conditions must hold.
pub async fn a_refused_condition_changes_nothing(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    let mut mixed = expecting("note", Some(5), batch([set("note", 1), ask("price")]));
    mixed.expected_entries.push(ExpectedEntry {
        map: StateMap::Metadata,
        key: "note".to_owned(),
        version: Some(5),
    });
    let refusal = conflict(store, &mixed).await;
    assert!(
        matches!(refusal, Refusal::EntryConflict { map: StateMap::Metadata, found: Some(8), .. }),
        "{refusal:?}"
    );
    assert_eq!(live(store, id(1)).await, full_session(1));
}
