//! A store in memory that can be stopped, or made to fail, between any two steps of a use case.

use std::{
    collections::BTreeSet,
    fmt,
    num::NonZeroUsize,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use fiml_session_core::{
    Applied, ChangeBatch, Limits, MemoryStore, MetricsDigest, Session, SessionHeader, SessionId,
    SessionMetrics, SessionOverview, SessionSnapshot, Timestamp, UserId,
    store::{
        ActiveStore, ArchiveStore, ArchivedHeader, MetricsFilter, MetricsStore, Page, Quarantined,
        Removal, Reservation, RestoreToken, Scope, SessionFilter, StageOutcome, StagedSession,
        StoreError, Unsettled,
    },
};

type Running = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// What happens at a place; once.
struct Hook {
    place: (&'static str, &'static str),
    run: Box<dyn FnOnce() -> Running + Send>,
}

/// A [`MemoryStore`] with hooks before and after its methods.
#[derive(Default)]
pub(crate) struct Hooked {
    inner: Arc<MemoryStore>,
    hooks: Mutex<Vec<Hook>>,
    poison: Mutex<Option<SessionId>>,
}

impl fmt::Debug for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooked")
    }
}

impl Hooked {
    /// A store of its own over the same data, without hooks.
    pub(crate) fn over(inner: &Arc<MemoryStore>) -> Self {
        let inner = Arc::clone(inner);
        Self {
            inner,
            ..Self::default()
        }
    }

    /// Runs this once, at the next `when` ("before" or "after") of a method.
    pub(crate) fn hook<F>(
        &self,
        when: &'static str,
        method: &'static str,
        run: impl FnOnce() -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        self.push(when, method, || {
            let running = run();
            Box::pin(async {
                running.await;
                Ok(())
            })
        });
    }

    /// Fails the next call of a method, before it does anything.
    pub(crate) fn fail(&self, method: &'static str, error: StoreError) {
        self.push("before", method, || Box::pin(async { Err(error) }));
    }

    /// Refuses this session in the archive for ever, as a database does with what it cannot hold.
    pub(crate) fn poison(&self, id: SessionId) {
        *self.poison.lock().unwrap_or_else(PoisonError::into_inner) = Some(id);
    }

    fn check(&self, staged: &[StagedSession]) -> Result<(), StoreError> {
        let poison = *self.poison.lock().unwrap_or_else(PoisonError::into_inner);
        let found = staged
            .iter()
            .find(|staged| Some(staged.snapshot.session.id) == poison);
        found.map_or(Ok(()), |_| {
            Err(StoreError::Corrupt {
                store: "the archive",
                id: poison,
                source: "poison".into(),
            })
        })
    }

    fn push(
        &self,
        when: &'static str,
        method: &'static str,
        run: impl FnOnce() -> Running + Send + 'static,
    ) {
        let hook = Hook {
            place: (when, method),
            run: Box::new(run),
        };
        self.hooks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(hook);
    }

    async fn run(&self, when: &str, method: &str) -> Result<(), StoreError> {
        let hook = {
            let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
            let found = hooks.iter().position(|hook| hook.place == (when, method));
            found.map(|index| hooks.remove(index))
        };
        match hook {
            Some(hook) => (hook.run)().await,
            None => Ok(()),
        }
    }

    async fn before(&self, method: &str) -> Result<(), StoreError> {
        self.run("before", method).await
    }

    async fn after(&self, method: &str) -> Result<(), StoreError> {
        self.run("after", method).await
    }
}

#[async_trait]
impl ActiveStore for Hooked {
    async fn reserve(
        &self,
        owner: Option<&UserId>,
        reservation: &Reservation,
    ) -> Result<Reservation, StoreError> {
        self.before("reserve").await?;
        let done = ActiveStore::reserve(&*self.inner, owner, reservation).await;
        self.after("reserve").await?;
        done
    }

    async fn insert(&self, snapshot: &SessionSnapshot) -> Result<(), StoreError> {
        self.before("insert").await?;
        let done = ActiveStore::insert(&*self.inner, snapshot).await;
        self.after("insert").await?;
        done
    }

