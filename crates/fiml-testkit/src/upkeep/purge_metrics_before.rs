//! Removing figures that are kept no longer.

use std::{collections::BTreeSet, num::NonZeroUsize};

use super::{ArchiveWithUpkeep, agree, archive_spread, late, roll_up_all};
use crate::fixtures::{HOUR, MANY, START, after};

/// The oldest first, at most to the limit, with or without their sessions.
pub async fn figures_of_sessions_created_earlier_go_whatever_was_rolled_up(
    store: &dyn ArchiveWithUpkeep,
) {
    let (sessions, none) = (archive_spread(store).await, BTreeSet::new());
    roll_up_all(store).await;
    assert_eq!(store.purge_metrics_before(START, MANY).await.unwrap(), 0);
    let one = NonZeroUsize::MIN;
    assert_eq!(store.purge_metrics_before(late(), one).await.unwrap(), 1);
    agree(store, &sessions[1..], &none).await;
    store.purge_before(late().plus(HOUR), MANY).await.unwrap();
    assert_eq!(
        store.purge_metrics_before(after(HOUR), MANY).await.unwrap(),
        2
    );
    agree(store, &sessions[3..], &none).await;
    roll_up_all(store).await;
    agree(store, &sessions[3..], &none).await;
    assert_eq!(store.purge_metrics_before(late(), MANY).await.unwrap(), 6);
    agree(store, &[], &none).await;
    roll_up_all(store).await;
    agree(store, &[], &none).await;
    assert_eq!(store.stale_rollups(late(), MANY).await.unwrap(), 0);
}
