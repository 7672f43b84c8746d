//! The sweep: every session that has expired goes into the archive, batch by batch.

use serde::Serialize;

use super::{
    SessionStore,
    sweep::{BATCH, Outcome},
};
use crate::error::SessionError;

/// What a cleanup did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct CleanupReport {
    /// Expired sessions that it moved into the archive.
    pub archived: u64,
    /// Sessions that cannot be read or archived, which it set aside.
    pub quarantined: u64,
    /// Moves that an earlier run or a crash had left half-way, which it finished or took back.
    pub reconciled: u64,
}

impl SessionStore {
    /// Puts right what a crash left half-way, then archives every session whose expiry lies further back
    /// than the policy's grace.
    ///
    /// Safe to repeat, to kill at any point and to run in several processes at once. A session that
    /// cannot be read or archived is set aside and does not stop the others.
    pub async fn cleanup_expired_sessions(&self) -> Result<CleanupReport, SessionError> {
        self.cleanup_expired_sessions_while(|| true).await
    }

    /// The same, for as long as it is told to go on; asked before each batch, of at most 100 sessions.
    pub async fn cleanup_expired_sessions_while(
        &self,
        go_on: impl Fn() -> bool + Send + Sync,
    ) -> Result<CleanupReport, SessionError> {
        let mut report = CleanupReport::default();
        match self.clean_up(&mut report, go_on).await {
            Err(error) if report != CleanupReport::default() => Err(SessionError::CleanupStopped {
                done: report,
                source: Box::new(error),
            }),
            done => done.map(|()| report),
        }
    }

    async fn clean_up(
        &self,
        report: &mut CleanupReport,
        go_on: impl Fn() -> bool + Send + Sync,
    ) -> Result<(), SessionError> {
        let at = self.now();
        report.reconciled = self.reconcile(at).await?;
        let due = at.minus(self.policy.archive_grace);
        let mut before = Vec::new();
        while go_on() {
            let expired = self.stores.active.expired(due, BATCH).await;
            let ids = expired.map_err(SessionError::Active)?;
            // Whatever keeps a batch from going, another round now would not move it either.
            if ids == before {
                return Ok(());
            }
            let outcomes = self.archive_batch(&ids, due).await?;
            let count = |wanted| {
                outcomes
                    .iter()
                    .filter(|&&outcome| outcome == wanted)
                    .count() as u64
            };
            report.archived += count(Outcome::Archived);
            report.quarantined += count(Outcome::Quarantined);
            // A batch of which nothing went is left for the next run.
            if outcomes.iter().all(|&outcome| outcome == Outcome::Left) {
                return Ok(());
            }
            before = ids;
        }
        Ok(())
    }
}
