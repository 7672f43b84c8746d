//! Writing figures that are missing.

use std::collections::BTreeSet;

use fiml_session_core::{
    MetricsDigest, Session, SessionMetrics, Timestamp,
    store::{MetricsFilter, Scope},
};

use super::{ArchiveWithUpkeep, archive_bare, bare};
use crate::fixtures::{MANY, START, archived, at_once, full_session, full_snapshot, id, token};

async fn digest(store: &dyn ArchiveWithUpkeep) -> MetricsDigest {
    let (any, none) = (MetricsFilter::default(), BTreeSet::new());
    let digest = store.digest(&Scope::All, &any, &none, Timestamp::MAX);
    digest.await.unwrap()
}

async fn measure(store: &dyn ArchiveWithUpkeep, session: &Session) -> bool {
    let metrics = SessionMetrics::of(session);
    store.measure(&metrics, session.version).await.unwrap()
}

/// As if they had been written when the session was archived.
pub async fn figures_that_were_missing_are_counted_once(store: &dyn ArchiveWithUpkeep) {
    archive_bare(store, 1).await;
    assert_eq!(digest(store).await, MetricsDigest::default());
    assert!(measure(store, &full_session(1)).await);
    assert!(!measure(store, &full_session(1)).await);
    let mut expected = MetricsDigest::default();
    expected.add(&SessionMetrics::of(&full_session(1)), Timestamp::MAX);
    assert_eq!(digest(store).await, expected);
    assert_eq!(store.unmeasured(None, MANY).await.unwrap(), []);
}

/// Whatever they say.
pub async fn figures_that_are_there_stay(store: &dyn ArchiveWithUpkeep) {
    archived(store, full_snapshot(1), START).await;
    let before = digest(store).await;
    let mut other = SessionMetrics::of(&full_session(1));
    other.total_queries += 1;
    let version = full_session(1).version;
    assert!(!store.measure(&other, version).await.unwrap());
    assert_eq!(digest(store).await, before);
}

/// Nor does one that is not there, or is deleted.
pub async fn a_row_that_has_changed_or_is_not_archived_gets_none(store: &dyn ArchiveWithUpkeep) {
    let older = Session {
        version: full_session(1).version - 1,
        ..full_session(1)
    };
    archive_bare(store, 1).await;
    assert!(!measure(store, &older).await, "another version");
    let claimed = store.claim_restore(&Scope::All, id(1), token(1), START);
    claimed.await.unwrap();
    assert!(!measure(store, &full_session(1)).await, "restoring");
    store.stage(&[bare(2)], START).await.unwrap();
    assert!(!measure(store, &full_session(2)).await, "pending");
    assert!(!measure(store, &full_session(3)).await, "not there");
    archive_bare(store, 4).await;
    store.bury(&Scope::All, id(4), START).await.unwrap();
    assert!(!measure(store, &full_session(4)).await, "buried");
    assert_eq!(digest(store).await, MetricsDigest::default());
}

/// Whichever comes first.
pub async fn of_figures_and_a_burial_at_once_nothing_remains(store: &dyn ArchiveWithUpkeep) {
    for n in 1..=8 {
        archive_bare(store, n).await;
    }
    at_once(16, async |task| {
        let n = 1 + u32::try_from(task / 2).unwrap();
        if task % 2 == 0 {
            measure(store, &full_session(n)).await;
        } else {
            store.bury(&Scope::All, id(n), START).await.unwrap();
        }
    })
    .await;
    assert_eq!(digest(store).await, MetricsDigest::default());
}
