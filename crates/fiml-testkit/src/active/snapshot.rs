//! Whole sessions for another tier.

use fiml_session_core::{Limits, SessionSnapshot, Timestamp, store::{ActiveStore, Scope}};

use crate::fixtures::{SECOND, 
    HOUR, after, apply, ask, extend, full_snapshot, id, insert, keyed, live, session, session_of,
    set, unset,
};

/// Session and answers, whoever owns it, expired or not.
pub async fn it_agrees_with_what_insert_was_given(store: &dyn ActiveStore) {
    let mut expired = full_snapshot(2);
    expired.session.expires_at = Timestamp::MIN;
    for given in [full_snapshot(1), expired, session_of(3, None).into()] {
        store.insert(&given).await.unwrap();
        let found = store.snapshot(given.session.id).await.unwrap();
        assert_eq!(found, Some(given));
    }
}

/// The answers in the order in which they were given, the oldest first.
pub async fn it_carries_the_changes_and_answers_since(store: &dyn ActiveStore) {
    let mut expected = full_snapshot(1);
    store.insert(&expected).await.unwrap();
    for (minutes, call) in [
        (1, keyed("third", [ask("price"), set("k", 1)])),
        (2, keyed("a fourth", [unset("note")])),
        (3, ask("price").into()),
        (4, keyed("fifth", [extend(HOUR)])),
    ] {
        let at = after(2 * HOUR + SECOND * 60 * minutes);
        let limits = Limits::default();
        expected.apply(&call, &limits, at).unwrap();
        apply(store, id(1), &call, at).await.unwrap();
        let found: Option<SessionSnapshot> = store.snapshot(id(1)).await.unwrap();
        assert_eq!(found.as_ref(), Some(&expected));
        assert_eq!(live(store, id(1)).await, expected.session);
    }
}

/// Nothing is found where nothing was stored.
pub async fn a_missing_session_is_none(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    assert_eq!(store.snapshot(id(2)).await.unwrap(), None);
}

/// Numbers, versions and stamps continue; nothing begins anew.
pub async fn an_inserted_snapshot_goes_on_where_it_left_off(store: &dyn ActiveStore) {
    store.insert(&full_snapshot(1)).await.unwrap();
    apply(store, id(1), &ask("price").into(), after(2 * HOUR)).await.unwrap();
    let held = store.snapshot(id(1)).await.unwrap().unwrap();
    store.remove(&Scope::All, id(1)).await.unwrap();
    store.insert(&held).await.unwrap();
    assert_eq!(store.snapshot(id(1)).await.unwrap(), Some(held));
    let applied = apply(store, id(1), &ask("price").into(), after(3 * HOUR)).await;
    let applied = applied.unwrap();
    assert_eq!((applied.version, applied.total_queries), (11, 6));
    let found = live(store, id(1)).await;
    let seqs: Vec<_> = found.state.history.queries().iter().map(|q| q.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
}
