//! The index of each owner's sessions, which lies in another slot than they do.
//!
//! An entry is made before its session and again after it, and taken away after a removal. A removed session
//! leaves a mark in its bucket until its entry has gone: only with that mark is an entry without a session
//! known to be one too many. Whoever finds that another was at work looks again until both agree.

use fiml_session_core::{UserId, store::StoreError};
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
    /// An entry without its session does no harm, so it may be made twice.
    pub(crate) async fn enter_owner(
        &self,
        call: Call,
        owner: Option<&UserId>,
        at: &Place,
    ) -> Result<bool, StoreError> {
        let mut enter = cmd("ZADD");
        enter.arg(self.keys.owner(owner)).arg(0).arg(at);
        self.command(call.reading(place_id(at)), &enter).await
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
            tracing::warn!(session.id = %id, %error, "an owner's list may still name a session that is not there");
        }
    }

    /// Takes away the entries among these, whose sessions were not found, of which the sessions were removed,
    /// as far as the time of the call goes; the rest is left to the next listing.
    pub(crate) async fn heal_owner(&self, call: Call, owner: Option<&UserId>, places: &[Place]) {
        let marks = places.iter().map(|at| {
            let id = place_id(at);
            let mut look = cmd("HEXISTS");
            look.arg(self.keys.of(id, Part::Removed))
                .arg(id.uuid().as_bytes());
            (Some(id), look)
        });
        let marks: Vec<bool> = match self.link.reads(call, marks.collect()).await {
            Ok(marks) => marks,
            Err(error) => {
                tracing::debug!(%error, "whether listed sessions were removed is left to the next listing");
                return;
            }
        };
        for (at, was_removed) in places.iter().zip(marks) {
            if call.deadline.has_passed() {
                return;
            }
            if was_removed {
                self.leave_owner(call.changing(place_id(at)), owner, at)
                    .await;
            }
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
            let disagreed = if self.is_at(call, owner, at).await? {
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
        Ok(came_back && self.is_at(call, owner, at).await?)
    }

    async fn is_at(
        &self,
        call: Call,
        owner: Option<&UserId>,
        at: &Place,
    ) -> Result<bool, StoreError> {
        let id = place_id(at);
        let header = self.header(call.reading(id), id).await?;
        Ok(header.is_some_and(|header| {
            header.user_id.as_ref() == owner && place(header.created_at, id) == *at
        }))
    }
}
