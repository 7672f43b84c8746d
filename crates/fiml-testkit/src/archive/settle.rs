//! Rows that have arrived.

use fiml_session_core::store::{ArchiveStore, Scope, Unsettled, UnsettledState};

use crate::fixtures::{
    HOUR, MICRO, START, after, archived, full_snapshot, id, pending, restoring, stage, token,
    unsettled_row,
};

/// Every way in which a row can differ from this one.
pub(super) fn changed(row: Unsettled) -> Vec<Unsettled> {
    let other = match row.state {
        UnsettledState::Pending => UnsettledState::Restoring,
        UnsettledState::Restoring | UnsettledState::Buried => UnsettledState::Pending,
    };
    vec![
        Unsettled { id: id(99), ..row },
        Unsettled {
            version: row.version - 1,
            ..row
        },
        Unsettled {
            version: row.version + 1,
            ..row
        },
        Unsettled {
            state: other,
            ..row
        },
        Unsettled {
            state: UnsettledState::Buried,
            ..row
        },
        Unsettled {
            since: row.since.plus(MICRO),
            ..row
        },
        Unsettled {
            since: row.since.minus(MICRO),
            ..row
        },
    ]
}

/// It is listed as settled from then on.
pub async fn a_pending_row_becomes_archived(archive: &dyn ArchiveStore) {
    let row = stage(archive, full_snapshot(1), START).await;
    assert!(archive.settle(&row, after(HOUR)).await.unwrap());
    assert_eq!(unsettled_row(archive, id(1)).await, None);
    let found = archive.get(&Scope::All, id(1)).await.unwrap();
    assert_eq!(found, Some(full_snapshot(1)));
}

/// The live store has lost the session, so that the archive keeps it.
pub async fn a_restoring_row_becomes_archived_again(archive: &dyn ArchiveStore) {
    archived(archive, full_snapshot(1), START).await;
    let claimed = archive.claim_restore(&Scope::All, id(1), token(1), after(HOUR));
    claimed.await.unwrap();
    let row = restoring(id(1), 9, after(HOUR));
    assert!(archive.settle(&row, after(2 * HOUR)).await.unwrap());
    assert_eq!(unsettled_row(archive, id(1)).await, None);
    assert!(!archive.confirm_restore(id(1), token(1)).await.unwrap());
}

/// Its version, its state or since when it stands.
pub async fn a_row_that_has_changed_in_any_way_stays(archive: &dyn ArchiveStore) {
    let row = stage(archive, full_snapshot(1), START).await;
    for other in changed(row) {
        assert!(!archive.settle(&other, after(HOUR)).await.unwrap(), "{other:?}");
        assert_eq!(unsettled_row(archive, id(1)).await, Some(row));
    }
    let claimed = archive.claim_restore(&Scope::All, id(1), token(1), after(HOUR));
    claimed.await.unwrap();
    let row = restoring(id(1), 9, after(HOUR));
    for other in changed(row) {
        assert!(!archive.settle(&other, after(HOUR)).await.unwrap(), "{other:?}");
        assert_eq!(unsettled_row(archive, id(1)).await, Some(row));
    }
}

/// A late settler does not move the instant.
pub async fn a_settled_row_is_not_settled_again(archive: &dyn ArchiveStore) {
    let row = stage(archive, full_snapshot(1), START).await;
    assert!(archive.settle(&row, after(HOUR)).await.unwrap());
    assert!(!archive.settle(&row, after(2 * HOUR)).await.unwrap());
    let again = stage(archive, full_snapshot(1), after(3 * HOUR)).await;
    assert_eq!(again.since, after(HOUR), "the row stands since it was settled");
}

/// Nothing becomes archived out of nothing.
pub async fn a_missing_row_is_false(archive: &dyn ArchiveStore) {
    let row = pending(id(1), 1, START);
    assert!(!archive.settle(&row, START).await.unwrap());
    assert_eq!(archive.get(&Scope::All, id(1)).await.unwrap(), None);
}

/// What was deleted stays deleted.
pub async fn a_tombstone_is_not_settled(archive: &dyn ArchiveStore) {
    assert!(archive.bury(&Scope::All, id(1), START).await.unwrap());
    let row = unsettled_row(archive, id(1)).await.unwrap();
    assert!(!archive.settle(&row, after(HOUR)).await.unwrap());
    assert!(archive.is_buried(id(1)).await.unwrap());
}
