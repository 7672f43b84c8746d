//! Applies a batch of changes, in one round trip.

use fiml_session_core::{
    Applied, ChangeBatch, Limits, SessionId, Timestamp,
    store::{Scope, StoreError},
};
use redis::Value;

use crate::{
    change::{append_arguments, appends_only, arguments, last_part},
    keys::Part,
    reply,
    script::{APPEND, APPLY},
    store::RedisStore,
};

impl RedisStore {
    pub(crate) async fn apply_batch(
        &self,
        scope: &Scope,
        id: SessionId,
        batch: &ChangeBatch,
        limits: &Limits,
        at: Timestamp,
    ) -> Result<Option<Applied>, StoreError> {
        let call = self.changes(Some(id));
        let replied: Value = if appends_only(batch) {
            let arguments = append_arguments(scope, batch, limits, at)?;
            self.script(call, &APPEND, (id, Part::Queries), arguments)
                .await?
        } else {
            let arguments = arguments(scope, id, batch, limits, at)?;
            self.script(call, &APPLY, (id, last_part(batch)), arguments)
                .await?
        };
        reply::read(id, replied, batch, limits)
    }
}
