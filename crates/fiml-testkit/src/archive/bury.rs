//! Deleting sessions for good.

use fiml_session_core::store::{ArchiveStore, Page, Scope, SessionFilter, UnsettledState};

use crate::fixtures::{
    HOUR, MANY, START, after, archived, full_snapshot, id, owner, session, session_of, stage,
    token, unsettled_row,
};

/// It is not read, not listed and not restored any more; what is left waits for the live copy to go.
pub async fn the_session_is_gone(archive: &dyn ArchiveStore) {
    archived(archive, full_snapshot(1), START).await;
    let buried = archive.bury(&owner("alice"), id(1), after(HOUR)).await;
    assert!(buried.unwrap());
    let all = Scope::All;
    assert_eq!(archive.get(&all, id(1)).await.unwrap(), None);
    assert_eq!(archive.overview(&all, id(1), 5).await.unwrap(), None);
    let (any, page) = (
        SessionFilter::default(),
        Page {
            after: None,
            limit: MANY,
        },
    );
    assert_eq!(archive.list(&all, &any, page).await.unwrap(), []);
    assert_eq!(archive.ids(&all, &any, MANY).await.unwrap(), []);
    let row = unsettled_row(archive, id(1)).await.expect("a tombstone");
    assert_eq!(
        (row.state, row.since),
        (UnsettledState::Buried, after(HOUR))
    );
}

/// Pending, archived or restoring.
pub async fn it_buries_whatever_the_state_of_the_row(archive: &dyn ArchiveStore) {
    let row = stage(archive, full_snapshot(1), START).await;
    archived(archive, full_snapshot(2), START).await;
    archived(archive, full_snapshot(3), START).await;
    let claimed = archive.claim_restore(&Scope::All, id(3), token(1), START);
    claimed.await.unwrap();
    for n in 1..=3 {
        assert!(archive.bury(&Scope::All, id(n), START).await.unwrap());
        assert!(archive.is_buried(id(n)).await.unwrap());
        assert_eq!(archive.get(&Scope::All, id(n)).await.unwrap(), None);
    }
    assert!(!archive.settle(&row, START).await.unwrap(), "too late");
    assert!(!archive.discard(&row).await.unwrap(), "too late");
    assert!(archive.is_buried(id(1)).await.unwrap());
}

/// A live session that is deleted has no row yet; its tombstone stands all the same.
pub async fn it_buries_what_was_never_there(archive: &dyn ArchiveStore) {
    for (n, scope) in (1..).zip([Scope::All, owner("alice"), Scope::Unowned]) {
        assert!(archive.bury(&scope, id(n), START).await.unwrap(), "{scope:?}");
        assert!(archive.is_buried(id(n)).await.unwrap());
    }
}

/// It is false, and nothing is buried.
pub async fn a_row_out_of_scope_stays(archive: &dyn ArchiveStore) {
    archived(archive, full_snapshot(1), START).await;
    archived(archive, session_of(2, None), START).await;
    stage(archive, session(3), START).await;
    for (scope, id) in [
        (owner("bob"), id(1)),
        (owner("%"), id(1)),
        (Scope::Unowned, id(1)),
        (owner("alice"), id(2)),
        (owner("bob"), id(3)),
    ] {
        let held = archive.get(&Scope::All, id).await.unwrap();
        assert!(!archive.bury(&scope, id, START).await.unwrap(), "{scope:?}");
        assert!(!archive.is_buried(id).await.unwrap(), "{scope:?}");
        assert_eq!(archive.get(&Scope::All, id).await.unwrap(), held);
    }
}

/// Whoever asks: a tombstone belongs to nobody.
pub async fn burying_twice_is_true(archive: &dyn ArchiveStore) {
    archived(archive, full_snapshot(1), START).await;
    for scope in [owner("alice"), Scope::All, owner("bob"), Scope::Unowned] {
        let buried = archive.bury(&scope, id(1), after(HOUR)).await.unwrap();
        assert!(buried, "{scope:?}");
    }
    assert!(archive.is_buried(id(1)).await.unwrap());
}

/// Neither what is missing nor what lies in the archive.
pub async fn only_what_was_buried_is_buried(archive: &dyn ArchiveStore) {
    stage(archive, session(1), START).await;
    archived(archive, session(2), START).await;
    for n in 1..=3 {
        assert!(!archive.is_buried(id(n)).await.unwrap());
    }
}

/// Only this one.
pub async fn its_neighbours_stay(archive: &dyn ArchiveStore) {
    for n in 1..=3 {
        archived(archive, full_snapshot(n), START).await;
    }
    archive.bury(&Scope::All, id(2), START).await.unwrap();
    for n in [1, 3] {
        let found = archive.get(&Scope::All, id(n)).await.unwrap();
        assert_eq!(found, Some(full_snapshot(n)));
        assert!(!archive.is_buried(id(n)).await.unwrap());
    }
}
