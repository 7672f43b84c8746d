//! Staying the holder.

use fiml_session_core::store::{Claim, JobStore, RunClaim, RunOutcome, RunState};

use super::{all, claim, finish, granted, held, postpone, report, tick};
use crate::fixtures::MICRO;

/// By nobody else, and nothing but the end of the lease changes.
pub async fn a_renewed_run_is_not_granted_before_the_new_end(store: &dyn JobStore) {
    let mine = claim(1, 1);
    let mut run = granted(store, &mine, tick(1)).await;
    assert!(store.renew_run(&held(&mine), tick(3)).await.unwrap());
    let answer = store.claim_run(&claim(1, 2), tick(3).minus(MICRO)).await;
    assert_eq!(answer.unwrap(), Claim::Held { until: tick(3) });
    run.state = RunState::Held { until: tick(3) };
    assert_eq!(all(store).await, [run]);
    assert_eq!(granted(store, &claim(1, 2), tick(3)).await.attempt, 2);
}

/// As long as nobody took it over.
pub async fn a_lease_that_has_passed_unnoticed_is_renewed(store: &dyn JobStore) {
    let mine = claim(1, 1);
    granted(store, &mine, tick(1)).await;
    assert!(store.renew_run(&held(&mine), tick(9)).await.unwrap());
    let answer = store.claim_run(&claim(1, 2), tick(8)).await;
    assert_eq!(answer.unwrap(), Claim::Held { until: tick(9) });
}

/// Nor after a postponement, nor where nothing was ever claimed; and nothing changes.
pub async fn after_a_takeover_or_its_end_a_hold_is_not_renewed(store: &dyn JobStore) {
    let (lost, new) = (
        claim(1, 1),
        RunClaim {
            until: tick(9),
            ..claim(1, 2)
        },
    );
    let renewed = async |claim| store.renew_run(&held(claim), tick(99)).await.unwrap();
    assert!(!renewed(&lost).await, "never claimed");
    granted(store, &lost, tick(1)).await;
    granted(store, &new, tick(5)).await;
    assert!(!renewed(&lost).await, "taken over");
    assert!(postpone(store, &new, report(1), tick(9)).await);
    assert!(!renewed(&new).await, "postponed");
    let last = claim(1, 3);
    granted(store, &last, tick(9)).await;
    let outcome = RunOutcome::Succeeded;
    assert!(finish(store, &last, outcome, report(1), tick(9)).await);
    let before = all(store).await;
    assert!(!renewed(&last).await, "finished");
    assert_eq!(all(store).await, before);
}
