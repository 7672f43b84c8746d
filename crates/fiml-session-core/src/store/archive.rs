//! The port of archived sessions.

use std::{fmt::Debug, num::NonZeroUsize};

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    id::SessionId,
    metrics::SessionMetrics,
    session::{SessionHeader, SessionOverview},
    snapshot::SessionSnapshot,
    store::{Page, Scope, SessionFilter, StoreError},
};

/// A session on its way into the archive.
#[derive(Debug, Clone, PartialEq)]
pub struct StagedSession {
    /// The whole session.
    pub snapshot: SessionSnapshot,
    /// Its figures; none where analytics are switched off.
    pub metrics: Option<SessionMetrics>,
}

/// What became of a staged session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageOutcome {
    /// The archive holds this version, or held it already; its row stands since this instant.
    Staged {
        /// Since when.
        since: Timestamp,
    },
    /// The archive holds a newer version, which stays.
    Outdated,
    /// The session was deleted; the archive refuses it.
    Buried,
}

/// Names one attempt to bring a session back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RestoreToken(pub Uuid);

/// An archived session as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedHeader {
    /// The session without its state.
    pub header: SessionHeader,
    /// False while the session is on its way between tiers, so that a live copy may exist.
    pub is_settled: bool,
}

/// A row that is not `archived`, exactly as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsettled {
    /// The session.
    pub id: SessionId,
    /// The version of the row.
    pub version: u64,
    /// What it waits for.
    pub state: UnsettledState,
    /// Since when.
    pub since: Timestamp,
}

/// What an unsettled row waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnsettledState {
    /// The live copy is to be removed.
    Pending,
    /// The live copy is to be seen.
    Restoring,
    /// The session was deleted; the live copy is to be removed.
    Buried,
}

/// Keeps archived sessions, each row `pending`, `archived`, `restoring` or buried.
#[async_trait]
pub trait ArchiveStore: Debug + Send + Sync + 'static {
    /// Writes sessions as `pending`, each with its figures in the same transaction.
    ///
    /// - a staged session reads back equal
    /// - an older version does not replace a newer one
    /// - the same version again is `Staged`, whatever the state of the row
    /// - a buried session stays buried
    async fn stage(
        &self,
        sessions: &[StagedSession],
        at: Timestamp,
    ) -> Result<Vec<StageOutcome>, StoreError>;

    /// Turns a row into `archived` if it is still exactly this one; true when it did.
    ///
    /// - a row that has changed in any way stays as it is
    /// - a tombstone is not settled
    async fn settle(&self, row: &Unsettled, at: Timestamp) -> Result<bool, StoreError>;

    /// Removes a row and its figures if it is still exactly this one, because the live copy is newer.
    ///
    /// - a row that has changed in any way stays as it is
    /// - a tombstone is not discarded
    async fn discard(&self, row: &Unsettled) -> Result<bool, StoreError>;

    /// The whole session, whatever the state of its row.
    ///
    /// - a buried session is `None`
    /// - a session out of scope is `None`
    async fn get(
        &self,
        scope: &Scope,
        id: SessionId,
    ) -> Result<Option<SessionSnapshot>, StoreError>;

    /// The header and the last `recent` queries, at most five, newest first, without reading the rest.
    ///
    /// - it agrees with `get`
    async fn overview(
        &self,
        scope: &Scope,
        id: SessionId,
        recent: usize,
    ) -> Result<Option<SessionOverview>, StoreError>;

    /// A page of the matching rows in scope, newest first by (`created_at`, `id`).
    ///
    /// - pages have no duplicates and no gaps while sessions are added
    /// - every filter narrows the list
    /// - a row that is not `archived` says so
    async fn list(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        page: Page,
    ) -> Result<Vec<ArchivedHeader>, StoreError>;

    /// The ids of the matching rows in scope, newest first, at most `limit`.
    async fn ids(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// Marks a row `restoring` for this attempt and gives the whole session.
    ///
    /// - a later claim replaces the token of an earlier one
    /// - a session out of scope is `None` and unchanged
    async fn claim_restore(
        &self,
        scope: &Scope,
        id: SessionId,
        token: RestoreToken,
        at: Timestamp,
    ) -> Result<Option<SessionSnapshot>, StoreError>;

    /// Whether the row is still `restoring` for this attempt.
    ///
    /// - after a burial or a later claim it is not
    async fn confirm_restore(&self, id: SessionId, token: RestoreToken)
    -> Result<bool, StoreError>;

    /// Deletes a session for good: its content and figures go, and a tombstone refuses every later
    /// version; inserted where there was no row.
    ///
    /// - the session and its figures are gone
    /// - it is true, except for a row out of scope, which stays
    async fn bury(&self, scope: &Scope, id: SessionId, at: Timestamp) -> Result<bool, StoreError>;

    /// Whether the session was deleted and its tombstone still stands.
    async fn is_buried(&self, id: SessionId) -> Result<bool, StoreError>;

    /// Rows that are not `archived`, the oldest id first behind `after`, at most `limit`.
    async fn unsettled(
        &self,
        after: Option<SessionId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Unsettled>, StoreError>;

    /// Forgets tombstones that were set before the given instant; returns how many.
    async fn forget_buried(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Removes sessions that were archived before the given instant, the longest archived first, at most
    /// `limit`; returns how many.
    ///
    /// - only `archived` rows go
    /// - their figures stay
    /// - what another call holds is left to it
    async fn purge_before(&self, before: Timestamp, limit: NonZeroUsize)
    -> Result<u64, StoreError>;
}
