//! Reading sessions.

use std::{collections::BTreeSet, num::NonZeroUsize};

use fiml_session_core::{AnalysisHistory, Session, SessionSnapshot, Timestamp, store::{ActiveStore, MetricsFilter, Page, Scope, SessionFilter}};

use crate::fixtures::{
    ODD_NAMES, SECOND, after, full_session, full_snapshot, id, insert, live, owner, session,
    session_of,
};

/// Nothing is found where nothing was stored.
pub async fn a_missing_session_is_none(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    assert_eq!(store.get(&Scope::All, id(2)).await.unwrap(), None);
}

/// An expired session stays readable until the sweep has archived it.
pub async fn expiry_is_not_absence(store: &dyn ActiveStore) {
    let expired = Session {
        expires_at: Timestamp::MIN,
        ..full_session(1)
    };
    insert(store, &expired).await;
    store.expired(Timestamp::MAX, NonZeroUsize::MIN).await.unwrap();
    assert_eq!(live(store, id(1)).await, expired);
}

/// Whoever owns it, and whoever may see everything.
pub async fn a_session_is_found_by_its_owner_and_by_all(store: &dyn ActiveStore) {
    let hers = full_session(1);
    insert(store, &hers).await;
    for scope in [owner("alice"), Scope::All] {
        let found = store.get(&scope, id(1)).await.unwrap();
        assert_eq!(found.as_ref(), Some(&hers), "{scope:?}");
    }
}

/// What belongs to nobody is not everybody's.
pub async fn an_unowned_session_is_found_by_unowned_and_by_all(store: &dyn ActiveStore) {
    insert(store, &session_of(1, None)).await;
    for scope in [Scope::Unowned, Scope::All] {
        assert!(store.get(&scope, id(1)).await.unwrap().is_some(), "{scope:?}");
    }
    assert_eq!(store.get(&owner("alice"), id(1)).await.unwrap(), None);
}

/// It does not exist for the asker.
pub async fn a_session_out_of_scope_is_none(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    for scope in [owner("bob"), owner("ALICE"), owner("alice "), Scope::Unowned] {
        assert_eq!(store.get(&scope, id(1)).await.unwrap(), None, "{scope:?}");
    }
}

/// Patterns are names like any other.
pub async fn an_odd_owner_matches_only_itself(store: &dyn ActiveStore) {
    insert(store, &session(0)).await;
    for (n, name) in (1..).zip(ODD_NAMES) {
        insert(store, &session_of(n, Some(name))).await;
    }
    for (n, name) in (1..).zip(ODD_NAMES) {
        for other in 0..=10 {
            let found = store.get(&owner(name), id(other)).await.unwrap();
            assert_eq!(found.is_some(), other == n, "{name:?} and session {other}");
        }
    }
}

/// Reads never write: not the session, not its age, not its place in any list.
pub async fn reading_changes_nothing(store: &dyn ActiveStore) {
    let held = full_snapshot(1);
    store.insert(&held).await.unwrap();
    let page = Page {
        after: None,
        limit: NonZeroUsize::MIN,
    };
    let far = after(SECOND * 1_000_000);
    for scope in [Scope::All, owner("alice"), owner("bob"), Scope::Unowned] {
        let (any, anything) = (SessionFilter::default(), MetricsFilter::default());
        store.get(&scope, id(1)).await.unwrap();
        store.overview(&scope, id(1), 5).await.unwrap();
        store.list(&scope, &any, page).await.unwrap();
        store.ids(&scope, &any, page.limit).await.unwrap();
        store.metrics(&scope, &anything).await.unwrap();
        store.expired(far, page.limit).await.unwrap();
        store.quarantined(page.limit).await.unwrap();
    }
    let found: Option<SessionSnapshot> = store.snapshot(id(1)).await.unwrap();
    assert_eq!(found, Some(held));
}

/// The timestamps of a history are what its writers say; its order is the store's.
pub async fn history_is_ordered_by_seq_whatever_the_timestamps(store: &dyn ActiveStore) {
    let mut session = full_session(1);
    let mut queries = session.state.history.queries().to_vec();
    for (query, back) in queries.iter_mut().zip(1..) {
        query.timestamp = Some(session.created_at.minus(SECOND * back));
    }
    session.state.history = AnalysisHistory::from_stored(queries, 4, 2);
    insert(store, &session).await;
    let found = live(store, id(1)).await;
    let seqs: Vec<_> = found.state.history.queries().iter().map(|q| q.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
    assert_eq!(seqs.iter().collect::<BTreeSet<_>>().len(), 4);
}
