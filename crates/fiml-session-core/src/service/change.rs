//! Changing a session: its own pending changes, one more query, a longer life.

use std::cmp::Ordering;

use super::{ATTEMPTS, LOOKS, RESTORE_HOLD, SessionStore, Stores};
use crate::{
    change::{Applied, ChangeBatch, Conditions, IdempotencyKey, SessionChange},
    clock::Timestamp,
    error::SessionError,
    history::QueryRecord,
    id::SessionId,
    policy::hours,
    session::Session,
    store::{Removal, RestoreToken, Scope, StoreError},
    transition::Refusal,
};

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
        let mut brought_back = false;
        for _ in 0..ATTEMPTS {
            let extended = match self.prolong(scope, id, &batch).await {
                Ok(None) => self.restore(scope, id, &batch).await,
                done => done,
            };
            match extended {
                Ok(Some(applied)) => return Ok(applied),
                // Nothing here, or it has been brought back: it is looked at again.
                Ok(None) => brought_back = true,
                Err(SessionError::Active(source) | SessionError::Archive(source))
                    if brought_back =>
                {
                    return Err(SessionError::Unconfirmed { id, source });
                }
                Err(error) => return Err(error),
            }
        }
        Err(SessionError::Unsettled { id })
    }

    /// Extends the live copy; none where there is none that stands.
    ///
    /// A copy that has expired may be one that a restore inserted so late that the session was brought back
    /// by others and archived again meanwhile: it does not stand where the archive knows more.
    async fn prolong(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
    ) -> Result<Option<Applied>, SessionError> {
        let Stores {
            active, archive, ..
        } = &self.stores;
        let found = active.overview(scope, id, 0).await;
        let Some(live) = found.map_err(SessionError::Active)? else {
            return Ok(None);
        };
        if !live.header.is_expired(self.now()) {
            return self.apply(scope, id, batch).await;
        }
        let version = live.header.version;
        let row = archive.overview(scope, id, 0).await;
        let row = row.map_err(SessionError::Archive)?;
        match row.map(|row| row.header.version.cmp(&version)) {
            Some(Ordering::Greater) => {
                let removal = active.remove_unchanged(id, version).await;
                return removal.map(|_| None).map_err(SessionError::Active);
            }
            // The same session, on its way: the row then waits for the live copy.
            Some(Ordering::Equal) => {
                let at = self.now();
                let claimed = archive.claim_restore(scope, id, token(at), at).await;
                claimed.map_err(SessionError::Archive)?;
            }
            Some(Ordering::Less) | None => {}
        }
        let unchanged = ChangeBatch {
            expected_version: Some(version),
            ..batch.clone()
        };
        match self.apply(scope, id, &unchanged).await {
            Err(SessionError::Refused {
                refusal: Refusal::VersionConflict { .. },
                ..
            }) => Ok(None),
            done => done,
        }
    }

    async fn change(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
    ) -> Result<Applied, SessionError> {
        self.policy.limits.check(batch)?;
        for _ in 0..LOOKS {
            if let Some(applied) = self.apply(scope, id, batch).await? {
                return Ok(applied);
            }
            if let Some(archived) = self.archived_answer(scope, id, batch).await? {
                return archived;
            }
        }
        Err(SessionError::NotFound { id })
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

    /// Brings an archived session back as it was, ended, as its next version; the caller then extends it.
    ///
    /// So nobody can add to a copy that turns out not to stand, and a copy that was left behind by a crash
    /// is archived again by the next sweep. An answer is one that the session remembers.
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
        let token = token(at);
        let claimed = archive
            .claim_restore(scope, id, token, at)
            .await
            .map_err(SessionError::Archive)?;
        let Some(mut snapshot) = claimed else {
            return Ok(None);
        };
        let from = snapshot.session.version;
        snapshot.session.version += 1;
        // Ended only now, so that no sweep takes it before the grace is over.
        snapshot.session.expires_at = snapshot.session.expires_at.max(at);
        match active.insert(&snapshot).await {
            Ok(()) => {}
            Err(StoreError::AlreadyExists { .. }) => return Ok(None),
            Err(error) => return Err(SessionError::Active(error)),
        }
        // From here on something has been done, so that a failure leaves the outcome unknown.
        let unknown = |source| SessionError::Unconfirmed { id, source };
        // A sweep may take a claim that is older than the hold for given up, and settle its row.
        let in_time = self.now() < at.plus(RESTORE_HOLD);
        if in_time && archive.confirm_restore(id, token).await.map_err(unknown)?
            || self.reclaim(id, token, from).await.map_err(unknown)?
        {
            return Ok(None);
        }
        let removal = active.remove_unchanged(id, from + 1).await;
        if removal.map_err(unknown)? == Removal::Changed {
            // Others have extended the copy: it stands, and the row waits for it, unless it was deleted.
            let row = archive.claim_restore(&Scope::All, id, token, self.now());
            if row.await.map_err(unknown)?.is_none()
                && archive.is_buried(id).await.map_err(unknown)?
            {
                active.remove(&Scope::All, id).await.map_err(unknown)?;
                return Err(SessionError::NotFound { id });
            }
        }
        Ok(None)
    }

    /// Whether a copy that was inserted for a claim that holds no more is the session all the same.
    ///
    /// It is where a later attempt claimed the version that it was made from, or a sweep settled it; the
    /// row then waits for the copy again. It is not where the session was deleted, or was brought back and
    /// archived as a newer version.
    async fn reclaim(
        &self,
        id: SessionId,
        token: RestoreToken,
        from: u64,
    ) -> Result<bool, StoreError> {
        let (archive, scope) = (&self.stores.archive, &Scope::All);
        let version = match archive.overview(scope, id, 0).await? {
            Some(row) if row.header.version == from => {
                let row = archive.claim_restore(scope, id, token, self.now()).await?;
                row.map(|row| row.session.version)
            }
            row => row.map(|row| row.header.version),
        };
        match version {
            Some(version) => Ok(version == from),
            // Deleted; or taken away because the copy was seen to be newer, so that it is the only one.
            None => Ok(!archive.is_buried(id).await?),
        }
    }
}

/// Names an attempt to bring a session back.
fn token(at: Timestamp) -> RestoreToken {
    RestoreToken(SessionId::at(at).uuid())
}
