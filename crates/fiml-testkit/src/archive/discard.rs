//! Rows that are taken back.

use fiml_session_core::store::{ArchiveStore, Scope};

use super::settle::changed;
use crate::fixtures::{
    HOUR, START, after, archived, full_snapshot, id, pending, restoring, session, stage, token,
    unsettled_row,
};

/// Because the live copy is newer.
pub async fn a_pending_or_restoring_row_goes(archive: &dyn ArchiveStore) {
    let row = stage(archive, full_snapshot(1), START).await;
    assert!(archive.discard(&row).await.unwrap());
    archived(archive, full_snapshot(2), START).await;
    let claimed = archive.claim_restore(&Scope::All, id(2), token(1), after(HOUR));
    claimed.await.unwrap();
    let row = restoring(id(2), 9, after(HOUR));
    assert!(archive.discard(&row).await.unwrap());
    for n in 1..=2 {
        assert_eq!(archive.get(&Scope::All, id(n)).await.unwrap(), None);
        assert_eq!(unsettled_row(archive, id(n)).await, None);
        assert!(!archive.is_buried(id(n)).await.unwrap());
    }
}

/// Its version, its state or since when it stands.
pub async fn a_row_that_has_changed_in_any_way_stays(archive: &dyn ArchiveStore) {
    let row = stage(archive, full_snapshot(1), START).await;
    for other in changed(row) {
        assert!(!archive.discard(&other).await.unwrap(), "{other:?}");
        assert_eq!(unsettled_row(archive, id(1)).await, Some(row));
    }
    let found = archive.get(&Scope::All, id(1)).await.unwrap();
    assert_eq!(found, Some(full_snapshot(1)));
}

/// What has arrived is not taken back.
pub async fn a_settled_row_stays(archive: &dyn ArchiveStore) {
    let row = stage(archive, full_snapshot(1), START).await;
    archive.settle(&row, after(HOUR)).await.unwrap();
    for since in [START, after(HOUR)] {
        let row = pending(id(1), 9, since);
        assert!(!archive.discard(&row).await.unwrap());
    }
    let found = archive.get(&Scope::All, id(1)).await.unwrap();
    assert_eq!(found, Some(full_snapshot(1)));
}

/// Nothing was there to take back.
pub async fn a_missing_row_is_false(archive: &dyn ArchiveStore) {
    archived(archive, session(2), START).await;
    assert!(!archive.discard(&pending(id(1), 1, START)).await.unwrap());
}

/// It leaves no tombstone: any version may follow, even an older one.
pub async fn a_discarded_session_may_be_staged_again(archive: &dyn ArchiveStore) {
    let row = stage(archive, full_snapshot(1), START).await;
    archive.discard(&row).await.unwrap();
    let row = stage(archive, session(1), after(HOUR)).await;
    assert_eq!(row, pending(id(1), 1, after(HOUR)));
    let found = archive.get(&Scope::All, id(1)).await.unwrap();
    assert_eq!(found, Some(session(1).into()));
}

/// What was deleted stays deleted.
pub async fn a_tombstone_is_not_discarded(archive: &dyn ArchiveStore) {
    assert!(archive.bury(&Scope::All, id(1), START).await.unwrap());
    let row = unsettled_row(archive, id(1)).await.unwrap();
    assert!(!archive.discard(&row).await.unwrap());
    assert!(archive.is_buried(id(1)).await.unwrap());
}
