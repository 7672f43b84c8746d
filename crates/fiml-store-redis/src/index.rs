//! The index of each owner's sessions, which lies in another slot than they do.
//!
//! An entry is made before its session and again after it, and taken away after a removal. A removed session
//! leaves a mark in its bucket until its entry has gone: only with that mark is an entry without a session
//! known to be one too many. Whoever finds that another was at work looks again until both agree.

use fiml_session_core::{SessionId, UserId, store::StoreError};
use redis::cmd;

use crate::{
    bytes::{Place, place, place_id},
    keys::Part,
    link::Call,
    script::{Operands, SETTLE},
    store::RedisStore,
};

impl RedisStore {
    /// Makes an owner's index name a session; true where it did not.
    ///
    /// An entry without its session does no harm, so whatever fails here was not done.
    pub(crate) async fn enter_owner(
        &self,
        call: Call,
        owner: Option<&UserId>,
        at: &Place,
    ) -> Result<bool, StoreError> {
        let mut enter = cmd("ZADD");
        enter.arg(self.keys.owner(owner)).arg(0).arg(at);
        self.command(call, &enter).await
    }

    /// Enters a session again that was just stored, in case a removal before took away its entry after it
    /// was made.
    pub(crate) async fn confirm_owner(&self, call: Call, owner: Option<&UserId>, at: &Place) {
        let confirmed = match self.enter_owner(call, owner, at).await {
            Ok(true) => self.agree(call, owner, at).await,
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = confirmed {
            let id = place_id(at);
            tracing::warn!(session.id = %id, %error, "a new session may be missing in its owner's list");
        }
    }

    /// Makes an owner's index forget a session that is gone, then forgets the mark of its removal.
    ///
    /// What fails here is made good by the next listing that meets the entry.
    pub(crate) async fn leave_owner(&self, call: Call, owner: Option<&UserId>, at: &Place) {
        let left = match self.leave(call, owner, at).await {
            Ok(true) => self.agree(call, owner, at).await,
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = left {
            let id = place_id(at);
            tracing::warn!(session.id = %id, %error, "an owner's list still names a removed session");
        }
    }

    /// Takes away an entry whose session was not found, if the session was removed.
    pub(crate) async fn heal_owner(&self, owner: Option<&UserId>, at: &Place) {
        let id = place_id(at);
        if self.was_removed(id).await.unwrap_or(false) {
            self.leave_owner(self.changes(Some(id)), owner, at).await;
        }
    }

    /// Enters or leaves until entry and session were seen to agree.
    async fn agree(
        &self,
        call: Call,
        owner: Option<&UserId>,
        at: &Place,
    ) -> Result<(), StoreError> {
        loop {
            let disagreed = if self.is_at(owner, at).await? {
                self.enter_owner(call, owner, at).await?
            } else {
                self.leave(call, owner, at).await?
            };
            if !disagreed {
                return Ok(());
            }
        }
    }

    /// Takes an entry away, then the mark of the removal; true where the session has come back meanwhile.
    async fn leave(
        &self,
        call: Call,
        owner: Option<&UserId>,
        at: &Place,
    ) -> Result<bool, StoreError> {
        let id = place_id(at);
        let mut leave = cmd("ZREM");
        leave.arg(self.keys.owner(owner)).arg(at);
        let () = self.command(call, &leave).await?;
        let operands = Operands {
            keys: vec![
                self.keys.of(id, Part::Header),
                self.keys.of(id, Part::Removed),
            ],
            arguments: vec![id.uuid().as_bytes().to_vec()],
        };
        let came_back: bool = self.link.script(call, &SETTLE, &operands).await?;
        // A session of the same id that is another's, or of another instant, has another entry.
        Ok(came_back && self.is_at(owner, at).await?)
    }

    async fn is_at(&self, owner: Option<&UserId>, at: &Place) -> Result<bool, StoreError> {
        let id = place_id(at);
        let header = self.header(id).await?;
        Ok(header.is_some_and(|header| {
            header.user_id.as_ref() == owner && place(header.created_at, id) == *at
        }))
    }

    async fn was_removed(&self, id: SessionId) -> Result<bool, StoreError> {
        let mut look = cmd("HEXISTS");
        look.arg(self.keys.of(id, Part::Removed))
            .arg(id.uuid().as_bytes());
        self.command(self.reads(Some(id)), &look).await
    }
}
