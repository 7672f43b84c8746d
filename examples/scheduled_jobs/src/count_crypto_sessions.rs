//! A job of your own: one file.

use fiml_jobs::{Job, JobContext, JobReport, Schedule};
use fiml_session_core::{
    ListRequest, SessionStore, SessionType,
    store::{BoxError, Scope},
};

/// Counts the live sessions about crypto assets.
#[derive(Debug)]
pub(crate) struct CountCryptoSessions {
    pub(crate) store: SessionStore,
    pub(crate) schedule: Schedule,
}

impl Job for CountCryptoSessions {
    fn name(&self) -> &str {
        "count_crypto_sessions"
    }

    fn summary(&self) -> &str {
        "counts the live sessions about crypto assets"
    }

    fn schedule(&self) -> Schedule {
        self.schedule
    }

    // It only reads, so a dry run does the same.
    async fn run(&self, _context: &JobContext) -> Result<JobReport, BoxError> {
        let request = ListRequest {
            session_type: Some(SessionType::Crypto),
            ..ListRequest::default()
        };
        let page = self.store.list_user_sessions(&Scope::All, &request).await?;
        Ok(JobReport::default().counting("live", page.total as u64))
    }
}
