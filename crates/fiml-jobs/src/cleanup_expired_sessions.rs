//! Archives every session that has expired.

use fiml_session_core::{CleanupReport, SessionError, SessionStore};

/// Moves expired sessions into the archive, and finishes what a crash left half-way.
#[derive(Debug, Clone)]
pub struct CleanupExpiredSessions {
    store: SessionStore,
}

impl CleanupExpiredSessions {
    /// The job's name, in commands and records.
    pub const NAME: &str = "cleanup_expired_sessions";

    /// The job on the sessions of this service.
    #[must_use]
    pub const fn new(store: SessionStore) -> Self {
        Self { store }
    }

    /// Runs it once, to the end.
    #[tracing::instrument(name = "job", skip_all, fields(job.name = Self::NAME))]
    pub async fn run(&self) -> Result<CleanupReport, SessionError> {
        let report = self.store.cleanup_expired_sessions().await?;
        tracing::info!(?report, "cleanup_expired_sessions is done");
        Ok(report)
    }
}
