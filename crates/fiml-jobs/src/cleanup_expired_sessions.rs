//! Archives every session that has expired.

use std::num::NonZeroUsize;

use fiml_session_core::{SessionError, SessionStore, store::BoxError};

use crate::{
    job::{Job, JobContext, JobReport},
    schedule::Schedule,
};

/// How far a dry run counts.
const COUNTED: NonZeroUsize = NonZeroUsize::new(10_000).expect("more than none");

/// Moves expired sessions into the archive, and finishes what a crash left half-way.
#[derive(Debug, Clone)]
pub struct CleanupExpiredSessions {
    store: SessionStore,
    schedule: Schedule,
}

impl CleanupExpiredSessions {
    /// The job's name, in commands and records.
    pub const NAME: &str = "cleanup_expired_sessions";

    /// The job on the sessions of this service, hourly.
    #[must_use]
    pub const fn new(store: SessionStore) -> Self {
        Self {
            store,
            schedule: Schedule::HOURLY,
        }
    }

    /// The same on another schedule.
    #[must_use]
    pub fn on(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    async fn look(&self) -> Result<JobReport, SessionError> {
        let stores = self.store.stores();
        let due = self.store.now().minus(self.store.policy().archive_grace);
        let expired = stores.active.expired(due, COUNTED).await;
        let expired = expired.map_err(SessionError::Active)?.len();
        let unsettled = stores.archive.unsettled(None, COUNTED).await;
        let unsettled = unsettled.map_err(SessionError::Archive)?.len();
        let warning = expired.max(unsettled) >= COUNTED.get();
        let report = JobReport::default().counting("archived", expired as u64);
        Ok(JobReport {
            warning: warning.then(|| format!("a dry run counts no further than {COUNTED}")),
            ..report.counting("reconciled", unsettled as u64)
        })
    }
}

impl Job for CleanupExpiredSessions {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn summary(&self) -> &str {
        "moves sessions that have expired into the archive"
    }

    fn schedule(&self) -> Schedule {
        self.schedule
    }

    async fn run(&self, context: &JobContext) -> Result<JobReport, BoxError> {
        if context.is_dry_run() {
            return Ok(self.look().await?);
        }
        let go_on = || !context.is_stopping();
        let done = self.store.cleanup_expired_sessions_while(go_on).await?;
        let report = JobReport::default()
            .counting("archived", done.archived)
            .counting("quarantined", done.quarantined)
            .counting("reconciled", done.reconciled);
        let warning = (done.quarantined > 0).then(|| {
            format!(
                "{} sessions could not be archived and were set aside in quarantine",
                done.quarantined
            )
        });
        Ok(JobReport {
            warning,
            is_unfinished: context.is_stopping(),
            ..report
        })
    }
}
