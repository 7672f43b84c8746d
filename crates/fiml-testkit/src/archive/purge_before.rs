//! Removing sessions that were archived long ago.

use std::num::NonZeroUsize;

use fiml_session_core::{
    Timestamp,
    store::{ArchiveStore, Scope, StageOutcome},
};

use crate::fixtures::{
    HOUR, MANY, MICRO, START, after, archived, at_once, full_snapshot, id, stage, staged, token,
};

const THREE: NonZeroUsize = NonZeroUsize::new(3).expect("more than none");

/// Not one archived at the instant itself; the answer says how many, and the id may be staged again.
pub async fn a_session_archived_before_the_instant_goes(archive: &dyn ArchiveStore) {
    archived(archive, full_snapshot(1), START).await;
    assert_eq!(archive.purge_before(START, MANY).await.unwrap(), 0);
    let later = after(MICRO);
    assert_eq!(archive.purge_before(later, MANY).await.unwrap(), 1);
    assert_eq!(archive.purge_before(later, MANY).await.unwrap(), 0);
    let found = archive.get(&Scope::All, id(1)).await.unwrap();
    assert_eq!(found, None);
    assert!(!archive.is_buried(id(1)).await.unwrap());
    let again = archive
        .stage(&[staged(full_snapshot(1).session)], later)
        .await;
    assert_eq!(again.unwrap(), [StageOutcome::Staged { since: later }]);
}

/// By when they were archived, not by when they were created.
pub async fn the_longest_archived_go_first_and_at_most_the_limit(archive: &dyn ArchiveStore) {
    for (n, at) in [(1, after(HOUR)), (2, START), (3, after(MICRO))] {
        archived(archive, full_snapshot(n), at).await;
    }
    let mut left = vec![1, 2, 3];
    for gone in [2, 3, 1] {
        let purged = archive
            .purge_before(Timestamp::MAX, NonZeroUsize::MIN)
            .await;
        assert_eq!(purged.unwrap(), 1);
        left.retain(|&n| n != gone);
        for n in 1..=3 {
            let found = archive.get(&Scope::All, id(n)).await.unwrap();
            assert_eq!(found.is_some(), left.contains(&n), "{n} after {gone} went");
        }
    }
}

/// What is on its way between tiers stays, and so does a tombstone.
pub async fn only_archived_rows_go(archive: &dyn ArchiveStore) {
    stage(archive, full_snapshot(1), START).await;
    archived(archive, full_snapshot(2), START).await;
    let claimed = archive.claim_restore(&Scope::All, id(2), token(1), START);
    claimed.await.unwrap();
    archive.bury(&Scope::All, id(3), START).await.unwrap();
    assert_eq!(archive.purge_before(Timestamp::MAX, MANY).await.unwrap(), 0);
    for n in 1..=2 {
        let found = archive.get(&Scope::All, id(n)).await.unwrap();
        assert_eq!(found, Some(full_snapshot(n)));
    }
    assert!(archive.is_buried(id(3)).await.unwrap());
}

/// No session is counted twice, and none is left over.
pub async fn of_thirty_two_at_once_each_counts_its_own(archive: &dyn ArchiveStore) {
    for n in 1..=32 {
        archived(archive, full_snapshot(n), START).await;
    }
    let purges = at_once(32, async |_| {
        archive.purge_before(Timestamp::MAX, THREE).await.unwrap()
    });
    let mut purged: u64 = purges.await.iter().sum();
    // What one call held, the others left.
    loop {
        match archive.purge_before(Timestamp::MAX, MANY).await.unwrap() {
            0 => break,
            more => purged += more,
        }
    }
    assert_eq!(purged, 32);
}
