//! Changing sessions: whose they are.

use fiml_session_core::{
    Applied, ChangeBatch, Limits, SessionId, Timestamp,
    store::{ActiveStore, Scope, StoreError},
};

use crate::fixtures::{
    DAY, HOUR, after, apply, ask, batch, full_session, full_snapshot, id, insert, keyed, live,
    owner, session_of, set, unset,
};

async fn apply_as(
    store: &dyn ActiveStore,
    scope: &Scope,
    id: SessionId,
    changes: &ChangeBatch,
    at: Timestamp,
) -> Result<Option<Applied>, StoreError> {
    store.apply(scope, id, changes, &Limits::default(), at).await
}

async fn none_and_unchanged(store: &dyn ActiveStore, changes: &ChangeBatch) {
    let held = store.snapshot(id(1)).await.unwrap();
    for scope in [owner("bob"), owner("%"), Scope::Unowned] {
        for at in [after(2 * HOUR), after(9 * DAY)] {
            let answer = apply_as(store, &scope, id(1), changes, at).await;
            assert!(matches!(answer, Ok(None)), "{scope:?}: {answer:?}");
        }
    }
    assert_eq!(store.snapshot(id(1)).await.unwrap(), held);
}

/// Nothing is changed where nothing is stored, and nothing comes to be.
pub async fn a_missing_session_is_none(store: &dyn ActiveStore) {
    let change = ask("price").into();
    let answer = apply_as(store, &Scope::All, id(1), &change, after(HOUR)).await;
    assert_eq!(answer.unwrap(), None);
    assert_eq!(store.get(&Scope::All, id(1)).await.unwrap(), None);
}

/// Its owner's, nobody's for nobody, any for all.
pub async fn a_session_in_scope_changes(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    insert(store, &session_of(2, None)).await;
    for (scope, id) in [
        (owner("alice"), id(1)),
        (Scope::All, id(1)),
        (Scope::Unowned, id(2)),
        (Scope::All, id(2)),
    ] {
        let before = live(store, id).await.version;
        let change = ask("price").into();
        let answer = apply_as(store, &scope, id, &change, after(2 * HOUR)).await;
        let applied = answer.unwrap().expect("it is in scope");
        assert_eq!(applied.version, before + 1, "{scope:?}");
    }
}

/// It does not exist for the asker, and stays as it is.
pub async fn a_session_out_of_scope_is_none_and_unchanged(store: &dyn ActiveStore) {
    store.insert(&full_snapshot(1)).await.unwrap();
    none_and_unchanged(store, &batch([ask("price"), set("k", 1), unset("note")])).await;
    none_and_unchanged(store, &batch([])).await;
}

/// A refusal would tell that the session exists.
pub async fn a_refusal_is_not_told_out_of_scope(store: &dyn ActiveStore) {
    store.insert(&full_snapshot(1)).await.unwrap();
    let impossible = ChangeBatch {
        expected_version: Some(77),
        ..batch([ask("price")])
    };
    none_and_unchanged(store, &impossible).await;
}

/// So would a remembered answer.
pub async fn a_remembered_answer_is_not_told_out_of_scope(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    let call = keyed("k", [ask("price")]);
    apply(store, id(1), &call, after(HOUR)).await.unwrap();
    none_and_unchanged(store, &call).await;
}
