//! Forgetting tombstones.

use fiml_session_core::{
    Timestamp,
    store::{ArchiveStore, Scope, StageOutcome},
};

use crate::fixtures::{
    HOUR, MICRO, START, after, archived, full_snapshot, id, session, stage, staged, token,
    unsettled_row,
};

/// Not one that was set at the instant itself; the answer says how many.
pub async fn a_tombstone_set_before_the_instant_is_forgotten(archive: &dyn ArchiveStore) {
    for (n, at) in [(1, START), (2, after(MICRO)), (3, after(HOUR))] {
        archive.bury(&Scope::All, id(n), at).await.unwrap();
    }
    for (before, forgotten, left) in [
        (START, 0, [true, true, true]),
        (after(MICRO), 1, [false, true, true]),
        (after(MICRO), 0, [false, true, true]),
        (Timestamp::MAX, 2, [false, false, false]),
    ] {
        assert_eq!(archive.forget_buried(before).await.unwrap(), forgotten);
        for (n, left) in (1..).zip(left) {
            assert_eq!(archive.is_buried(id(n)).await.unwrap(), left, "{n} at {before}");
            assert_eq!(unsettled_row(archive, id(n)).await.is_some(), left);
        }
    }
}

/// Sessions stay, however old and in whatever state.
pub async fn only_tombstones_are_forgotten(archive: &dyn ArchiveStore) {
    stage(archive, full_snapshot(1), Timestamp::MIN).await;
    archived(archive, full_snapshot(2), Timestamp::MIN).await;
    archived(archive, full_snapshot(3), Timestamp::MIN).await;
    let claimed = archive.claim_restore(&Scope::All, id(3), token(1), Timestamp::MIN);
    claimed.await.unwrap();
    assert_eq!(archive.forget_buried(Timestamp::MAX).await.unwrap(), 0);
    for n in 1..=3 {
        let found = archive.get(&Scope::All, id(n)).await.unwrap();
        assert_eq!(found, Some(full_snapshot(n)));
    }
}

/// Nothing of the tombstone is left.
pub async fn a_forgotten_session_may_be_staged_again(archive: &dyn ArchiveStore) {
    archive.bury(&Scope::All, id(1), START).await.unwrap();
    archive.forget_buried(after(HOUR)).await.unwrap();
    let one = [staged(session(1))];
    let outcomes = archive.stage(&one, after(HOUR)).await.unwrap();
    let since = after(HOUR);
    assert_eq!(outcomes, [StageOutcome::Staged { since }]);
}
