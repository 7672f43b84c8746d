//! Writing down a run outside the schedule.

use fiml_session_core::store::{Claim, JobRun, JobStore, RunClaim, RunState};

use super::{all, claim, granted, over, tick};
use crate::fixtures::MICRO;

/// To the microsecond.
pub async fn a_recorded_run_reads_back_equal(store: &dyn JobStore) {
    let mut run = over("sweep", 1);
    run.tick = run.tick.plus(MICRO);
    assert!(store.record_run(&run).await.unwrap());
    assert_eq!(all(store).await, [run]);
}

/// What is there stays as it is, held or over.
pub async fn it_takes_no_place_that_is_taken(store: &dyn JobStore) {
    let held = granted(store, &claim(2, 1), tick(2)).await;
    let first = over("sweep", 1);
    assert!(store.record_run(&first).await.unwrap());
    for n in [1, 2] {
        let second = JobRun {
            attempt: 1,
            ..over("sweep", n)
        };
        assert!(!store.record_run(&second).await.unwrap());
    }
    assert_eq!(all(store).await, [held, first]);
}

/// It would be held by nobody.
pub async fn what_is_not_over_is_not_recorded(store: &dyn JobStore) {
    let until = tick(9);
    for state in [RunState::Held { until }, RunState::Postponed { until }] {
        let run = JobRun {
            state,
            ..over("sweep", 1)
        };
        assert!(!store.record_run(&run).await.unwrap());
    }
    assert_eq!(all(store).await, []);
}

/// Neither before nor behind it, nor of a run that is held; only its own tick is taken.
pub async fn it_stands_in_the_way_of_no_claim(store: &dyn JobStore) {
    assert!(store.record_run(&over("sweep", 2)).await.unwrap());
    granted(store, &claim(1, 1), tick(1)).await;
    assert!(store.record_run(&over("sweep", 3)).await.unwrap());
    assert_eq!(granted(store, &claim(4, 2), tick(4)).await.tick, tick(1));
    let other = over("other", 2);
    assert!(store.record_run(&other).await.unwrap());
    let taken = RunClaim {
        job: other.job,
        ..claim(2, 3)
    };
    let answer = store.claim_run(&taken, tick(4)).await.unwrap();
    assert_eq!(answer, Claim::Finished);
}
