//! Reading a session without its history.

use fiml_session_core::{
    Session, SessionChange, SessionOverview, StateMap, Timestamp,
    store::{ActiveStore, Scope},
};

use crate::fixtures::{
    HOUR, after, apply, ask, batch, extend, full_session, full_snapshot, id, insert, owner,
    session_of, session_with_queries, set, set_in, tags, unset,
};

/// Compares with the whole session, for every number of recent queries that matters.
async fn agrees(store: &dyn ActiveStore) {
    let whole = store.snapshot(id(1)).await.unwrap().expect("it was stored");
    for recent in [0, 1, 2, 5, 1_000] {
        let found = store.overview(&Scope::All, id(1), recent).await.unwrap();
        assert_eq!(found, Some(whole.overview(recent, false)), "{recent}");
    }
}

/// The header, its exact counters and the last queries are those of the whole session.
pub async fn it_agrees_with_get(store: &dyn ActiveStore) {
    store.insert(&full_snapshot(1)).await.unwrap();
    agrees(store).await;
}

/// The counters that a store keeps are right after whatever changes them.
pub async fn it_agrees_with_get_after_every_kind_of_change(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    let changes = [
        ask("price"),
        set("new", "🦀 \"quoted\""),
        set("note", "replaced by something longer"),
        set_in(StateMap::Metadata, "note", 1),
        unset("nested"),
        unset("absent"),
        SessionChange::TagsAdded {
            tags: tags(["new"]),
        },
        SessionChange::TagsRemoved {
            tags: tags(["zeta"]),
        },
        extend(HOUR),
    ];
    for change in changes {
        let told = format!("{change:?}");
        let done = apply(store, id(1), &change.into(), after(2 * HOUR)).await;
        assert!(done.is_ok(), "{told}: {done:?}");
        agrees(store).await;
    }
    let several = batch([ask("a"), set("x", 1), ask("b"), set("x", 22), unset("x")]);
    apply(store, id(1), &several, after(2 * HOUR)).await.unwrap();
    agrees(store).await;
}

/// Newest first, as many as there are.
pub async fn none_or_all_recent_queries_may_be_asked_for(store: &dyn ActiveStore) {
    insert(store, &session_with_queries(1, 7)).await;
    for (recent, expected) in [
        (0, vec![]),
        (5, vec![7, 6, 5, 4, 3]),
        (7, vec![7, 6, 5, 4, 3, 2, 1]),
        (usize::MAX, vec![7, 6, 5, 4, 3, 2, 1]),
    ] {
        let found = store.overview(&Scope::All, id(1), recent).await.unwrap();
        let SessionOverview {
            recent_queries,
            header,
            is_archived,
        } = found.expect("it was stored");
        let seqs: Vec<_> = recent_queries.iter().map(|query| query.seq).collect();
        assert_eq!(seqs, expected, "{recent}");
        assert_eq!((header.total_queries, is_archived), (7, false));
    }
}

/// Nothing is found where nothing was stored.
pub async fn a_missing_session_is_none(store: &dyn ActiveStore) {
    assert_eq!(store.overview(&Scope::All, id(1), 5).await.unwrap(), None);
}

/// It does not exist for the asker.
pub async fn a_session_out_of_scope_is_none(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    insert(store, &session_of(2, None)).await;
    let out_of_scope = [
        (owner("bob"), id(1)),
        (Scope::Unowned, id(1)),
        (owner("alice"), id(2)),
    ];
    for (scope, id) in out_of_scope {
        let found = store.overview(&scope, id, 5).await.unwrap();
        assert_eq!(found, None, "{scope:?}");
    }
    let found = store.overview(&owner("alice"), id(1), 5).await.unwrap();
    assert!(found.is_some(), "its owner sees it");
}

/// An expired session stays readable until the sweep has archived it.
pub async fn expiry_is_not_absence(store: &dyn ActiveStore) {
    let expired = Session {
        expires_at: Timestamp::MIN,
        ..full_session(1)
    };
    insert(store, &expired).await;
    agrees(store).await;
}
