//! Removing sessions.

use fiml_session_core::{
    SessionId, Timestamp,
    store::{ActiveStore, MetricsFilter, Page, Scope, SessionFilter},
};

use crate::fixtures::{MANY, 
    full_session, full_snapshot, id, insert, live, owner, session, session_of,
};

/// Every way to a session leads nowhere.
pub(super) async fn assert_gone(store: &dyn ActiveStore, gone: SessionId) {
    let (all, any) = (Scope::All, SessionFilter::default());
    let page = Page {
        after: None,
        limit: MANY,
    };
    assert_eq!(store.get(&all, gone).await.unwrap(), None);
    assert_eq!(store.overview(&all, gone, 5).await.unwrap(), None);
    assert_eq!(store.snapshot(gone).await.unwrap(), None);
    for scope in [Scope::All, owner("alice"), Scope::Unowned] {
        let headers = store.list(&scope, &any, page).await.unwrap();
        assert!(headers.iter().all(|header| header.id != gone), "not listed");
        assert!(!store.ids(&scope, &any, MANY).await.unwrap().contains(&gone));
        let metrics = store.metrics(&scope, &MetricsFilter::default()).await.unwrap();
        assert!(metrics.iter().all(|row| row.session_id != gone), "not counted");
    }
    let expired = store.expired(Timestamp::MAX, MANY).await.unwrap();
    assert!(!expired.contains(&gone), "not swept");
    let quarantined = store.quarantined(MANY).await.unwrap();
    assert!(quarantined.iter().all(|row| row.id != gone), "not set aside");
}

/// It is true once.
pub async fn a_removed_session_is_gone_everywhere(store: &dyn ActiveStore) {
    store.insert(&full_snapshot(1)).await.unwrap();
    assert!(store.remove(&Scope::All, id(1)).await.unwrap());
    assert_gone(store, id(1)).await;
    assert!(!store.remove(&Scope::All, id(1)).await.unwrap(), "only once");
}

/// Nothing was there to remove.
pub async fn a_missing_id_is_false(store: &dyn ActiveStore) {
    insert(store, &session(2)).await;
    for scope in [Scope::All, Scope::Unowned, owner("alice")] {
        assert!(!store.remove(&scope, id(1)).await.unwrap(), "{scope:?}");
    }
}

/// It does not exist for the asker.
pub async fn a_session_out_of_scope_stays(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    insert(store, &session_of(2, None)).await;
    for (scope, id) in [
        (owner("bob"), id(1)),
        (owner("%"), id(1)),
        (Scope::Unowned, id(1)),
        (owner("alice"), id(2)),
    ] {
        assert!(!store.remove(&scope, id).await.unwrap(), "{scope:?}");
    }
    assert_eq!(live(store, id(1)).await, full_session(1));
    assert_eq!(live(store, id(2)).await, session_of(2, None));
}

/// By its owner, by nobody if it is nobody's, and by all.
pub async fn a_session_in_scope_goes(store: &dyn ActiveStore) {
    for (scope, name) in [
        (owner("alice"), Some("alice")),
        (Scope::Unowned, None),
        (Scope::All, Some("alice")),
        (Scope::All, None),
    ] {
        insert(store, &session_of(1, name)).await;
        assert!(store.remove(&scope, id(1)).await.unwrap(), "{scope:?}");
        assert_gone(store, id(1)).await;
    }
}

/// A later session of the same id inherits nothing: no query, no entry, no quarantine.
pub async fn everything_that_belongs_to_it_goes(store: &dyn ActiveStore) {
    store.insert(&full_snapshot(1)).await.unwrap();
    store.quarantine(id(1), "unreadable", Timestamp::MAX).await.unwrap();
    assert!(store.remove(&Scope::All, id(1)).await.unwrap());
    assert_gone(store, id(1)).await;
    insert(store, &session(1)).await;
    assert_eq!(store.snapshot(id(1)).await.unwrap(), Some(session(1).into()));
    let expired = store.expired(Timestamp::MAX, MANY).await.unwrap();
    assert_eq!(expired, [id(1)], "it is not set aside");
}

/// Only this one.
pub async fn its_neighbours_stay(store: &dyn ActiveStore) {
    for n in 1..=3 {
        store.insert(&full_snapshot(n)).await.unwrap();
    }
    store.remove(&owner("alice"), id(2)).await.unwrap();
    for n in [1, 3] {
        assert_eq!(store.snapshot(id(n)).await.unwrap(), Some(full_snapshot(n)));
    }
}
