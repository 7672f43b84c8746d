//! Ending a run.

use fiml_session_core::store::{JobRun, JobStore, RunClaim, RunOutcome, RunReport, RunState};

use super::{all, claim, failed, finish, granted, postpone, report, tick};
use crate::fixtures::{MICRO, ODD_NAMES, at_once};

/// With how and when it ended.
pub async fn a_finished_run_reads_back_with_its_report(store: &dyn JobStore) {
    for (n, outcome) in [(1, RunOutcome::Succeeded), (2, RunOutcome::Failed)] {
        let mine = claim(n, n);
        let run = granted(store, &mine, tick(n)).await;
        let at = tick(n).plus(MICRO);
        assert!(finish(store, &mine, outcome, report(3), at).await);
        let expected = JobRun {
            state: RunState::Finished { outcome, at },
            report: report(3),
            ..run
        };
        assert_eq!(all(store).await[0], expected);
    }
}

/// Whatever a custom job counts, and whatever an error says.
pub async fn odd_reports_read_back_verbatim(store: &dyn JobStore) {
    let mut odd = failed("NUL \0, a line\nfeed, \u{1b}[31m, \u{202e} and 🦀");
    let counts = ODD_NAMES.iter().zip([0, 1, u64::MAX].into_iter().cycle());
    odd.counts = counts
        .map(|(name, count)| ((*name).to_owned(), count))
        .collect();
    let mine = claim(1, 1);
    granted(store, &mine, tick(1)).await;
    let outcome = RunOutcome::Failed;
    assert!(finish(store, &mine, outcome, odd.clone(), tick(1)).await);
    assert_eq!(all(store).await[0].report, odd);
}

/// Before and after the other has ended it, and the record is the other's.
pub async fn the_end_of_a_token_that_was_replaced_is_refused(store: &dyn JobStore) {
    let (lost, new) = (
        claim(1, 1),
        RunClaim {
            until: tick(9),
            ..claim(1, 2)
        },
    );
    granted(store, &lost, tick(1)).await;
    granted(store, &new, tick(5)).await;
    let end = async |claim, report: RunReport| {
        let outcome = RunOutcome::Succeeded;
        finish(store, claim, outcome, report, tick(6)).await
    };
    assert!(!end(&lost, report(1)).await);
    assert!(end(&new, report(2)).await);
    assert!(!end(&lost, report(1)).await);
    let [run] = &all(store).await[..] else {
        panic!("one run was claimed");
    };
    assert_eq!((run.holder.as_str(), &run.report), ("holder 2", &report(2)));
}

/// The first answer may have been lost.
pub async fn the_same_end_again_is_true_and_changes_nothing(store: &dyn JobStore) {
    let mine = claim(1, 1);
    granted(store, &mine, tick(1)).await;
    let (done, other) = (RunOutcome::Succeeded, RunOutcome::Failed);
    assert!(finish(store, &mine, done, report(1), tick(2)).await);
    let before = all(store).await;
    assert!(finish(store, &mine, other, report(9), tick(5)).await);
    assert_eq!(all(store).await, before);
}

/// Nor is a run that was given up.
pub async fn a_run_that_was_never_claimed_is_not_finished(store: &dyn JobStore) {
    let (mine, outcome) = (claim(1, 1), RunOutcome::Succeeded);
    assert!(!finish(store, &mine, outcome, report(1), tick(1)).await);
    assert_eq!(all(store).await, []);
    granted(store, &mine, tick(1)).await;
    assert!(postpone(store, &mine, failed("busy"), tick(2)).await);
    assert!(!finish(store, &mine, outcome, report(1), tick(1)).await);
}

/// However many held it before.
pub async fn of_thirty_two_ends_at_once_only_the_holders_stands(store: &dyn JobStore) {
    for by in 0..32 {
        let next = RunClaim {
            until: tick(by + 1),
            ..claim(0, by)
        };
        granted(store, &next, tick(by)).await;
    }
    let ends = at_once(32, async |by| {
        let mine = claim(0, u32::try_from(by).unwrap());
        let (outcome, report) = (RunOutcome::Succeeded, report(by as u64));
        finish(store, &mine, outcome, report, tick(40)).await
    });
    let ended: Vec<_> = ends.await;
    assert!(ended[31] && !ended[..31].contains(&true), "{ended:?}");
    assert_eq!(all(store).await[0].report, report(31));
}
