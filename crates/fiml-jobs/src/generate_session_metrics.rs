//! Looks after the figures of archived sessions.

use std::{num::NonZeroUsize, sync::Arc};

use fiml_session_core::{
    SessionId, SessionMetrics, SessionStore, Timestamp,
    store::{ArchiveUpkeep, BoxError, Scope, StoreError},
};

use crate::{
    job::{Job, JobContext, JobReport},
    schedule::Schedule,
};

/// How many sessions one batch looks at.
const BATCH: NonZeroUsize = NonZeroUsize::new(100).expect("more than none");
/// How many rows of figures one batch removes at most.
const PURGED: NonZeroUsize = NonZeroUsize::new(1_000).expect("more than none");
/// How many hours and days one batch adds up at most.
const ROLLED_UP: NonZeroUsize = NonZeroUsize::new(20).expect("more than none");
/// How far a dry run counts.
const COUNTED: NonZeroUsize = NonZeroUsize::new(1_000_000).expect("more than none");

/// Writes the figures of archived sessions that have none, such as those archived while analytics were
/// switched off; removes those that are kept no longer; and adds the others up by hours and days.
///
/// Figures are otherwise written by the transaction that archives a session.
#[derive(Debug, Clone)]
pub struct GenerateSessionMetrics {
    store: SessionStore,
    upkeep: Arc<dyn ArchiveUpkeep>,
    schedule: Schedule,
}

impl GenerateSessionMetrics {
    /// The job's name, in commands and records.
    pub const NAME: &str = "generate_session_metrics";

    /// The job on the archive of this service, daily; figures are kept for as long as its policy says.
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

    /// Whether figures of the session were written; not of one that is too old to have any.
    async fn measure(&self, id: SessionId, before: Timestamp) -> Result<bool, StoreError> {
        if self.is_too_old(id, before).await? {
            return Ok(false);
        }
        let archive = &self.store.stores().archive;
        let Some(found) = archive.get(&Scope::All, id).await? else {
            return Ok(false);
        };
        let metrics = SessionMetrics::of(&found.session);
        self.upkeep.measure(&metrics, found.session.version).await
    }

    /// Whether a session is too old to have figures, or gone; its header tells.
    async fn is_too_old(&self, id: SessionId, before: Timestamp) -> Result<bool, StoreError> {
        let archive = &self.store.stores().archive;
        let seen = archive.overview(&Scope::All, id, 0).await?;
        Ok(seen.is_none_or(|seen| seen.header.created_at < before))
    }

    async fn measure_all(
        &self,
        context: &JobContext,
        before: Timestamp,
    ) -> Result<Measured, StoreError> {
        let (mut done, mut after) = (Measured::default(), None);
        while !context.is_stopping() {
            let ids = self.upkeep.unmeasured(after, BATCH).await?;
            let Some(&last) = ids.last() else { break };
            after = Some(last);
            for id in ids {
                let measured = match context.is_dry_run() {
                    true => self.is_too_old(id, before).await.map(|too_old| !too_old),
                    false => self.measure(id, before).await,
                };
                match measured {
                    Ok(written) => done.measured += u64::from(written),
                    // One that cannot be read stops no other.
                    Err(StoreError::Corrupt { .. }) => done.unreadable += 1,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(done)
    }

    async fn purge(&self, context: &JobContext, before: Timestamp) -> Result<u64, StoreError> {
        if context.is_dry_run() {
            return self.upkeep.count_metrics_before(before, COUNTED).await;
        }
        let batch = || self.upkeep.purge_metrics_before(before, PURGED);
        until_nothing_is_left(context, batch).await
    }

    async fn roll_up(&self, context: &JobContext) -> Result<u64, StoreError> {
        let ended = context.now();
        if context.is_dry_run() {
            return self.upkeep.stale_rollups(ended, COUNTED).await;
        }
        let batch = || self.upkeep.roll_up(ended, ROLLED_UP);
        until_nothing_is_left(context, batch).await
    }
}

#[derive(Default)]
struct Measured {
    measured: u64,
    unreadable: u64,
}

/// Runs batches until one does nothing; how much all of them did.
async fn until_nothing_is_left<F>(
    context: &JobContext,
    batch: impl Fn() -> F,
) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut all = 0;
    while !context.is_stopping() {
        match batch().await? {
            0 => break,
            done => all += done,
        }
    }
    Ok(all)
}

impl Job for GenerateSessionMetrics {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn summary(&self) -> &str {
        "writes figures that archived sessions lack, removes old ones, adds up hours and days"
    }

    fn schedule(&self) -> Schedule {
        self.schedule
    }

    async fn run(&self, context: &JobContext) -> Result<JobReport, BoxError> {
        let before = context.now().minus(self.store.policy().metrics_retention);
        // Switched off, there is nothing to write, and nobody asks; what is too old goes all the same.
        let is_on = self.store.policy().enable_analytics;
        let done = if is_on {
            self.measure_all(context, before).await?
        } else {
            Measured::default()
        };
        let purged = self.purge(context, before).await?;
        let rolled_up = if is_on {
            self.roll_up(context).await?
        } else {
            0
        };
        let unreadable = done.unreadable;
        let report = JobReport {
            warning: (unreadable > 0)
                .then(|| format!("{unreadable} archived sessions cannot be read")),
            is_unfinished: context.is_stopping(),
            ..JobReport::default()
        };
        let report = report.counting("measured", done.measured);
        let report = report.counting("unreadable", unreadable);
        let report = report.counting("purged", purged);
        Ok(report.counting("rolled_up", rolled_up))
    }
}
