//! Reading archived sessions.

use fiml_session_core::store::{ArchiveStore, Page, Scope, SessionFilter};

use crate::fixtures::{
    MANY, ODD_NAMES, START, archived, full_snapshot, id, owner, session, session_of, stage, token,
    unsettled_row,
};

/// Pending, archived or restoring.
pub async fn a_session_is_found_whatever_the_state_of_its_row(archive: &dyn ArchiveStore) {
    stage(archive, full_snapshot(1), START).await;
    for n in 2..=3 {
        archived(archive, full_snapshot(n), START).await;
    }
    let claimed = archive.claim_restore(&Scope::All, id(3), token(1), START);
    claimed.await.unwrap();
    for n in 1..=3 {
        for scope in [owner("alice"), Scope::All] {
            let found = archive.get(&scope, id(n)).await.unwrap();
            assert_eq!(found, Some(full_snapshot(n)), "{scope:?}");
        }
    }
}

/// Nothing is found where nothing was staged.
pub async fn a_missing_session_is_none(archive: &dyn ArchiveStore) {
    archived(archive, session(1), START).await;
    assert_eq!(archive.get(&Scope::All, id(2)).await.unwrap(), None);
}

/// It does not exist for the asker.
pub async fn a_session_out_of_scope_is_none(archive: &dyn ArchiveStore) {
    archived(archive, session(1), START).await;
    archived(archive, session_of(2, None), START).await;
    for (scope, id) in [
        (owner("bob"), id(1)),
        (Scope::Unowned, id(1)),
        (owner("alice"), id(2)),
    ] {
        assert_eq!(archive.get(&scope, id).await.unwrap(), None, "{scope:?}");
    }
    let nobodys = archive.get(&Scope::Unowned, id(2)).await.unwrap();
    assert!(nobodys.is_some());
}

/// A tombstone is no session.
pub async fn a_buried_session_is_none(archive: &dyn ArchiveStore) {
    archived(archive, session(1), START).await;
    archive.bury(&Scope::All, id(1), START).await.unwrap();
    for scope in [Scope::All, owner("alice"), Scope::Unowned] {
        assert_eq!(archive.get(&scope, id(1)).await.unwrap(), None, "{scope:?}");
    }
}

/// Patterns are names like any other.
pub async fn an_odd_owner_matches_only_itself(archive: &dyn ArchiveStore) {
    for (n, name) in (1..).zip(ODD_NAMES) {
        archived(archive, session_of(n, Some(name)), START).await;
    }
    for (n, name) in (1..).zip(ODD_NAMES) {
        for other in 1..=10 {
            let found = archive.get(&owner(name), id(other)).await.unwrap();
            assert_eq!(found.is_some(), other == n, "{name:?} and session {other}");
        }
    }
}

/// Reads leave the row and the session as they are.
pub async fn reading_changes_nothing(archive: &dyn ArchiveStore) {
    let row = stage(archive, full_snapshot(1), START).await;
    let page = Page {
        after: None,
        limit: MANY,
    };
    for scope in [Scope::All, owner("alice"), owner("bob"), Scope::Unowned] {
        archive.get(&scope, id(1)).await.unwrap();
        archive.overview(&scope, id(1), 5).await.unwrap();
        let any = SessionFilter::default();
        archive.list(&scope, &any, page).await.unwrap();
        archive.ids(&scope, &any, MANY).await.unwrap();
        archive.is_buried(id(1)).await.unwrap();
        archive.confirm_restore(id(1), token(1)).await.unwrap();
    }
    assert_eq!(unsettled_row(archive, id(1)).await, Some(row));
    let found = archive.get(&Scope::All, id(1)).await.unwrap();
    assert_eq!(found, Some(full_snapshot(1)));
}