    async fn get(&self, scope: &Scope, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.before("get").await?;
        let done = ActiveStore::get(&*self.inner, scope, id).await;
        self.after("get").await?;
        done
    }

    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        self.before("overview").await?;
        let done = ActiveStore::overview(&*self.inner, scope, id, recent).await;
        self.after("overview").await?;
        done
    }

    async fn apply(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
        limits: &Limits,
        at: Timestamp,
    ) -> Result<Option<Applied>, StoreError> {
        self.before("apply").await?;
        let done = ActiveStore::apply(&*self.inner, scope, id, batch, limits, at).await;
        self.after("apply").await?;
        done
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<SessionHeader>, StoreError> {
        self.before("list").await?;
        let done = ActiveStore::list(&*self.inner, scope, filter, page).await;
        self.after("list").await?;
        done
    }

    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.before("ids").await?;
        let done = ActiveStore::ids(&*self.inner, scope, filter, limit).await;
        self.after("ids").await?;
        done
    }

    async fn metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        self.before("metrics").await?;
        let done = ActiveStore::metrics(&*self.inner, scope, filter).await;
        self.after("metrics").await?;
        done
    }

    async fn expired(
        &self,
        at: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.before("expired").await?;
        let done = ActiveStore::expired(&*self.inner, at, limit).await;
        self.after("expired").await?;
        done
    }

    async fn snapshot(&self, id: SessionId) -> Result<Option<SessionSnapshot>, StoreError> {
        self.before("snapshot").await?;
        let done = ActiveStore::snapshot(&*self.inner, id).await;
        self.after("snapshot").await?;
        done
    }

    async fn remove(&self, scope: &Scope, id: SessionId) -> Result<bool, StoreError> {
        self.before("remove").await?;
        let done = ActiveStore::remove(&*self.inner, scope, id).await;
        self.after("remove").await?;
        done
    }

    async fn remove_unchanged(&self, id: SessionId, version: u64) -> Result<Removal, StoreError> {
        self.before("remove_unchanged").await?;
        let done = ActiveStore::remove_unchanged(&*self.inner, id, version).await;
        self.after("remove_unchanged").await?;
        done
    }

    async fn quarantine(
        &self,
        id: SessionId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.before("quarantine").await?;
        let done = ActiveStore::quarantine(&*self.inner, id, reason, at).await;
        self.after("quarantine").await?;
        done
    }

    async fn quarantined(&self, limit: NonZeroUsize) -> Result<Vec<Quarantined>, StoreError> {
        self.before("quarantined").await?;
        let done = ActiveStore::quarantined(&*self.inner, limit).await;
        self.after("quarantined").await?;
        done
    }
}

#[async_trait]
impl ArchiveStore for Hooked {
    async fn stage(
        &self,
        sessions: &[StagedSession],
        at: Timestamp,
    ) -> Result<Vec<StageOutcome>, StoreError> {
        self.before("stage").await?;
        self.check(sessions)?;
        let done = ArchiveStore::stage(&*self.inner, sessions, at).await;
        self.after("stage").await?;
        done
    }

    async fn settle(&self, row: &Unsettled, at: Timestamp) -> Result<bool, StoreError> {
        self.before("settle").await?;
        let done = ArchiveStore::settle(&*self.inner, row, at).await;
        self.after("settle").await?;
        done
    }

    async fn discard(&self, row: &Unsettled) -> Result<bool, StoreError> {
        self.before("discard").await?;
        let done = ArchiveStore::discard(&*self.inner, row).await;
        self.after("discard").await?;
        done
    }

    async fn get(
        &self,
        scope: &Scope,
        id: SessionId,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        self.before("get").await?;
        let done = ArchiveStore::get(&*self.inner, scope, id).await;
        self.after("get").await?;
        done
    }

    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError> {
        self.before("overview").await?;
        let done = ArchiveStore::overview(&*self.inner, scope, id, recent).await;
        self.after("overview").await?;
        done
    }

    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<ArchivedHeader>, StoreError> {
        self.before("list").await?;
        let done = ArchiveStore::list(&*self.inner, scope, filter, page).await;
        self.after("list").await?;
        done
    }

    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.before("ids").await?;
        let done = ArchiveStore::ids(&*self.inner, scope, filter, limit).await;
        self.after("ids").await?;
        done
    }

    async fn claim_restore(
        &self,
        scope: &Scope,
        id: SessionId,
        token: RestoreToken,
        at: Timestamp,
    ) -> Result<Option<SessionSnapshot>, StoreError> {
        self.before("claim_restore").await?;
        let done = ArchiveStore::claim_restore(&*self.inner, scope, id, token, at).await;
        self.after("claim_restore").await?;
        done
    }

    async fn confirm_restore(
        &self,
        id: SessionId,
        token: RestoreToken,
    ) -> Result<bool, StoreError> {
        self.before("confirm_restore").await?;
        let done = ArchiveStore::confirm_restore(&*self.inner, id, token).await;
        self.after("confirm_restore").await?;
        done
    }

    async fn bury(&self, scope: &Scope, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        self.before("bury").await?;
        let done = ArchiveStore::bury(&*self.inner, scope, id, at).await;
        self.after("bury").await?;
        done
    }

    async fn is_buried(&self, id: SessionId) -> Result<bool, StoreError> {
        self.before("is_buried").await?;
        let done = ArchiveStore::is_buried(&*self.inner, id).await;
        self.after("is_buried").await?;
        done
    }

    async fn unsettled(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Unsettled>, StoreError> {
        self.before("unsettled").await?;
        let done = ArchiveStore::unsettled(&*self.inner, after, limit).await;
        self.after("unsettled").await?;
        done
    }

    async fn forget_buried(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.before("forget_buried").await?;
        let done = ArchiveStore::forget_buried(&*self.inner, before).await;
        self.after("forget_buried").await?;
        done
    }
}

#[async_trait]
impl MetricsStore for Hooked {
    async fn digest(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<MetricsDigest, StoreError> {
        self.before("digest").await?;
        let done = MetricsStore::digest(&*self.inner, scope, filter, excluding, at).await;
        self.after("digest").await?;
        done
    }
}
