//! Forgets sessions that were archived long ago.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use fiml_session_core::store::{ArchiveStore, ArchiveUpkeep, BoxError};

use crate::{
    job::{Job, JobContext, JobReport},
    schedule::Schedule,
};

/// How long archived sessions are kept where nobody says.
pub const DEFAULT_RETENTION: Duration = Duration::from_hours(30 * 24);

/// How many sessions one batch deletes at most.
const BATCH: NonZeroUsize = NonZeroUsize::new(500).expect("more than none");
/// How far a dry run counts.
const COUNTED: NonZeroUsize = NonZeroUsize::new(1_000_000).expect("more than none");

/// Deletes sessions that were archived longer ago than they are kept; their figures stay.
#[derive(Debug, Clone)]
pub struct DeleteOldArchivedSessions {
    archive: Arc<dyn ArchiveStore>,
    upkeep: Arc<dyn ArchiveUpkeep>,
    retention: Duration,
    schedule: Schedule,
}

impl DeleteOldArchivedSessions {
    /// The job's name, in commands and records.
    pub const NAME: &str = "delete_old_archived_sessions";

    /// The job on this archive, daily; sessions are kept so long from their archiving on.
    #[must_use]
    pub fn new(
        archive: Arc<dyn ArchiveStore>,
        upkeep: Arc<dyn ArchiveUpkeep>,
        retention: Duration,
    ) -> Self {
        Self {
            archive,
            upkeep,
            retention,
            schedule: Schedule::DAILY,
        }
    }

    /// The same on another schedule.
    #[must_use]
    pub fn on(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }
}

impl Job for DeleteOldArchivedSessions {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn summary(&self) -> &str {
        "deletes sessions that were archived longer ago than they are kept; their figures stay"
    }

    fn schedule(&self) -> Schedule {
        self.schedule
    }

    async fn run(&self, context: &JobContext) -> Result<JobReport, BoxError> {
        let before = context.now().minus(self.retention);
        if context.is_dry_run() {
            let due = self.upkeep.count_before(before, COUNTED).await?;
            return Ok(JobReport::default().counting("deleted", due));
        }
        let mut deleted = 0;
        loop {
            let is_unfinished = context.is_stopping();
            let gone = if is_unfinished {
                0
            } else {
                self.archive.purge_before(before, BATCH).await?
            };
            deleted += gone;
            // A batch that is not full may only have met rows that another call holds.
            if gone == 0 {
                let report = JobReport::default().counting("deleted", deleted);
                return Ok(JobReport {
                    is_unfinished,
                    ..report
                });
            }
        }
    }
}
