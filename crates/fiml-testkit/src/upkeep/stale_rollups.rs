//! Counting the hours and days that are to be rolled up.

use std::num::NonZeroUsize;

use super::{ArchiveWithUpkeep, archive_spread, late, roll_up_all};
use crate::fixtures::{MANY, START};

/// None of what has not ended, and no further than the limit.
pub async fn it_counts_what_is_rolled_up_next(store: &dyn ArchiveWithUpkeep) {
    assert_eq!(store.stale_rollups(late(), MANY).await.unwrap(), 0);
    archive_spread(store).await;
    assert_eq!(store.stale_rollups(START, MANY).await.unwrap(), 0);
    let stale = store.stale_rollups(late(), MANY).await.unwrap();
    let two = NonZeroUsize::new(2).unwrap();
    assert_eq!(
        store.stale_rollups(late(), two).await.unwrap(),
        stale.min(2)
    );
    assert_eq!(store.roll_up(late(), MANY).await.unwrap(), stale);
    assert_eq!(store.stale_rollups(late(), MANY).await.unwrap(), 0);
    roll_up_all(store).await;
}
