//! The service for one asker.

use super::{CreatedSession, ListRequest, NewSession, SessionPage, SessionStore};
use crate::{
    change::{Applied, Conditions},
    error::SessionError,
    history::QueryRecord,
    id::SessionId,
    session::{Session, SessionOverview},
    store::Scope,
};

/// A [`SessionStore`] that always asks for the same scope.
///
/// Calls that want an idempotency key or a precondition go to the service itself.
#[derive(Debug, Clone)]
pub struct ScopedStore {
    store: SessionStore,
    scope: Scope,
}

impl ScopedStore {
    pub(super) const fn new(store: SessionStore, scope: Scope) -> Self {
        Self { store, scope }
    }

    /// See [`SessionStore::create_session`].
    pub async fn create_session(&self, new: NewSession) -> Result<Session, SessionError> {
        let created: CreatedSession = self.store.create_session(&self.scope, &new, None).await?;
        Ok(created.session)
    }

    /// See [`SessionStore::get_session`].
    pub async fn get_session(&self, id: SessionId) -> Result<Session, SessionError> {
        self.store.get_session(&self.scope, id).await
    }

    /// See [`SessionStore::get_sessions`].
    pub async fn get_sessions(&self, ids: &[SessionId]) -> Result<Vec<Session>, SessionError> {
        self.store.get_sessions(&self.scope, ids).await
    }

    /// See [`SessionStore::overview`].
    pub async fn overview(
        &self,
        id: SessionId,
        recent: usize,
    ) -> Result<SessionOverview, SessionError> {
        self.store.overview(&self.scope, id, recent).await
    }

    /// See [`SessionStore::update_session`].
    pub async fn update_session(&self, session: &mut Session) -> Result<Applied, SessionError> {
        let unconditional = Conditions::default();
        self.store
            .update_session(&self.scope, session, unconditional)
            .await
    }

    /// See [`SessionStore::record_query`].
    pub async fn record_query(
        &self,
        id: SessionId,
        query: QueryRecord,
    ) -> Result<Applied, SessionError> {
        self.store.record_query(&self.scope, id, query, None).await
    }

    /// See [`SessionStore::extend_session`].
    pub async fn extend_session(&self, id: SessionId, hours: f64) -> Result<Applied, SessionError> {
        self.store
            .extend_session(&self.scope, id, hours, None)
            .await
    }

    /// See [`SessionStore::list_user_sessions`].
    pub async fn list_user_sessions(
        &self,
        request: &ListRequest,
    ) -> Result<SessionPage, SessionError> {
        self.store.list_user_sessions(&self.scope, request).await
    }

    /// See [`SessionStore::archive_session`].
    pub async fn archive_session(&self, id: SessionId) -> Result<bool, SessionError> {
        self.store.archive_session(&self.scope, id).await
    }

    /// See [`SessionStore::delete_session`].
    pub async fn delete_session(&self, id: SessionId) -> Result<bool, SessionError> {
        self.store.delete_session(&self.scope, id).await
    }
}
