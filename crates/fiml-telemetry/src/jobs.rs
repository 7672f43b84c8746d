//! Observes the store of the runs of jobs, and counts how they end.

use std::{num::NonZeroUsize, sync::Arc};

use async_trait::async_trait;
use fiml_session_core::{
    Timestamp,
    store::{
        Claim, HeldRun, JobName, JobRun, JobStore, RunClaim, RunOutcome, RunPage, RunReport,
        RunState, StoreError,
    },
};
use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use crate::operations::{OperationSeries, operations};

operations!(
    Operations, "jobs": claim_run, renew_run, postpone_run, finish_run, record_run, list_runs,
    purge_runs
);

/// How attempts at a run end.
#[derive(Debug, Clone)]
pub(crate) struct RunSeries(Family<Vec<(&'static str, String)>, Counter>);

impl RunSeries {
    /// With each outcome of these jobs from 0 on.
    pub(crate) fn register(registry: &mut Registry, jobs: &[JobName]) -> Self {
        let ended = Family::default();
        registry.register(
            "fiml_job_runs",
            "Attempts at a run of a job that ended in this process, by outcome",
            Family::clone(&ended),
        );
        let series = Self(ended);
        for job in jobs {
            for outcome in ["succeeded", "failed", "postponed"] {
                drop(series.0.get_or_create(&labels(job, outcome)));
            }
        }
        series
    }

    fn count(&self, job: &JobName, outcome: &str) {
        self.0.get_or_create(&labels(job, outcome)).inc();
    }
}

fn labels(job: &JobName, outcome: &str) -> Vec<(&'static str, String)> {
    vec![("job", job.to_string()), ("outcome", outcome.to_owned())]
}

#[derive(Debug)]
pub(crate) struct ObservedJobs {
    inner: Arc<dyn JobStore>,
    operations: Operations,
    runs: RunSeries,
}

impl ObservedJobs {
    pub(crate) fn new(inner: Arc<dyn JobStore>, series: &OperationSeries, runs: RunSeries) -> Self {
        Self {
            inner,
            operations: Operations::new(series),
            runs,
        }
    }
}

#[async_trait]
impl JobStore for ObservedJobs {
    async fn claim_run(&self, claim: &RunClaim, at: Timestamp) -> Result<Claim, StoreError> {
        let call = self.inner.claim_run(claim, at);
        self.operations.claim_run.observe(call).await
    }

    async fn renew_run(&self, run: &HeldRun, until: Timestamp) -> Result<bool, StoreError> {
        let call = self.inner.renew_run(run, until);
        self.operations.renew_run.observe(call).await
    }

    async fn postpone_run(
        &self,
        run: &HeldRun,
        report: &RunReport,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let call = self.inner.postpone_run(run, report, until);
        let postponed = self.operations.postpone_run.observe(call).await?;
        if postponed {
            self.runs.count(&run.job, "postponed");
        }
        Ok(postponed)
    }

    async fn finish_run(
        &self,
        run: &HeldRun,
        outcome: RunOutcome,
        report: &RunReport,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let call = self.inner.finish_run(run, outcome, report, at);
        let finished = self.operations.finish_run.observe(call).await?;
        if finished {
            let state = RunState::Finished { outcome, at };
            self.runs.count(&run.job, state.name());
        }
        Ok(finished)
    }

    async fn record_run(&self, run: &JobRun) -> Result<bool, StoreError> {
        let call = self.inner.record_run(run);
        let recorded = self.operations.record_run.observe(call).await?;
        if recorded {
            self.runs.count(&run.job, run.state.name());
        }
        Ok(recorded)
    }

    async fn list_runs(
        &self,
        job: Option<&JobName>,
        page: &RunPage,
    ) -> Result<Vec<JobRun>, StoreError> {
        let call = self.inner.list_runs(job, page);
        self.operations.list_runs.observe(call).await
    }

    async fn purge_runs(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        let call = self.inner.purge_runs(before, limit);
        self.operations.purge_runs.observe(call).await
    }
}
