//! Changing a session: its own pending changes, one more query, a longer life.

use super::{SessionStore, Stores};
use crate::{
    change::{Applied, ChangeBatch, Conditions, IdempotencyKey, SessionChange},
    error::SessionError,
    history::QueryRecord,
    id::SessionId,
    policy::hours,
    session::Session,
    store::{Removal, RestoreToken, Scope, StoreError},
};

/// How often a change follows a session that moves between tiers while it is being changed.
const ATTEMPTS: usize = 8;

impl SessionStore {
    /// Sends what was changed on the value since it was read, all or nothing.
    ///
    /// On success the value holds its own sequence numbers and the store's counters and version; what
    /// other writers added comes with the next read. On error the changes stay pending.
    pub async fn update_session(
        &self,
        scope: &Scope,
        session: &mut Session,
        conditions: Conditions,
    ) -> Result<Applied, SessionError> {
        let batch = ChangeBatch {
            changes: session.state.pending().to_vec(),
            idempotency: conditions.idempotency,
            expected_version: conditions.expected_version,
            expected_entries: conditions.expected_entries,
        };
        let applied = self.change(scope, session.id, &batch).await?;
        session.settle(&applied);
        Ok(applied)
    }

    /// Appends a query in one step, without reading the session; the answer's `total_queries` is its
    /// sequence number.
    pub async fn record_query(
        &self,
        scope: &Scope,
        id: SessionId,
        query: QueryRecord,
        key: Option<&IdempotencyKey>,
    ) -> Result<Applied, SessionError> {
        let batch = ChangeBatch {
            idempotency: key.cloned(),
            ..SessionChange::QueryAdded { query }.into()
        };
        self.change(scope, id, &batch).await
    }

    /// Prolongs the life of a session by so many hours: from what is left, or from now once expired.
    ///
    /// It never shortens a life, and it never reaches further than the maximum from now; `ttl_capped`
    /// says when that cut it. An archived session comes back whole.
    pub async fn extend_session(
        &self,
        scope: &Scope,
        id: SessionId,
        by_hours: f64,
        key: Option<&IdempotencyKey>,
    ) -> Result<Applied, SessionError> {
        let by = hours("hours", by_hours)?;
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        let batch = ChangeBatch {
            idempotency: key.cloned(),
            ..SessionChange::Extended { micros }.into()
        };
        for _ in 0..ATTEMPTS {
            if let Some(applied) = self.apply(scope, id, &batch).await? {
                return Ok(applied);
            }
            if let Some(applied) = self.restore(scope, id, &batch).await? {
                return Ok(applied);
            }
        }
        Err(SessionError::Unsettled { id })
    }

    async fn change(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
    ) -> Result<Applied, SessionError> {
        self.policy.limits.check(batch)?;
        if let Some(applied) = self.apply(scope, id, batch).await? {
            return Ok(applied);
        }
        if let Some(archived) = self.archived_answer(scope, id, batch).await? {
            return archived;
        }
        // It may have come back between the two looks.
        let applied = self.apply(scope, id, batch).await?;
        applied.ok_or(SessionError::NotFound { id })
    }

    pub(super) async fn apply(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
    ) -> Result<Option<Applied>, SessionError> {
        let (limits, at) = (&self.policy.limits, self.now());
        match self.stores.active.apply(scope, id, batch, limits, at).await {
            Ok(applied) => Ok(applied),
            Err(StoreError::Refused(refusal)) => Err(SessionError::Refused { id, refusal }),
            Err(error) => Err(SessionError::Active(error)),
        }
    }

    /// What an archived session answers to a change: the first answer again, or that it is archived.
    async fn archived_answer(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
    ) -> Result<Option<Result<Applied, SessionError>>, SessionError> {
        let archive = &self.stores.archive;
        let Some(key) = &batch.idempotency else {
            let found = archive
                .overview(scope, id, 0)
                .await
                .map_err(SessionError::Archive)?;
            return Ok(found.map(|_| Err(SessionError::Archived { id })));
        };
        let found = archive
            .get(scope, id)
            .await
            .map_err(SessionError::Archive)?;
        Ok(
            found.map(|snapshot| match snapshot.remembered(key, self.now()) {
                Some(Ok(applied)) => Ok(applied),
                Some(Err(refusal)) => Err(SessionError::Refused { id, refusal }),
                None => Err(SessionError::Archived { id }),
            }),
        )
    }

    /// Brings an archived session back as its next version, with the batch applied; none where it moved
    /// meanwhile, so that the caller looks again.
    async fn restore(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
    ) -> Result<Option<Applied>, SessionError> {
        let Stores {
            active, archive, ..
        } = &self.stores;
        match self.archived_answer(scope, id, batch).await? {
            Some(Err(SessionError::Archived { .. })) => {}
            Some(answer) => return answer.map(Some),
            None => {
                let live = active
                    .overview(scope, id, 0)
                    .await
                    .map_err(SessionError::Active)?;
                return if live.is_some() {
                    Ok(None)
                } else {
                    Err(SessionError::NotFound { id })
                };
            }
        }
        let at = self.now();
        let token = RestoreToken(SessionId::at(at).uuid());
        let claimed = archive
            .claim_restore(scope, id, token, at)
            .await
            .map_err(SessionError::Archive)?;
        let Some(mut snapshot) = claimed else {
            return Ok(None);
        };
        let applied = snapshot.apply(batch, &self.policy.limits, at);
        let applied = applied.map_err(|refusal| SessionError::Refused { id, refusal })?;
        match active.insert(&snapshot).await {
            Ok(()) => {}
            Err(StoreError::AlreadyExists { .. }) => return Ok(None),
            Err(error) => return Err(SessionError::Active(error)),
        }
        // From here on something has been done, so that a failure leaves the outcome unknown.
        let unknown = |source| SessionError::Unconfirmed { id, source };
        if archive.confirm_restore(id, token).await.map_err(unknown)? {
            return Ok(Some(applied));
        }
        // Deleted, or claimed by a later attempt: what was inserted here must not stand.
        let removal = active
            .remove_unchanged(id, applied.version)
            .await
            .map_err(unknown)?;
        if removal == Removal::Changed && archive.is_buried(id).await.map_err(unknown)? {
            active.remove(&Scope::All, id).await.map_err(unknown)?;
            return Err(SessionError::NotFound { id });
        }
        Ok(None)
    }
}
