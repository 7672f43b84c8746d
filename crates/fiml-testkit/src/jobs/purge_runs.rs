//! Forgetting old runs.

use fiml_session_core::store::JobStore;

use super::{all, claim, finished, granted, over, tick};
use crate::fixtures::{DAY, MANY, MICRO};

async fn record(store: &dyn JobStore, runs: impl IntoIterator<Item = (&str, u32)>) {
    for (name, n) in runs {
        assert!(store.record_run(&over(name, n)).await.unwrap());
    }
}

/// Not one at the instant itself; the answer says how many.
pub async fn only_ticks_before_the_instant_go(store: &dyn JobStore) {
    for n in 1..=4 {
        finished(store, &claim(n, n)).await;
    }
    assert_eq!(store.purge_runs(tick(1), MANY).await.unwrap(), 0);
    let until = tick(2).plus(MICRO);
    assert_eq!(store.purge_runs(until, MANY).await.unwrap(), 2);
    let left: Vec<_> = all(store).await.iter().map(|run| run.tick).collect();
    assert_eq!(left, [tick(4), tick(3)]);
}

/// Or a job whose interval is longer than runs are kept would run again at once.
pub async fn the_newest_run_of_each_job_stays(store: &dyn JobStore) {
    let runs = [("yearly", 1), ("sweep", 1), ("sweep", 2), ("sweep", 3)];
    record(store, runs).await;
    let late = tick(3).plus(365 * DAY);
    assert_eq!(store.purge_runs(late, MANY).await.unwrap(), 2);
    assert_eq!(all(store).await, [over("sweep", 3), over("yearly", 1)]);
}

/// However old it is.
pub async fn what_is_not_over_stays(store: &dyn JobStore) {
    granted(store, &claim(1, 1), tick(1)).await;
    record(store, [("sweep", 2), ("sweep", 3)]).await;
    let late = tick(3).plus(365 * DAY);
    assert_eq!(store.purge_runs(late, MANY).await.unwrap(), 1);
    let left: Vec<_> = all(store).await.iter().map(|run| run.tick).collect();
    assert_eq!(left, [tick(3), tick(1)]);
}

/// Across jobs.
pub async fn the_oldest_go_first_and_at_most_the_limit(store: &dyn JobStore) {
    record(
        store,
        [("b", 2), ("a", 1), ("a", 3), ("b", 4), ("a", 9), ("b", 9)],
    )
    .await;
    let two = 2.try_into().unwrap_or(MANY);
    for (left, oldest) in [(4, 3), (2, 9)] {
        assert_eq!(store.purge_runs(tick(9), two).await.unwrap(), 2);
        let runs = all(store).await;
        assert_eq!(runs.len(), left);
        assert!(runs.iter().all(|run| run.tick >= tick(oldest)), "{runs:?}");
    }
    assert_eq!(store.purge_runs(tick(9), two).await.unwrap(), 0);
}
