//! Writes the figures of archived sessions that have none.

use std::{num::NonZeroUsize, sync::Arc};

use fiml_session_core::{
    SessionId, SessionMetrics, SessionStore,
    store::{ArchiveUpkeep, BoxError, Scope, StoreError},
};

use crate::{
    job::{Job, JobContext, JobReport},
    schedule::Schedule,
};

/// How many sessions one batch looks at.
const BATCH: NonZeroUsize = NonZeroUsize::new(100).expect("more than none");

/// Writes the figures of archived sessions that have none, such as those archived while analytics were
/// switched off. Figures are otherwise written by the transaction that archives a session.
#[derive(Debug, Clone)]
pub struct GenerateSessionMetrics {
    store: SessionStore,
    upkeep: Arc<dyn ArchiveUpkeep>,
    schedule: Schedule,
}

impl GenerateSessionMetrics {
    /// The job's name, in commands and records.
    pub const NAME: &str = "generate_session_metrics";

    /// The job on the archive of this service, daily.
    #[must_use]
    pub fn new(store: SessionStore, upkeep: Arc<dyn ArchiveUpkeep>) -> Self {
        Self {
            store,
            upkeep,
            schedule: Schedule::DAILY,
        }
    }

    /// The same on another schedule.
    #[must_use]
    pub fn on(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// Whether figures of the session were written.
    async fn measure(&self, id: SessionId) -> Result<bool, StoreError> {
        let archive = &self.store.stores().archive;
        let Some(found) = archive.get(&Scope::All, id).await? else {
            return Ok(false);
        };
        let metrics = SessionMetrics::of(&found.session);
        self.upkeep.measure(&metrics, found.session.version).await
    }
}

impl Job for GenerateSessionMetrics {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn summary(&self) -> &str {
        "writes the figures of archived sessions that have none"
    }

    fn schedule(&self) -> Schedule {
        self.schedule
    }

    async fn run(&self, context: &JobContext) -> Result<JobReport, BoxError> {
        let (mut measured, mut unreadable, mut after) = (0, 0_u64, None);
        let mut is_unfinished = false;
        // Switched off, there is nothing to write.
        while self.store.policy().enable_analytics {
            is_unfinished = context.is_stopping();
            if is_unfinished {
                break;
            }
            let ids = self.upkeep.unmeasured(after, BATCH).await?;
            let Some(&last) = ids.last() else { break };
            after = Some(last);
            if context.is_dry_run() {
                measured += ids.len() as u64;
                continue;
            }
            for id in ids {
                match self.measure(id).await {
                    Ok(written) => measured += u64::from(written),
                    // One that cannot be read stops no other.
                    Err(StoreError::Corrupt { .. }) => unreadable += 1,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        let report = JobReport::default().counting("measured", measured);
        Ok(JobReport {
            warning: (unreadable > 0)
                .then(|| format!("{unreadable} archived sessions cannot be read")),
            is_unfinished,
            ..report.counting("unreadable", unreadable)
        })
    }
}
