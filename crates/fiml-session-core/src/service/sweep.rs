//! The end of a session's life: ended, archived, deleted, and what a crash left half-way put right.

use std::{num::NonZeroUsize, time::Duration};

use futures_util::future::join_all;

use super::{ATTEMPTS, CONCURRENT_CALLS, RESTORE_HOLD, SessionStore, Stores};
use crate::{
    change::SessionChange,
    clock::Timestamp,
    error::{SessionError, error_chain},
    id::SessionId,
    metrics::SessionMetrics,
    store::{Removal, Scope, StageOutcome, StagedSession, StoreError, Unsettled, UnsettledState},
};

/// How many sessions one batch archives at most.
pub(super) const BATCH: NonZeroUsize = NonZeroUsize::new(100).expect("more than zero");
/// How many bytes of queries and entries a batch grows to before it is written.
const BATCH_BYTES: u64 = 32 << 20;
/// How long a tombstone refuses late copies of a deleted session.
const TOMBSTONE_LIFETIME: Duration = Duration::from_hours(7 * 24);

/// What became of one session that was to be archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Archived,
    Quarantined,
    /// Moved or deleted by somebody else; its live copy is gone.
    Gone,
    /// Changed meanwhile; it stays live.
    Left,
}

impl SessionStore {
    /// Moves a session into the archive, ending it first where it has not expired; true when it moved,
    /// false when it lay there already.
    pub async fn archive_session(
        &self,
        scope: &Scope,
        id: SessionId,
    ) -> Result<bool, SessionError> {
        let mut has_ended = false;
        for _ in 0..ATTEMPTS {
            let found = match self.overview(scope, id, 0).await {
                Err(SessionError::Active(source) | SessionError::Archive(source)) if has_ended => {
                    return Err(SessionError::Unconfirmed { id, source });
                }
                found => found?,
            };
            if found.is_archived {
                return Ok(false);
            }
            // An end that came of itself stays as it was, with the last change before it.
            if !found.header.is_expired(self.now())
                && self
                    .apply(scope, id, &SessionChange::Ended.into())
                    .await?
                    .is_none()
            {
                return self.is_archived(scope, id).await;
            }
            has_ended = true;
            let outcomes = self.archive_batch(&[id], self.now()).await;
            let outcomes = outcomes.map_err(|error| match error {
                SessionError::Active(source) | SessionError::Archive(source) => {
                    SessionError::Unconfirmed { id, source }
                }
                other => other,
            })?;
            match outcomes.as_slice() {
                [Outcome::Archived] => return Ok(true),
                [Outcome::Quarantined] => {
                    let reason = "it was set aside in quarantine";
                    return Err(SessionError::Active(unreadable(id, reason)));
                }
                // Changed by somebody else meanwhile: it is to be archived as it is now.
                [Outcome::Left] => {}
                _ => return self.is_archived(scope, id).await,
            }
        }
        Err(SessionError::Unsettled { id })
    }

    /// False, which says that somebody else archived it, or that there is no such session any more.
    async fn is_archived(&self, scope: &Scope, id: SessionId) -> Result<bool, SessionError> {
        let archived = self.stores.archive.overview(scope, id, 0).await;
        match archived.map_err(SessionError::Archive)? {
            Some(_) => Ok(false),
            None => Err(SessionError::NotFound { id }),
        }
    }

    /// Deletes a session for good, live or archived, with its figures; false where there is none in scope.
    pub async fn delete_session(&self, scope: &Scope, id: SessionId) -> Result<bool, SessionError> {
        let Stores {
            active, archive, ..
        } = &self.stores;
        match self.overview(scope, id, 0).await {
            Ok(_) => {}
            Err(SessionError::NotFound { .. }) => return Ok(false),
            // What cannot be read can still be deleted by whoever may see everything.
            Err(
                SessionError::Active(StoreError::Corrupt { .. })
                | SessionError::Archive(StoreError::Corrupt { .. }),
            ) if *scope == Scope::All => {}
            Err(error) => return Err(error),
        }
        // First the tombstone, so that no copy on its way into the archive can follow.
        if !archive
            .bury(scope, id, self.now())
            .await
            .map_err(SessionError::Archive)?
        {
            return Ok(false);
        }
        let unknown = |source| SessionError::Unconfirmed { id, source };
        active.remove(scope, id).await.map_err(unknown)?;
        Ok(true)
    }

