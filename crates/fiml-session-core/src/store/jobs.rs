//! The port of the runs of background jobs.

use std::{fmt::Debug, num::NonZeroUsize};

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    store::{JobName, JobRun, RunOutcome, RunPage, RunReport, RunState, RunToken, StoreError},
};

/// The wish to run a job that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunClaim {
    /// The job.
    pub job: JobName,
    /// When it was due.
    pub tick: Timestamp,
    /// What the hold is to be known by; a new one for each claim.
    pub token: RunToken,
    /// Who asks, in words for people.
    pub holder: String,
    /// The end of the lease, unless it is renewed.
    pub until: Timestamp,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The claimer holds this run now, which may be one of an earlier tick.
    Granted(JobRun),
    /// A run of the job is held or postponed; it is worth asking again from this instant on.
    Held {
        /// When.
        until: Timestamp,
    },
    /// The run of this tick is over.
    Finished,
}

impl JobRun {
    /// The run that a claim begins.
    #[must_use]
    pub fn begun(claim: &RunClaim, at: Timestamp) -> Self {
        Self {
            job: claim.job.clone(),
            tick: claim.tick,
            attempt: 1,
            holder: claim.holder.clone(),
            started_at: at,
            state: RunState::Held { until: claim.until },
            report: RunReport::default(),
        }
    }

    /// What a claim makes of a run of its job that is there already; `is_holder` says that it is held by the
    /// token of the claim, which was told so and did not hear it. Every store decides by this.
    #[must_use]
    pub fn claimed(mut self, claim: &RunClaim, is_holder: bool, at: Timestamp) -> Claim {
        let until = match self.state {
            RunState::Held { .. } if is_holder => None,
            RunState::Held { until } | RunState::Postponed { until } => Some(until),
            RunState::Finished { .. } => return Claim::Finished,
        };
        if let Some(until) = until {
            if at < until {
                return Claim::Held { until };
            }
            self.attempt = self.attempt.saturating_add(1);
            self.holder.clone_from(&claim.holder);
            self.started_at = at;
        }
        self.state = RunState::Held { until: claim.until };
        Claim::Granted(self)
    }
}

/// A hold on a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRun {
    /// The job.
    pub job: JobName,
    /// The tick of the run.
    pub tick: Timestamp,
    /// What the hold is known by.
    pub token: RunToken,
}

/// Keeps the runs of jobs, one row a job and tick, so that of many replicas one completes each.
///
/// A job has at most one run that is not over. Instants come from the callers' clocks: a caller whose clock
/// is ahead of the holder's by more than what is left of the lease takes over a run that is still going on,
/// and one whose clock is behind takes over later by the difference. Neither makes a run end twice.
#[async_trait]
pub trait JobStore: Debug + Send + Sync + 'static {
    /// Takes hold of the run of a tick, or first of the job's run that an earlier holder left unfinished.
    ///
    /// - a due run is granted as its first attempt
    /// - a held run is not granted, neither at its own tick nor at another of its job
    /// - its holder is granted it again
    /// - once the lease has passed it is taken over, as one attempt more, whatever tick is asked for
    /// - a postponed run is granted from its instant on
    /// - a finished run is not granted again
    /// - of thirty two claims at once one is granted
    async fn claim_run(&self, claim: &RunClaim, at: Timestamp) -> Result<Claim, StoreError>;

    /// Moves the end of the lease; false where the run is not held by this token any more.
    ///
    /// - a renewed run is not granted before the new end
    /// - after a takeover, a postponement or its end a hold is not renewed
    async fn renew_run(&self, run: &HeldRun, until: Timestamp) -> Result<bool, StoreError>;

    /// Gives a run up until an instant, with what the attempt did; false where it is not held by this token
    /// any more.
    ///
    /// - a postponed run reads back with its report
    /// - after a takeover or its end a run is not postponed
    async fn postpone_run(
        &self,
        run: &HeldRun,
        report: &RunReport,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Ends a run; false where it is not held by this token any more, and the run is left as it is.
    ///
    /// - a finished run reads back with its report
    /// - the end of a token that was replaced is refused
    /// - the same end again is true and changes nothing
    /// - a run that was never claimed is not finished
    async fn finish_run(
        &self,
        run: &HeldRun,
        outcome: RunOutcome,
        report: &RunReport,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Writes down a run outside the schedule that is over; false where there is one at its tick, or where it
    /// is not over.
    ///
    /// - a recorded run reads back equal
    /// - it takes no place that is taken
    /// - it stands in the way of no claim
    async fn record_run(&self, run: &JobRun) -> Result<bool, StoreError>;

    /// A page of the runs, or of one job's, from the newest tick to the oldest.
    ///
    /// - pages have no duplicates and no gaps while runs are added
    /// - one job's are its own
    async fn list_runs(
        &self,
        job: Option<&JobName>,
        page: &RunPage,
    ) -> Result<Vec<JobRun>, StoreError>;

    /// Removes finished runs of ticks before the given instant, the oldest first, at most `limit`; returns how
    /// many.
    ///
    /// - the newest run of each job stays, so that it is not run again
    /// - what is not over stays
    /// - the oldest go first, and at most the limit
    async fn purge_runs(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError>;
}
