//! What every `JobStore` does, method by method.

use fiml_session_core::{
    Timestamp,
    store::{
        Claim, HeldRun, JobName, JobRun, JobStore, RunClaim, RunOutcome, RunPage, RunReport,
        RunState, RunToken,
    },
};
use uuid::Uuid;

use crate::fixtures::{DAY, HOUR, MANY, START, after};

behaviours! {
    $
    /// One named test per behaviour of a `JobStore`; see [`suite`](crate::suite).
    job_store_suite, jobs, job_store, dyn JobStore;
    claim_run {
        a_due_run_is_granted_as_its_first_attempt,
        a_held_run_is_not_granted,
        its_holder_is_granted_it_again,
        once_the_lease_has_passed_it_is_taken_over,
        a_run_left_unfinished_comes_before_a_later_tick,
        a_postponed_run_is_granted_from_its_instant_on,
        a_finished_run_is_not_granted_again,
        jobs_do_not_wait_for_each_other,
        of_thirty_two_claims_at_once_one_is_granted,
        of_thirty_two_takeovers_at_once_one_is_granted,
    }
    renew_run {
        a_renewed_run_is_not_granted_before_the_new_end,
        a_lease_that_has_passed_unnoticed_is_renewed,
        after_a_takeover_or_its_end_a_hold_is_not_renewed,
    }
    postpone_run {
        a_postponed_run_reads_back_with_its_report,
        after_a_takeover_or_its_end_a_run_is_not_postponed,
    }
    finish_run {
        a_finished_run_reads_back_with_its_report,
        odd_reports_read_back_verbatim,
        the_end_of_a_token_that_was_replaced_is_refused,
        the_same_end_again_is_true_and_changes_nothing,
        a_run_that_was_never_claimed_is_not_finished,
        of_thirty_two_ends_at_once_only_the_holders_stands,
    }
    record_run {
        a_recorded_run_reads_back_equal,
        it_takes_no_place_that_is_taken,
        what_is_not_over_is_not_recorded,
        it_stands_in_the_way_of_no_claim,
    }
    list_runs {
        they_come_from_the_newest_tick_to_the_oldest,
        pages_have_no_duplicates_and_no_gaps_while_runs_are_added,
        one_jobs_are_its_own,
    }
    purge_runs {
        only_ticks_before_the_instant_go,
        the_newest_run_of_each_job_stays,
        what_is_not_over_stays,
        the_oldest_go_first_and_at_most_the_limit,
    }
}

fn job(name: &str) -> JobName {
    name.parse().expect("a valid job name")
}

/// The tick so many hours after the beginning.
fn tick(n: u32) -> Timestamp {
    after(HOUR * n)
}

fn token(n: u32) -> RunToken {
    RunToken(Uuid::from_u128(u128::from(n) + (8 << 64)))
}

/// A claim of the sweep's n-th tick with a lease of an hour from that tick.
fn claim(n: u32, by: u32) -> RunClaim {
    RunClaim {
        job: job("sweep"),
        tick: tick(n),
        token: token(by),
        holder: format!("holder {by}"),
        until: tick(n + 1),
    }
}

fn held(claim: &RunClaim) -> HeldRun {
    HeldRun {
        job: claim.job.clone(),
        tick: claim.tick,
        token: claim.token,
    }
}

fn report(archived: u64) -> RunReport {
    let counts = [("archived".to_owned(), archived)];
    RunReport {
        counts: counts.into(),
        error: None,
    }
}

fn failed(error: &str) -> RunReport {
    RunReport {
        error: Some(error.to_owned()),
        ..RunReport::default()
    }
}

/// What a claim gave, which is to be a run.
async fn granted(store: &dyn JobStore, claim: &RunClaim, at: Timestamp) -> JobRun {
    match store.claim_run(claim, at).await.unwrap() {
        Claim::Granted(run) => run,
        other => panic!("{claim:?} was answered with {other:?}"),
    }
}

/// Ends the run of a claim; whether it was its to end.
async fn finish(
    store: &dyn JobStore,
    claim: &RunClaim,
    outcome: RunOutcome,
    report: RunReport,
    at: Timestamp,
) -> bool {
    let held = held(claim);
    store.finish_run(&held, outcome, &report, at).await.unwrap()
}

/// Gives up the run of a claim; whether it was its to give up.
async fn postpone(
    store: &dyn JobStore,
    claim: &RunClaim,
    report: RunReport,
    until: Timestamp,
) -> bool {
    let held = held(claim);
    store.postpone_run(&held, &report, until).await.unwrap()
}

/// Claims and finishes the run of a tick, an hour after it was due.
async fn finished(store: &dyn JobStore, claim: &RunClaim) {
    granted(store, claim, claim.tick).await;
    let at = claim.tick.plus(HOUR);
    let outcome = RunOutcome::Succeeded;
    assert!(finish(store, claim, outcome, report(1), at).await);
}

fn page(limit: usize) -> RunPage {
    RunPage {
        after: None,
        limit: limit.try_into().unwrap_or(MANY),
    }
}

/// Every run, the newest first.
async fn all(store: &dyn JobStore) -> Vec<JobRun> {
    store.list_runs(None, &page(1_000)).await.unwrap()
}

/// A run of a job that is over.
fn over(name: &str, n: u32) -> JobRun {
    JobRun {
        job: job(name),
        tick: tick(n),
        attempt: 3,
        holder: "somebody".to_owned(),
        started_at: tick(n),
        state: RunState::Finished {
            outcome: RunOutcome::Failed,
            at: tick(n).plus(DAY),
        },
        report: RunReport {
            error: Some("the disk is full".to_owned()),
            ..report(7)
        },
    }
}

/// The instant that everything begins at.
const BEGIN: Timestamp = START;
