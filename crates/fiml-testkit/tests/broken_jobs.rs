//! Two stores of runs that break their promises, and the behaviours that catch each of them.

use std::{collections::BTreeSet, num::NonZeroUsize, sync::Arc};

use async_trait::async_trait;
use fiml_session_core::{
    MemoryStore, Timestamp,
    store::{
        Claim, HeldRun, JobName, JobRun, JobStore, RunClaim, RunOutcome, RunPage, RunReport,
        RunToken, StoreError,
    },
};
use fiml_testkit::{jobs, suite};
use uuid::Uuid;

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Whoever comes with an end is believed.
    BelievesEveryone,
    /// Its leases last for ever.
    NeverTakesOver,
}

/// A store that is right but for one fault.
#[derive(Debug)]
struct Broken {
    inner: MemoryStore,
    fault: Fault,
}

type Answer<T> = Result<T, StoreError>;

const NOBODY: RunToken = RunToken(Uuid::nil());

impl Broken {
    fn token(&self, token: RunToken) -> RunToken {
        match self.fault {
            Fault::BelievesEveryone => NOBODY,
            Fault::NeverTakesOver => token,
        }
    }

    fn held(&self, run: &HeldRun) -> HeldRun {
        HeldRun {
            token: self.token(run.token),
            ..run.clone()
        }
    }
}

#[async_trait]
impl JobStore for Broken {
    async fn claim_run(&self, claim: &RunClaim, at: Timestamp) -> Answer<Claim> {
        let token = self.token(claim.token);
        let claim = RunClaim {
            token,
            ..claim.clone()
        };
        let at = match self.fault {
            Fault::BelievesEveryone => at,
            Fault::NeverTakesOver => Timestamp::MIN,
        };
        self.inner.claim_run(&claim, at).await
    }

    async fn renew_run(&self, run: &HeldRun, until: Timestamp) -> Answer<bool> {
        self.inner.renew_run(&self.held(run), until).await
    }

    async fn postpone_run(
        &self,
        run: &HeldRun,
        report: &RunReport,
        until: Timestamp,
    ) -> Answer<bool> {
        let run = self.held(run);
        self.inner.postpone_run(&run, report, until).await
    }

    async fn finish_run(
        &self,
        run: &HeldRun,
        outcome: RunOutcome,
        report: &RunReport,
        at: Timestamp,
    ) -> Answer<bool> {
        let run = self.held(run);
        self.inner.finish_run(&run, outcome, report, at).await
    }

    async fn record_run(&self, run: &JobRun) -> Answer<bool> {
        self.inner.record_run(run).await
    }

    async fn list_runs(&self, job: Option<&JobName>, page: &RunPage) -> Answer<Vec<JobRun>> {
        self.inner.list_runs(job, page).await
    }

    async fn purge_runs(&self, before: Timestamp, limit: NonZeroUsize) -> Answer<u64> {
        self.inner.purge_runs(before, limit).await
    }
}

/// The behaviours that a store with this fault does not show.
fn failing(fault: Fault) -> BTreeSet<&'static str> {
    let failing = suite::failing(jobs::ALL, || async move {
        let inner = MemoryStore::new();
        Arc::new(Broken { inner, fault }) as Arc<dyn JobStore>
    });
    suite::run(failing).into_iter().collect()
}

#[test]
fn a_store_that_believes_everyone_fails_what_tells_holders_apart() {
    let failing = failing(Fault::BelievesEveryone);
    for name in [
        "claim_run::a_held_run_is_not_granted",
        "claim_run::of_thirty_two_claims_at_once_one_is_granted",
        "renew_run::after_a_takeover_or_its_end_a_hold_is_not_renewed",
        "postpone_run::after_a_takeover_or_its_end_a_run_is_not_postponed",
        "finish_run::the_end_of_a_token_that_was_replaced_is_refused",
        "finish_run::of_thirty_two_ends_at_once_only_the_holders_stands",
    ] {
        assert!(failing.contains(name), "{name} passes: {failing:?}");
    }
}

#[test]
fn a_store_that_never_takes_over_fails_what_outlasts_a_holder() {
    let failing = failing(Fault::NeverTakesOver);
    for name in [
        "claim_run::once_the_lease_has_passed_it_is_taken_over",
        "claim_run::a_run_left_unfinished_comes_before_a_later_tick",
        "claim_run::a_postponed_run_is_granted_from_its_instant_on",
    ] {
        assert!(failing.contains(name), "{name} passes: {failing:?}");
    }
    assert!(!failing.iter().any(|name| name.starts_with("list_runs")));
}
