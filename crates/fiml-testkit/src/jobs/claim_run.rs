//! Taking hold of a run.

use fiml_session_core::store::{
    Claim, JobRun, JobStore, RunClaim, RunOutcome, RunReport, RunState,
};

use super::{BEGIN, all, claim, failed, finish, finished, granted, job, postpone, report, tick};
use crate::fixtures::{HOUR, MICRO, at_once};

/// By whom, since when and until when.
pub async fn a_due_run_is_granted_as_its_first_attempt(store: &dyn JobStore) {
    let wanted = claim(1, 1);
    let at = tick(1).plus(MICRO);
    let run = granted(store, &wanted, at).await;
    let expected = JobRun {
        job: job("sweep"),
        tick: tick(1),
        attempt: 1,
        holder: "holder 1".to_owned(),
        started_at: at,
        state: RunState::Held { until: tick(2) },
        report: RunReport::default(),
    };
    assert_eq!(run, expected);
    assert_eq!(all(store).await, [expected]);
}

/// Neither at its own tick nor at another, as long as the lease has not passed.
pub async fn a_held_run_is_not_granted(store: &dyn JobStore) {
    let run = granted(store, &claim(1, 1), tick(1)).await;
    for n in [1, 2, 0] {
        let at = tick(2).minus(MICRO);
        let answer = store.claim_run(&claim(n, 2), at).await.unwrap();
        assert_eq!(answer, Claim::Held { until: tick(2) }, "tick {n}");
    }
    assert_eq!(all(store).await, [run]);
}

/// With a new lease and as the same attempt: the first answer may have been lost.
pub async fn its_holder_is_granted_it_again(store: &dyn JobStore) {
    let first = granted(store, &claim(1, 1), tick(1)).await;
    let again = RunClaim {
        until: tick(5),
        ..claim(1, 1)
    };
    let run = granted(store, &again, tick(1).plus(MICRO)).await;
    let expected = JobRun {
        state: RunState::Held { until: tick(5) },
        ..first
    };
    assert_eq!(run, expected);
}

/// At the very instant, by the next holder, as one attempt more.
pub async fn once_the_lease_has_passed_it_is_taken_over(store: &dyn JobStore) {
    granted(store, &claim(1, 1), tick(1)).await;
    let next = RunClaim {
        until: tick(3),
        ..claim(1, 2)
    };
    let run = granted(store, &next, tick(2)).await;
    let expected = JobRun {
        attempt: 2,
        holder: "holder 2".to_owned(),
        started_at: tick(2),
        state: RunState::Held { until: tick(3) },
        tick: tick(1),
        job: job("sweep"),
        report: RunReport::default(),
    };
    assert_eq!(run, expected);
    assert_eq!(all(store).await, [expected]);
}

/// Its own tick follows, once the other is over.
pub async fn a_run_left_unfinished_comes_before_a_later_tick(store: &dyn JobStore) {
    granted(store, &claim(1, 1), tick(1)).await;
    let later = claim(9, 2);
    let run = granted(store, &later, tick(9)).await;
    assert_eq!((run.tick, run.attempt), (tick(1), 2));
    let left = RunClaim {
        tick: tick(1),
        ..later.clone()
    };
    let outcome = RunOutcome::Succeeded;
    assert!(finish(store, &left, outcome, report(1), tick(9)).await);
    let run = granted(store, &later, tick(9)).await;
    assert_eq!((run.tick, run.attempt), (tick(9), 1));
}

/// By anybody, with what the last attempt said still there.
pub async fn a_postponed_run_is_granted_from_its_instant_on(store: &dyn JobStore) {
    let first = claim(1, 1);
    granted(store, &first, tick(1)).await;
    let until = tick(1).plus(MICRO * 2);
    assert!(postpone(store, &first, failed("busy"), until).await);
    for by in [1, 2] {
        let answer = store.claim_run(&claim(1, by), until.minus(MICRO)).await;
        assert_eq!(answer.unwrap(), Claim::Held { until }, "{by}");
    }
    let run = granted(store, &claim(1, 2), until).await;
    assert_eq!((run.attempt, run.report), (2, failed("busy")));
}

/// Whatever became of it; not even by who held it.
pub async fn a_finished_run_is_not_granted_again(store: &dyn JobStore) {
    for (n, outcome) in [(1, RunOutcome::Succeeded), (2, RunOutcome::Failed)] {
        let wanted = claim(n, 1);
        granted(store, &wanted, tick(n)).await;
        assert!(finish(store, &wanted, outcome, report(1), tick(n)).await);
        for by in [1, 2] {
            let answer = store.claim_run(&claim(n, by), tick(50)).await.unwrap();
            assert_eq!(answer, Claim::Finished, "{outcome:?} {by}");
        }
    }
}

/// A name that begins like another is another.
pub async fn jobs_do_not_wait_for_each_other(store: &dyn JobStore) {
    granted(store, &claim(1, 1), tick(1)).await;
    for (by, name) in [(2, "sweep2"), (3, "swee")] {
        let other = RunClaim {
            job: job(name),
            ..claim(1, by)
        };
        let run = granted(store, &other, tick(1)).await;
        assert_eq!((run.job, run.attempt), (job(name), 1));
    }
}

/// The others are told when it is worth asking again.
pub async fn of_thirty_two_claims_at_once_one_is_granted(store: &dyn JobStore) {
    let answers = at_once(32, async |by| {
        let wanted = claim(1, u32::try_from(by).unwrap());
        store.claim_run(&wanted, tick(1)).await.unwrap()
    });
    let answers = answers.await;
    let is_granted = |answer: &&Claim| matches!(answer, Claim::Granted(_));
    assert_eq!(answers.iter().filter(is_granted).count(), 1, "{answers:?}");
    let held = Claim::Held { until: tick(2) };
    assert_eq!(answers.iter().filter(|&answer| *answer == held).count(), 31);
    assert_eq!(all(store).await.len(), 1);
}

/// Although each of them meets a lease that has passed.
pub async fn of_thirty_two_takeovers_at_once_one_is_granted(store: &dyn JobStore) {
    finished(store, &claim(0, 99)).await;
    granted(store, &claim(1, 99), BEGIN).await;
    let at = tick(1).plus(HOUR);
    let answers = at_once(32, async |by| {
        let wanted = RunClaim {
            until: tick(3),
            ..claim(1, u32::try_from(by).unwrap())
        };
        store.claim_run(&wanted, at).await.unwrap()
    });
    let answers = answers.await;
    let is_granted = |answer: &&Claim| matches!(answer, Claim::Granted(run) if run.attempt == 2);
    assert_eq!(answers.iter().filter(is_granted).count(), 1, "{answers:?}");
    let held = Claim::Held { until: tick(3) };
    assert_eq!(answers.iter().filter(|&answer| *answer == held).count(), 31);
}