    /// Archives those of the sessions that have expired at `due`, in the order given.
    pub(super) async fn archive_batch(
        &self,
        ids: &[SessionId],
        due: Timestamp,
    ) -> Result<Vec<Outcome>, SessionError> {
        let mut outcomes = Vec::with_capacity(ids.len());
        let (mut staged, mut bytes) = (Vec::new(), 0);
        for chunk in ids.chunks(CONCURRENT_CALLS) {
            let reads = chunk.iter().map(|&id| self.stores.active.snapshot(id));
            for (&id, read) in chunk.iter().zip(join_all(reads).await) {
                match read {
                    Ok(Some(snapshot)) if snapshot.session.is_expired(due) => {
                        let analysed = self.policy.enable_analytics;
                        let metrics = analysed.then(|| SessionMetrics::of(&snapshot.session));
                        bytes += snapshot.header().size_bytes;
                        staged.push(StagedSession { snapshot, metrics });
                        if bytes >= BATCH_BYTES {
                            outcomes.extend(self.move_batch(&staged).await?);
                            (staged, bytes) = (Vec::new(), 0);
                        }
                    }
                    Ok(Some(_)) => outcomes.push(Outcome::Left),
                    Ok(None) => outcomes.push(Outcome::Gone),
                    Err(
                        error @ StoreError::Corrupt {
                            id: Some(blamed), ..
                        },
                    ) if blamed == id => {
                        outcomes.push(self.set_aside(id, &error).await?);
                    }
                    Err(error) => return Err(SessionError::Active(error)),
                }
            }
        }
        outcomes.extend(self.move_batch(&staged).await?);
        Ok(outcomes)
    }

    async fn move_batch(&self, staged: &[StagedSession]) -> Result<Vec<Outcome>, SessionError> {
        if staged.is_empty() {
            return Ok(Vec::new());
        }
        let at = self.now();
        match self.stores.archive.stage(staged, at).await {
            Ok(rows) => {
                let moves: Vec<_> = staged.iter().zip(rows).collect();
                let mut outcomes = Vec::with_capacity(moves.len());
                // So many at once and no more, so that others find a connection too.
                for chunk in moves.chunks(CONCURRENT_CALLS) {
                    let moves = chunk.iter().map(|&(staged, row)| self.finish(staged, row));
                    for outcome in join_all(moves).await {
                        outcomes.push(outcome?);
                    }
                }
                Ok(outcomes)
            }
            Err(StoreError::Corrupt { id: Some(_), .. }) => self.move_each(staged, at).await,
            Err(error) => Err(SessionError::Archive(error)),
        }
    }

    /// Where one poisons the batch, each goes alone, and the one that the archive cannot take is set aside.
    async fn move_each(
        &self,
        staged: &[StagedSession],
        at: Timestamp,
    ) -> Result<Vec<Outcome>, SessionError> {
        let mut outcomes = Vec::with_capacity(staged.len());
        for alone in staged {
            let id = alone.snapshot.session.id;
            let stage = self
                .stores
                .archive
                .stage(std::slice::from_ref(alone), at)
                .await;
            outcomes.push(match stage {
                Ok(rows) => match rows.as_slice() {
                    [row] => self.finish(alone, *row).await?,
                    _ => Outcome::Left,
                },
                Err(
                    error @ StoreError::Corrupt {
                        id: Some(blamed), ..
                    },
                ) if blamed == id => self.set_aside(id, &error).await?,
                Err(error) => return Err(SessionError::Archive(error)),
            });
        }
        Ok(outcomes)
    }

