//! How much a purge would remove.

use std::num::NonZeroUsize;

use fiml_session_core::{Timestamp, store::Scope};

use super::ArchiveWithUpkeep;
use crate::fixtures::{MANY, MICRO, START, after, archived, full_snapshot, id, stage};

/// And it removes nothing.
pub async fn it_counts_what_a_purge_removes(store: &dyn ArchiveWithUpkeep) {
    for (n, at) in [(1, START), (2, START), (3, after(MICRO))] {
        archived(store, full_snapshot(n), at).await;
    }
    stage(store, full_snapshot(4), START).await;
    store.bury(&Scope::All, id(5), START).await.unwrap();
    for (before, due) in [(START, 0), (after(MICRO), 2), (Timestamp::MAX, 3)] {
        assert_eq!(store.count_before(before, MANY).await.unwrap(), due);
    }
    let last = after(MICRO);
    assert_eq!(store.purge_before(last, MANY).await.unwrap(), 2);
    assert_eq!(store.count_before(last, MANY).await.unwrap(), 0);
    assert_eq!(store.count_before(Timestamp::MAX, MANY).await.unwrap(), 1);
}

/// So that it costs no more than a purge.
pub async fn it_counts_no_further_than_the_limit(store: &dyn ArchiveWithUpkeep) {
    for n in 1..=3 {
        archived(store, full_snapshot(n), START).await;
    }
    for (limit, counted) in [(1, 1), (3, 3), (9, 3)] {
        let limit = NonZeroUsize::new(limit).unwrap();
        let found = store.count_before(Timestamp::MAX, limit).await.unwrap();
        assert_eq!(found, counted);
    }
}
