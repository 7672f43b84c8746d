//! Giving a run up for now.

use fiml_session_core::store::{JobRun, JobStore, RunClaim, RunOutcome, RunState};

use super::{all, claim, failed, finish, granted, postpone, report, tick};

/// With whoever held it last.
pub async fn a_postponed_run_reads_back_with_its_report(store: &dyn JobStore) {
    let mine = claim(1, 1);
    let run = granted(store, &mine, tick(1)).await;
    assert!(postpone(store, &mine, failed("busy"), tick(7)).await);
    let expected = JobRun {
        state: RunState::Postponed { until: tick(7) },
        report: failed("busy"),
        ..run
    };
    assert_eq!(all(store).await, [expected]);
}

/// Nor a second time; and nothing changes.
pub async fn after_a_takeover_or_its_end_a_run_is_not_postponed(store: &dyn JobStore) {
    let (lost, new) = (
        claim(1, 1),
        RunClaim {
            until: tick(9),
            ..claim(1, 2)
        },
    );
    let put_off = async |claim| postpone(store, claim, failed("late"), tick(99)).await;
    assert!(!put_off(&lost).await, "never claimed");
    granted(store, &lost, tick(1)).await;
    granted(store, &new, tick(5)).await;
    assert!(!put_off(&lost).await, "taken over");
    assert!(postpone(store, &new, report(1), tick(9)).await);
    assert!(!put_off(&new).await, "postponed");
    let last = claim(1, 3);
    granted(store, &last, tick(9)).await;
    let outcome = RunOutcome::Succeeded;
    assert!(finish(store, &last, outcome, report(1), tick(9)).await);
    let before = all(store).await;
    assert!(!put_off(&last).await, "finished");
    assert_eq!(all(store).await, before);
}
