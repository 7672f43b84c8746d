//! What the process does until it dies.

use std::{error::Error, sync::Arc, time::Duration};

use fiml_jobs::{DeleteOldArchivedSessions, GenerateSessionMetrics, Job, JobContext};
use fiml_session_core::{
    ManualClock, SessionError, SessionStore,
    store::{ArchiveUpkeep, Scope},
};
use fiml_tests::{
    doom::say,
    orders::{Orders, Work},
};

/// Between two rounds, so that others are not kept from the processors.
const PAUSE: Duration = Duration::from_millis(2);
const HALF_A_MINUTE: f64 = 1.0 / 120.0;

/// Who has orders, and what it works with.
pub(crate) struct Worker {
    pub(crate) store: SessionStore,
    pub(crate) upkeep: Arc<dyn ArchiveUpkeep>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) orders: Orders,
}

impl Worker {
    /// Works until the process dies, or until nothing is left of what is done once.
    pub(crate) async fn run(self) -> Result<(), Box<dyn Error>> {
        match self.orders.work {
            Work::Sweep => loop {
                self.store.cleanup_expired_sessions().await?;
                tokio::time::sleep(PAUSE).await;
            },
            Work::Extend => loop {
                self.extend().await?;
                tokio::time::sleep(PAUSE).await;
            },
            Work::Delete => self.delete().await,
            Work::CleanUp => {
                self.store.cleanup_expired_sessions().await?;
                Ok(())
            }
            Work::DeleteOld => {
                let archive = Arc::clone(&self.store.stores().archive);
                let upkeep = Arc::clone(&self.upkeep);
                let kept = self.orders.sessions_kept;
                self.once(DeleteOldArchivedSessions::new(archive, upkeep, kept))
                    .await
            }
            Work::GenerateMetrics => {
                let upkeep = Arc::clone(&self.upkeep);
                self.once(GenerateSessionMetrics::new(self.store.clone(), upkeep))
                    .await
            }
        }
    }

    async fn once(&self, job: impl Job) -> Result<(), Box<dyn Error>> {
        let context = JobContext::by_hand(Arc::<ManualClock>::clone(&self.clock));
        match job.run(&context).await {
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn extend(&self) -> Result<(), Box<dyn Error>> {
        for &id in &self.orders.sessions {
            let extended = self
                .store
                .extend_session(&Scope::All, id, HALF_A_MINUTE, None)
                .await;
            match extended {
                Ok(_) => say(&format!("done {id}"))?,
                // Archived again and again while it was being brought back.
                Err(SessionError::Unsettled { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn delete(&self) -> Result<(), Box<dyn Error>> {
        for &id in &self.orders.sessions {
            if self.store.delete_session(&Scope::All, id).await? {
                say(&format!("done {id}"))?;
            }
        }
        Ok(())
    }
}
