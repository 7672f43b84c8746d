//! The port of live sessions.

use std::{fmt::Debug, num::NonZeroUsize};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    change::{Applied, ChangeBatch, IdempotencyKey},
    clock::Timestamp,
    id::{SessionId, UserId},
    metrics::SessionMetrics,
    policy::Limits,
    session::{Session, SessionHeader, SessionOverview},
    snapshot::SessionSnapshot,
    store::{MetricsFilter, Page, Scope, SessionFilter, StoreError},
};

/// The promise of an id to the first call that creates under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The caller's key with the fingerprint of its content.
    pub key: IdempotencyKey,
    /// The id of the session to be.
    pub id: SessionId,
    /// When it is created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// What became of a session that was to be removed unless it had changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It was removed.
    Removed,
    /// It was not there.
    Absent,
    /// It has another version and stays.
    Changed,
}

/// A session that cannot be read, set aside so that it stops nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// The session.
    pub id: SessionId,
    /// When it was set aside.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Keeps live sessions, expired ones included until the sweep has archived them.
#[async_trait]
pub trait ActiveStore: Debug + Send + Sync + 'static {
    /// Promises an id to the first call under a key, and gives later calls the same promise.
    ///
    /// - the first reservation of an owner and key is kept and returned
    /// - a later one returns the first, whatever it offers
    /// - owners do not share keys
    /// - a reservation is forgotten 24 hours after its `created_at`
    async fn reserve(
        &self,
        owner: Option<&UserId>,
        reservation: &Reservation,
    ) -> Result<Reservation, StoreError>;

    /// Stores a whole session.
    ///
    /// - the session reads back equal, its remembered answers included
    /// - an id already present is `AlreadyExists`, and the stored session is unchanged
    async fn insert(&self, snapshot: &SessionSnapshot) -> Result<(), StoreError>;

    /// The session, its history complete.
    ///
    /// - expiry is not absence
    /// - a session out of scope is `None`
    /// - reading changes nothing
    async fn get(&self, scope: &Scope, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// The header and the last `recent` queries, newest first, without reading the rest.
    ///
    /// - it agrees with `get`
    /// - a session out of scope is `None`
    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError>;

    /// Applies a batch atomically as [`admit`](crate::admit) decides; `None` where there is no such session.
    ///
    /// - all changes of a batch are applied, or none
    /// - queries are numbered without gaps, whoever writes them
    /// - a refused batch leaves the session unchanged
    /// - the same idempotency key with the same content gives the first answer, even once expired
    /// - the same key with other content is `IdempotencyConflict`
    /// - a key is forgotten after 24 hours, and the oldest after 256
    /// - `last_accessed_at` never moves back
    /// - a session out of scope is `None` and unchanged
    async fn apply(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
        limits: &Limits,
        at: Timestamp,
    ) -> Result<Option<Applied>, StoreError>;

    /// A page of the matching sessions in scope, newest first by (`created_at`, `id`).
    ///
    /// - pages have no duplicates and no gaps while sessions are added
    /// - every filter narrows the list
    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<SessionHeader>, StoreError>;

    /// The ids of the matching sessions in scope, newest first, at most `limit`.
    ///
    /// - it agrees with `list`
    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// The figures of the matching sessions in scope.
    ///
    /// - they agree with [`SessionMetrics::of`] of the same sessions
    async fn metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
    ) -> Result<Vec<SessionMetrics>, StoreError>;

    /// The sessions that have expired at the given instant, earliest expiry first, at most `limit`.
    ///
    /// - a session expires at its `expires_at`, not before
    /// - an extended session is not expired any more
    /// - a quarantined session is not returned
    async fn expired(
        &self,
        at: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// The whole session for another tier.
    ///
    /// - it agrees with what `insert` was given
    async fn snapshot(&self, id: SessionId) -> Result<Option<SessionSnapshot>, StoreError>;

    /// Removes a session and everything that belongs to it.
    ///
    /// - a missing id is `Ok(false)`
    /// - a session out of scope is `Ok(false)` and stays
    async fn remove(&self, scope: &Scope, id: SessionId) -> Result<bool, StoreError>;

    /// Removes a session if it still has this version.
    ///
    /// - a changed session stays
    async fn remove_unchanged(&self, id: SessionId, version: u64) -> Result<Removal, StoreError>;

    /// Sets a session aside, so that [`ActiveStore::expired`] passes over it.
    ///
    /// - a missing id is `Ok(false)`
    /// - a quarantined session is listed by `quarantined` with its reason
    async fn quarantine(
        &self,
        id: SessionId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// The sessions set aside, the latest first, at most `limit`.
    async fn quarantined(&self, limit: NonZeroUsize) -> Result<Vec<Quarantined>, StoreError>;
}