    /// Removes the live copy of a staged session, then settles its row; or takes the row back where the
    /// session has changed meanwhile.
    async fn finish(
        &self,
        staged: &StagedSession,
        row: StageOutcome,
    ) -> Result<Outcome, SessionError> {
        let Stores {
            active, archive, ..
        } = &self.stores;
        let (id, version) = (staged.snapshot.session.id, staged.snapshot.session.version);
        let since = match row {
            StageOutcome::Staged { since } => since,
            // The archive knows better: what lies here is an old copy, or one of a deleted session.
            StageOutcome::Outdated | StageOutcome::Buried => {
                let removal = active.remove_unchanged(id, version).await;
                return Ok(match removal.map_err(SessionError::Active)? {
                    Removal::Removed | Removal::Absent => Outcome::Gone,
                    Removal::Changed => Outcome::Left,
                });
            }
        };
        let state = UnsettledState::Pending;
        let row = Unsettled {
            id,
            version,
            state,
            since,
        };
        let removal = active
            .remove_unchanged(id, version)
            .await
            .map_err(SessionError::Active)?;
        if removal == Removal::Changed {
            archive.discard(&row).await.map_err(SessionError::Archive)?;
            return Ok(Outcome::Left);
        }
        archive
            .settle(&row, self.now())
            .await
            .map_err(SessionError::Archive)?;
        // Whoever removed the live copy counts the move, so that each is counted once.
        Ok(if removal == Removal::Removed {
            Outcome::Archived
        } else {
            Outcome::Gone
        })
    }

    async fn set_aside(&self, id: SessionId, error: &StoreError) -> Result<Outcome, SessionError> {
        let reason = error_chain(error);
        let set = self.stores.active.quarantine(id, &reason, self.now()).await;
        Ok(if set.map_err(SessionError::Active)? {
            Outcome::Quarantined
        } else {
            Outcome::Gone
        })
    }

    /// Finishes or takes back every move that a crash left half-way; returns how many.
    pub(super) async fn reconcile(&self, at: Timestamp) -> Result<u64, SessionError> {
        let archive = &self.stores.archive;
        let (mut after, mut reconciled) = (None, 0);
        loop {
            let rows = archive
                .unsettled(after, BATCH)
                .await
                .map_err(SessionError::Archive)?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            for chunk in rows.chunks(CONCURRENT_CALLS) {
                let rows = chunk.iter().map(|row| self.reconcile_row(row, at));
                for moved in join_all(rows).await {
                    reconciled += u64::from(moved?);
                }
            }
        }
        let before = at.minus(TOMBSTONE_LIFETIME);
        archive
            .forget_buried(before)
            .await
            .map_err(SessionError::Archive)?;
        Ok(reconciled)
    }

    async fn reconcile_row(&self, row: &Unsettled, at: Timestamp) -> Result<bool, SessionError> {
        let Stores {
            active, archive, ..
        } = &self.stores;
        if row.state == UnsettledState::Buried {
            return match active.remove(&Scope::All, row.id).await {
                // One that cannot be taken apart stops nobody else's.
                Err(StoreError::Corrupt { .. }) => Ok(false),
                removed => removed.map_err(SessionError::Active),
            };
        }
        if row.state == UnsettledState::Restoring && at < row.since.plus(RESTORE_HOLD) {
            return Ok(false);
        }
        let live = match active.overview(&Scope::All, row.id, 0).await {
            Ok(live) => live.map(|live| live.header.version),
            Err(StoreError::Corrupt { .. }) => return Ok(false),
            Err(error) => return Err(SessionError::Active(error)),
        };
        match live {
            None => archive.settle(row, at).await.map_err(SessionError::Archive),
            Some(version) if version > row.version => {
                archive.discard(row).await.map_err(SessionError::Archive)
            }
            // An old copy, of a session that was brought back and archived again meanwhile; or the same one,
            // which somebody died about to extend.
            Some(version) if version < row.version || row.state == UnsettledState::Restoring => {
                let removal = active.remove_unchanged(row.id, version).await;
                Ok(removal.map_err(SessionError::Active)? == Removal::Removed
                    && archive
                        .settle(row, at)
                        .await
                        .map_err(SessionError::Archive)?)
            }
            // Staged, and not removed yet: the sweep takes it up again.
            Some(_) => Ok(false),
        }
    }
}

fn unreadable(id: SessionId, reason: &str) -> StoreError {
    StoreError::Corrupt {
        store: "the live store",
        id: Some(id),
        source: reason.into(),
    }
}
