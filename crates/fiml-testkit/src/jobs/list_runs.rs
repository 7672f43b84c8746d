//! Looking at runs.

use fiml_session_core::store::{JobStore, RunCursor, RunPage};

use super::{all, claim, granted, job, over, page, tick};

/// Held or over, of every job; within a tick from the last name to the first.
pub async fn they_come_from_the_newest_tick_to_the_oldest(store: &dyn JobStore) {
    assert_eq!(all(store).await, []);
    for (name, n) in [("a_z", 2), ("ab", 2), ("aa", 3), ("sweep", 1), ("a", 2)] {
        assert!(store.record_run(&over(name, n)).await.unwrap());
    }
    granted(store, &claim(4, 1), tick(4)).await;
    let listed = all(store).await;
    let listed: Vec<_> = listed
        .iter()
        .map(|run| (run.job.as_str(), run.tick))
        .collect();
    let expected = [
        ("sweep", 4),
        ("aa", 3),
        ("ab", 2),
        ("a_z", 2),
        ("a", 2),
        ("sweep", 1),
    ];
    assert_eq!(listed, expected.map(|(name, n)| (name, tick(n))));
}

/// Every run is seen once that was there when the first page was read.
pub async fn pages_have_no_duplicates_and_no_gaps_while_runs_are_added(store: &dyn JobStore) {
    for n in 1..=7 {
        for name in ["sweep", "other"] {
            assert!(store.record_run(&over(name, n)).await.unwrap());
        }
    }
    let before = all(store).await;
    let (mut seen, mut next) = (Vec::new(), page(3));
    loop {
        let runs = store.list_runs(None, &next).await.unwrap();
        let newer = over("sweep", 10 + u32::try_from(seen.len()).unwrap());
        assert!(store.record_run(&newer).await.unwrap());
        assert!(runs.len() <= 3);
        let Some(last) = runs.last() else { break };
        next.after = Some(RunCursor::of(last));
        seen.extend(runs);
    }
    assert_eq!(seen, before);
}

/// Page by page too.
pub async fn one_jobs_are_its_own(store: &dyn JobStore) {
    for n in 1..=3 {
        for name in ["sweep", "sweep2", "swee"] {
            assert!(store.record_run(&over(name, n)).await.unwrap());
        }
    }
    let sweep = job("sweep");
    let runs = store.list_runs(Some(&sweep), &page(9)).await.unwrap();
    assert_eq!(runs, [over("sweep", 3), over("sweep", 2), over("sweep", 1)]);
    let behind = RunPage {
        after: Some(RunCursor::of(&over("sweep", 3))),
        ..page(1)
    };
    let runs = store.list_runs(Some(&sweep), &behind).await.unwrap();
    assert_eq!(runs, [over("sweep", 2)]);
    let none = store.list_runs(Some(&job("none")), &page(9)).await.unwrap();
    assert_eq!(none, []);
}
