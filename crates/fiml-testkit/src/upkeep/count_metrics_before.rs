//! Counting the figures that a purge would remove.

use std::num::NonZeroUsize;

use super::{ArchiveWithUpkeep, archive_spread, late};
use crate::fixtures::{DAY, HOUR, MANY, START, after};

/// No further than the limit.
pub async fn it_counts_the_rows_that_a_purge_of_figures_removes(store: &dyn ArchiveWithUpkeep) {
    archive_spread(store).await;
    for (created, count) in [(START, 0), (after(HOUR), 3), (after(DAY), 6), (late(), 9)] {
        let due = store.count_metrics_before(created, MANY).await.unwrap();
        assert_eq!(due, count, "{created}");
    }
    let two = NonZeroUsize::new(2).unwrap();
    assert_eq!(store.count_metrics_before(late(), two).await.unwrap(), 2);
}
