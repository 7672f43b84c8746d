//! The use cases of sessions over the ports.

mod change;
mod cleanup;
mod create;
mod list;
mod scoped;
mod sweep;

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;

pub use cleanup::CleanupReport;
pub use create::{CreatedSession, NewSession};
pub use list::{ListRequest, SessionPage};
pub use scoped::ScopedStore;

use crate::{
    clock::{Clock, Timestamp},
    error::SessionError,
    id::SessionId,
    policy::Policy,
    session::{Session, SessionOverview},
    store::{ActiveStore, ArchiveStore, MetricsStore, Scope},
};

/// The stores that a service runs on; one store may play every role.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Live sessions.
    pub active: Arc<dyn ActiveStore>,
    /// Archived sessions.
    pub archive: Arc<dyn ArchiveStore>,
    /// Figures of archived sessions.
    pub metrics: Arc<dyn MetricsStore>,
}

impl Stores {
    /// One store in every role.
    pub fn single<S: ActiveStore + ArchiveStore + MetricsStore>(store: Arc<S>) -> Self {
        Self {
            active: Arc::<S>::clone(&store),
            archive: Arc::<S>::clone(&store),
            metrics: store,
        }
    }
}

/// Creates, reads, changes, lists, archives and deletes sessions, wherever they lie.
///
/// A handle: clones share the stores. Every call takes who is asking; [`SessionStore::scoped`] fixes it.
#[derive(Debug, Clone)]
pub struct SessionStore {
    stores: Stores,
    policy: Arc<Policy>,
    clock: Arc<dyn Clock>,
}

/// How often a call follows a session that moves between tiers, or changes, while it is being changed.
const ATTEMPTS: usize = 8;
/// How often a read looks into both tiers before it says that there is no such session: one that changes
/// tier between two looks is missed by both.
const LOOKS: usize = 2;
/// How long a restored session's archive row stays in case the live store loses the session.
const RESTORE_HOLD: Duration = Duration::from_mins(10);
/// How many calls to a store are under way at once where a use case needs many.
const CONCURRENT_CALLS: usize = 8;

impl SessionStore {
    /// A service on these stores, by this policy, telling the time by this clock.
    #[must_use]
    pub fn new(stores: Stores, policy: Policy, clock: Arc<dyn Clock>) -> Self {
        Self {
            stores,
            policy: Arc::new(policy),
            clock,
        }
    }

    /// The same service for one asker, in the shape of the quick reference.
    #[must_use]
    pub fn scoped(&self, scope: Scope) -> ScopedStore {
        ScopedStore::new(self.clone(), scope)
    }

    /// The stores it runs on.
    #[must_use]
    pub const fn stores(&self) -> &Stores {
        &self.stores
    }

    /// The policy it runs by.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The present instant by its clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The session, live or archived; [`SessionError::NotFound`] where there is none in scope.
    pub async fn get_session(&self, scope: &Scope, id: SessionId) -> Result<Session, SessionError> {
        self.find(scope, id)
            .await?
            .ok_or(SessionError::NotFound { id })
    }

    /// Those of the sessions that are in scope, in the order asked for.
    pub async fn get_sessions(
        &self,
        scope: &Scope,
        ids: &[SessionId],
    ) -> Result<Vec<Session>, SessionError> {
        let mut sessions = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CONCURRENT_CALLS) {
            let reads = chunk.iter().map(|&id| self.find(scope, id));
            for found in join_all(reads).await {
                sessions.extend(found?);
            }
        }
        Ok(sessions)
    }

    /// The header and the last `recent` queries, newest first, without reading the rest.
    ///
    /// An archived session keeps its last five queries at hand.
    pub async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<SessionOverview, SessionError> {
        let Stores {
            active, archive, ..
        } = &self.stores;
        for _ in 0..LOOKS {
            let live = active.overview(scope, id, recent).await;
            if let Some(live) = live.map_err(SessionError::Active)? {
                return Ok(live);
            }
            let archived = archive.overview(scope, id, recent).await;
            if let Some(archived) = archived.map_err(SessionError::Archive)? {
                return Ok(archived);
            }
        }
        Err(SessionError::NotFound { id })
    }

    async fn find(&self, scope: &Scope, id: SessionId) -> Result<Option<Session>, SessionError> {
        let Stores {
            active, archive, ..
        } = &self.stores;
        for _ in 0..LOOKS {
            let live = active.get(scope, id).await;
            if let Some(live) = live.map_err(SessionError::Active)? {
                return Ok(Some(live));
            }
            let archived = archive.get(scope, id).await;
            if let Some(archived) = archived.map_err(SessionError::Archive)? {
                return Ok(Some(archived.session));
            }
        }
        Ok(None)
    }
}
