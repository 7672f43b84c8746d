//! Promises ids to calls that create.

use std::time::Duration;

use fiml_session_core::{
    IdempotencyKey, UserId,
    store::{Reservation, StoreError},
};

use crate::{
    bytes::instant_bytes,
    change::decimal,
    error::{corrupt, failed},
    script::{Operands, RESERVE},
    store::RedisStore,
};

/// How long the server keeps a reservation before it clears it away, by its own clock; longer than any is
/// remembered, because what is remembered is decided by the instants of the calls.
const KEPT_BY_SERVER: Duration = IdempotencyKey::LIFETIME.saturating_add(Duration::from_hours(2));

impl RedisStore {
    pub(crate) async fn reserve_id(
        &self,
        owner: Option<&UserId>,
        offered: &Reservation,
    ) -> Result<Reservation, StoreError> {
        let created_at = instant_bytes(offered.created_at).to_vec();
        let mut value = created_at.clone();
        serde_json::to_writer(&mut value, offered).map_err(failed)?;
        let lifetime = u64::try_from(KEPT_BY_SERVER.as_millis()).map_err(failed)?;
        let operands = Operands {
            keys: vec![self.keys.reservation(owner, &offered.key)],
            arguments: vec![created_at, value, decimal(lifetime)],
        };
        let call = self.changes(None);
        let held: Option<Vec<u8>> = self.link.script(call, &RESERVE, &operands).await?;
        match held {
            None => Ok(offered.clone()),
            Some(held) => {
                let json = held.get(8..).unwrap_or_default();
                serde_json::from_slice(json).map_err(|source| corrupt(None, source))
            }
        }
    }
}
