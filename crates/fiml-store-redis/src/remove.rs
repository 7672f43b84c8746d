//! Removes sessions.

use fiml_session_core::{
    SessionId, UserId,
    store::{BoxError, Removal, Scope, StoreError},
};
use redis::Value;

use crate::{
    bytes::Place,
    change::{decimal, scope_argument},
    keys::Part,
    script::REMOVE,
    store::RedisStore,
};

impl RedisStore {
    /// Removes a session in scope if it has this version, or whatever version it has.
    pub(crate) async fn remove_session(
        &self,
        scope: &Scope,
        id: SessionId,
        version: Option<u64>,
    ) -> Result<Removal, StoreError> {
        let arguments = vec![
            id.uuid().as_bytes().to_vec(),
            scope_argument(scope),
            version.map(decimal).unwrap_or_default(),
        ];
        let call = self.changes(Some(id));
        let replied: Option<Vec<Value>> = self
            .script(call, &REMOVE, (id, Part::Removed), arguments)
            .await?;
        let Some(replied) = replied else {
            return Ok(Removal::Absent);
        };
        let mut replied = replied.into_iter();
        if replied.next() == Some(Value::Int(0)) {
            return Ok(Removal::Changed);
        }
        // It is gone, whatever becomes of its owner's index.
        match read(replied) {
            Ok((at, owner)) => self.leave_owner(call, owner.as_ref(), &at).await,
            // The mark of the removal is there for the listing that meets its entry.
            Err(error) => {
                tracing::warn!(session.id = %id, error, "a damaged session was removed; whose it was is unknown");
            }
        }
        Ok(Removal::Removed)
    }
}

/// The place and owner of what was removed.
fn read(mut reply: impl Iterator<Item = Value>) -> Result<(Place, Option<UserId>), BoxError> {
    let mut next = || reply.next().unwrap_or(Value::Nil);
    let at: Vec<u8> = redis::from_redis_value(next())?;
    let at = Place::try_from(at.as_slice())?;
    let owner: Option<String> = redis::from_redis_value(next())?;
    let owner = owner.map(UserId::try_from).transpose()?;
    Ok((at, owner))
}
