//! Finds the sessions that have expired.

use std::num::NonZeroUsize;

use fiml_session_core::{SessionId, Timestamp, store::StoreError};
use redis::cmd;

use crate::{
    bytes::{Place, instant_bytes, place_id},
    header::expires_at,
    keys::{BUCKETS, Part},
    link::Call,
    store::RedisStore,
    walk::{Stretch, Walk},
};

impl RedisStore {
    pub(crate) async fn list_expired(
        &self,
        at: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let keys = (0..BUCKETS).map(|bucket| self.keys.of_bucket(bucket, Part::Expiry));
        let (stretch, limit) = (Stretch::earliest_first(at), limit.get());
        let mut walk = Walk::new(self, keys.collect(), stretch, limit);
        let call = self.reads(None);
        let mut listed = Vec::new();
        while listed.len() < limit {
            let places = walk.next(call, limit - listed.len()).await?;
            if places.is_empty() {
                break;
            }
            let are_held = self.are_held(call, &places).await?;
            let held = places.iter().zip(are_held).filter(|(_, is_held)| *is_held);
            listed.extend(held.map(|(place, _)| place_id(place)));
        }
        Ok(listed)
    }

    /// Whether there is a session for each place: a place whose session is gone, or expires at another
    /// instant, would be found by every sweep and lead nowhere. One that is damaged is there.
    async fn are_held(&self, call: Call, places: &[Place]) -> Result<Vec<bool>, StoreError> {
        let reads = places.iter().map(|place| {
            let id = place_id(place);
            let mut read = cmd("HMGET");
            read.arg(self.keys.of(id, Part::Header)).arg(&["m", "n"]);
            (Some(id), read)
        });
        let found: Vec<Result<[Option<Vec<u8>>; 2], _>> = self
            .link
            .reads_where_readable(call, reads.collect())
            .await?;
        let held = found
            .into_iter()
            .zip(places)
            .map(|(found, place)| match found {
                Ok([None, None]) => false,
                Ok([_, Some(numbers)]) => {
                    expires_at(&numbers).is_none_or(|instant| instant_bytes(instant) == place[..8])
                }
                Ok([Some(_), None]) | Err(_) => true,
            });
        Ok(held.collect())
    }
}
