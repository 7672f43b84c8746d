//! The store of runs, with what it answered told to the test.

use std::{num::NonZeroUsize, sync::Arc};

use async_trait::async_trait;
use fiml_session_core::{
    Timestamp,
    store::{
        Claim, HeldRun, JobName, JobRun, JobStore, RunClaim, RunOutcome, RunPage, RunReport,
        StoreError,
    },
};
use fiml_tests::doom::say;

/// Tells of claims that were granted, of ends, and of runs that were lost.
#[derive(Debug)]
pub(crate) struct Told(pub(crate) Arc<dyn JobStore>);

fn tell(line: &str) {
    say(line).expect("the test listens");
}

#[async_trait]
impl JobStore for Told {
    async fn claim_run(&self, claim: &RunClaim, at: Timestamp) -> Result<Claim, StoreError> {
        let answer = self.0.claim_run(claim, at).await?;
        if let Claim::Granted(run) = &answer {
            tell(&format!("granted {} {}", run.tick, run.attempt));
        }
        Ok(answer)
    }

    async fn renew_run(&self, run: &HeldRun, until: Timestamp) -> Result<bool, StoreError> {
        let is_held = self.0.renew_run(run, until).await?;
        if !is_held {
            tell(&format!("lost {}", run.tick));
        }
        Ok(is_held)
    }

    async fn postpone_run(
        &self,
        run: &HeldRun,
        report: &RunReport,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.0.postpone_run(run, report, until).await
    }

    async fn finish_run(
        &self,
        run: &HeldRun,
        outcome: RunOutcome,
        report: &RunReport,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let stood = self.0.finish_run(run, outcome, report, at).await?;
        tell(&format!("ended {} {stood}", run.tick));
        Ok(stood)
    }

    async fn record_run(&self, run: &JobRun) -> Result<bool, StoreError> {
        self.0.record_run(run).await
    }

    async fn list_runs(
        &self,
        job: Option<&JobName>,
        page: &RunPage,
    ) -> Result<Vec<JobRun>, StoreError> {
        self.0.list_runs(job, page).await
    }

    async fn purge_runs(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        self.0.purge_runs(before, limit).await
    }
}
