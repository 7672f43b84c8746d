//! What a program does, and what it is answered.

use std::{num::NonZeroUsize, time::Duration};

use fiml_session_core::{
    Applied, CleanupReport, ErrorCode, IdempotencyKey, NewSession, QueryRecord, Session,
    SessionError, SessionStore, SessionType, Timestamp, store::Scope,
};

use crate::desk::Desk;

/// One call to the service, or the passing of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Clean up, as the job does.
    Sweep,
    /// Archive by hand.
    Archive,
    /// Extend by an hour.
    Extend,
    /// Extend by an hour under a key.
    ExtendOnce(&'static str),
    /// Append a query of its own.
    Append,
    /// Append a query under a key, which is its name too.
    AppendOnce(&'static str),
    /// Delete.
    Delete,
    /// Read the whole session.
    Read,
    /// Read the overview.
    Look,
    /// Create under the one key of the scenario.
    Create,
    /// Purge all that is settled in the archive.
    Purge,
    /// Let time pass.
    Wait(Duration),
}

/// What a call was answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Swept(CleanupReport),
    Archived(bool),
    Extended(Applied),
    Appended(Applied),
    Deleted(bool),
    Found(Box<Session>),
    Seen,
    Created,
    Purged(u64),
    Waited,
    Failed(ErrorCode),
}

pub(crate) fn creation_key() -> IdempotencyKey {
    IdempotencyKey::new("creation", &"AAPL").unwrap()
}

impl Act {
    /// Whether there may be no such session afterwards.
    pub(crate) const fn ends_it(self) -> bool {
        matches!(self, Self::Delete | Self::Purge)
    }

    /// Whether there may be a live copy afterwards where there was none.
    pub(crate) const fn brings_it(self) -> bool {
        matches!(self, Self::Extend | Self::ExtendOnce(_) | Self::Create)
    }

    pub(crate) async fn run(self, service: &SessionStore, desk: &Desk, name: &str) -> Answer {
        let answer = self.call(service, desk, name).await;
        answer.unwrap_or_else(|error| Answer::Failed(error.code()))
    }

    async fn call(
        self,
        service: &SessionStore,
        desk: &Desk,
        name: &str,
    ) -> Result<Answer, SessionError> {
        let (scope, id) = (&Scope::All, desk.id());
        let key = match self {
            Self::ExtendOnce(key) => Some(IdempotencyKey::new(key, &1.0)?),
            Self::AppendOnce(key) => Some(IdempotencyKey::new(key, &name)?),
            _ => None,
        };
        let key = key.as_ref();
        Ok(match self {
            Self::Sweep => Answer::Swept(service.cleanup_expired_sessions().await?),
            Self::Archive => Answer::Archived(service.archive_session(scope, id).await?),
            Self::Extend | Self::ExtendOnce(_) => {
                Answer::Extended(service.extend_session(scope, id, 1.0, key).await?)
            }
            Self::Append | Self::AppendOnce(_) => {
                let query = QueryRecord::new(name);
                Answer::Appended(service.record_query(scope, id, query, key).await?)
            }
            Self::Delete => Answer::Deleted(service.delete_session(scope, id).await?),
            Self::Read => Answer::Found(Box::new(service.get_session(scope, id).await?)),
            Self::Look => {
                service.overview(scope, id, 5).await?;
                Answer::Seen
            }
            Self::Create => {
                let new = NewSession::new(SessionType::Equity, ["AAPL"]);
                let key = creation_key();
                service.create_session(scope, &new, Some(&key)).await?;
                Answer::Created
            }
            Self::Purge => {
                let (archive, all) = (&service.stores().archive, Timestamp::MAX);
                let purged = archive.purge_before(all, NonZeroUsize::MAX).await;
                Answer::Purged(purged.map_err(SessionError::Archive)?)
            }
            Self::Wait(by) => {
                desk.pass(by).await;
                Answer::Waited
            }
        })
    }
}
