//! Applies a batch of changes, mostly in one round trip.

use fiml_session_core::{
    Applied, ChangeBatch, HeldEntries, Limits, SessionChange, SessionId, Timestamp, admit,
    store::{Scope, StoreError},
};
use redis::Value;

use crate::{
    change::{append_arguments, appends_only, arguments, last_part, scope_argument},
    error::corrupt,
    header, item,
    keys::Part,
    link::Call,
    reply,
    script::{APPEND, APPEND_TO_SEEN, APPLY},
    store::RedisStore,
    tally,
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
        let seen = self.seen.take(id);
        let replied: Value = if appends_only(batch) {
            if let Some(seen) = seen {
                let appended = self.append_to_seen((call, id), scope, &seen, (batch, limits, at));
                if let Some(applied) = appended.await? {
                    return Ok(Some(applied));
                }
            }
            let arguments = append_arguments(scope, batch, limits, at)?;
            let replied = self
                .script(call, &APPEND, (id, Part::Queries), arguments)
                .await?;
            // Not where they were outdated: then others add to it too, and would outdate these.
            if let (None, Value::BulkString(numbers)) = (seen, &replied)
                && let Ok(numbers) = numbers.as_slice().try_into()
            {
                self.seen.put(id, numbers);
            }
            replied
        } else {
            let arguments = arguments(scope, id, batch, limits, at)?;
            self.script(call, &APPLY, (id, last_part(batch)), arguments)
                .await?
        };
        reply::read(id, replied, batch, limits)
    }

    /// Appends a query to a session that still has the numbers that were seen; none where it was not appended,
    /// for whatever reason.
    async fn append_to_seen(
        &self,
        (call, id): (Call, SessionId),
        scope: &Scope,
        seen: &header::Numbers,
        (batch, limits, at): (&ChangeBatch, &Limits, Timestamp),
    ) -> Result<Option<Applied>, StoreError> {
        let [SessionChange::QueryAdded { .. }] = batch.changes.as_slice() else {
            return Ok(None);
        };
        let before = header::of_numbers(id, seen).map_err(|source| corrupt(Some(id), source))?;
        // To refuse is left to the script that knows what the session has become.
        let Ok(next) = admit(&before, HeldEntries::new(), batch, limits, at) else {
            return Ok(None);
        };
        let numbers = header::numbers(&next.header)?;
        let mut told = vec![scope_argument(scope), seen.to_vec(), numbers.to_vec()];
        for (query, _) in &next.queries {
            told.push(item::encode(query)?);
            told.extend(tally::fields(query));
        }
        let appended: bool = self
            .script(call, &APPEND_TO_SEEN, (id, Part::Queries), told)
            .await?;
        if !appended {
            return Ok(None);
        }
        self.seen.put(id, numbers);
        Ok(Some(next.applied))
    }
}
