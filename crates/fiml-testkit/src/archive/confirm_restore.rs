//! Bringing sessions back: the confirmation.

use fiml_session_core::{
    Session,
    store::{ArchiveStore, Scope},
};

use crate::fixtures::{
    HOUR, START, after, archived, full_session, id, restoring, session, stage, token,
};

async fn claim(archive: &dyn ArchiveStore, n: u32) {
    archived(archive, full_session(n), START).await;
    let claimed = archive.claim_restore(&Scope::All, id(n), token(n), after(HOUR));
    assert!(claimed.await.unwrap().is_some());
}

/// It may be asked again, and changes nothing.
pub async fn only_the_token_of_the_claim_is_confirmed(archive: &dyn ArchiveStore) {
    claim(archive, 1).await;
    claim(archive, 2).await;
    for _ in 0..2 {
        assert!(archive.confirm_restore(id(1), token(1)).await.unwrap());
        assert!(!archive.confirm_restore(id(1), token(2)).await.unwrap());
    }
}

/// Whoever deletes wins over whoever restores.
pub async fn after_a_burial_it_is_not(archive: &dyn ArchiveStore) {
    claim(archive, 1).await;
    archive.bury(&Scope::All, id(1), after(HOUR)).await.unwrap();
    assert!(!archive.confirm_restore(id(1), token(1)).await.unwrap());
}

/// The attempt is over.
pub async fn after_settling_or_a_newer_version_it_is_not(archive: &dyn ArchiveStore) {
    claim(archive, 1).await;
    let row = restoring(id(1), 9, after(HOUR));
    archive.settle(&row, after(2 * HOUR)).await.unwrap();
    assert!(!archive.confirm_restore(id(1), token(1)).await.unwrap());
    claim(archive, 2).await;
    let newer = Session {
        version: 11,
        ..full_session(2)
    };
    stage(archive, newer, after(2 * HOUR)).await;
    assert!(!archive.confirm_restore(id(2), token(2)).await.unwrap());
}

/// Nothing was claimed.
pub async fn a_missing_session_is_not_confirmed(archive: &dyn ArchiveStore) {
    archived(archive, session(1), START).await;
    for n in 1..=2 {
        assert!(!archive.confirm_restore(id(n), token(1)).await.unwrap());
    }
}
