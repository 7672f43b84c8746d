//! Bringing sessions back: the claim.

use fiml_session_core::store::{ArchiveStore, Scope};

use crate::fixtures::{
    HOUR, START, after, archived, at_once, full_snapshot, id, owner, restoring, session,
    session_of, stage, token, unsettled_row,
};

/// The row stays until the live copy has been seen.
pub async fn a_claim_gives_the_whole_session_and_marks_its_row(archive: &dyn ArchiveStore) {
    archived(archive, full_snapshot(1), START).await;
    let scope = owner("alice");
    let claimed = archive.claim_restore(&scope, id(1), token(1), after(HOUR));
    assert_eq!(claimed.await.unwrap(), Some(full_snapshot(1)));
    let row = unsettled_row(archive, id(1)).await;
    assert_eq!(row, Some(restoring(id(1), 9, after(HOUR))));
    let found = archive.get(&Scope::All, id(1)).await.unwrap();
    assert_eq!(found, Some(full_snapshot(1)), "it is still there");
}

/// An attempt that died does not block the next one.
pub async fn a_later_claim_replaces_the_token_of_an_earlier_one(archive: &dyn ArchiveStore) {
    archived(archive, full_snapshot(1), START).await;
    for n in 1..=3 {
        let at = after(HOUR * n);
        let claimed = archive.claim_restore(&Scope::All, id(1), token(n), at);
        assert!(claimed.await.unwrap().is_some());
        let row = unsettled_row(archive, id(1)).await;
        assert_eq!(row, Some(restoring(id(1), 9, at)));
        for other in 1..=4 {
            let confirmed = archive.confirm_restore(id(1), token(other)).await.unwrap();
            assert_eq!(confirmed, other == n, "token {other} after claim {n}");
        }
    }
}

/// A crash may have left it so.
pub async fn a_pending_row_can_be_claimed(archive: &dyn ArchiveStore) {
    let row = stage(archive, full_snapshot(1), START).await;
    let claimed = archive.claim_restore(&Scope::All, id(1), token(1), after(HOUR));
    assert_eq!(claimed.await.unwrap(), Some(full_snapshot(1)));
    assert!(archive.confirm_restore(id(1), token(1)).await.unwrap());
    let settled = archive.settle(&row, after(HOUR)).await.unwrap();
    assert!(!settled, "the pending row is no more");
}

/// Nothing is brought back from nowhere, nor from death.
pub async fn a_missing_or_buried_session_is_none(archive: &dyn ArchiveStore) {
    archived(archive, session(1), START).await;
    archive.bury(&Scope::All, id(1), START).await.unwrap();
    for n in 1..=2 {
        let claimed = archive.claim_restore(&Scope::All, id(n), token(1), START);
        assert_eq!(claimed.await.unwrap(), None);
        assert!(!archive.confirm_restore(id(n), token(1)).await.unwrap());
    }
    assert!(archive.is_buried(id(1)).await.unwrap(), "it stays buried");
}

/// It does not exist for the asker, and its row stays settled.
pub async fn a_session_out_of_scope_is_none_and_unchanged(archive: &dyn ArchiveStore) {
    archived(archive, session(1), START).await;
    archived(archive, session_of(2, None), START).await;
    for (scope, id) in [
        (owner("bob"), id(1)),
        (Scope::Unowned, id(1)),
        (owner("alice"), id(2)),
    ] {
        let claimed = archive.claim_restore(&scope, id, token(1), after(HOUR));
        assert_eq!(claimed.await.unwrap(), None, "{scope:?}");
        assert_eq!(unsettled_row(archive, id).await, None, "{scope:?}");
        assert!(!archive.confirm_restore(id, token(1)).await.unwrap());
    }
}

/// All get the session; the last claim stands.
pub async fn of_thirty_two_claims_at_once_one_is_confirmed(archive: &dyn ArchiveStore) {
    archived(archive, full_snapshot(1), START).await;
    let claim = |task: usize| async move {
        let token = token(u32::try_from(task).unwrap());
        let claimed = archive.claim_restore(&Scope::All, id(1), token, START);
        claimed.await.unwrap()
    };
    let claimed = at_once(32, claim).await;
    assert!(claimed.iter().all(Option::is_some));
    let mut confirmed = 0;
    for n in 0..32 {
        confirmed += u32::from(archive.confirm_restore(id(1), token(n)).await.unwrap());
    }
    assert_eq!(confirmed, 1);
}
