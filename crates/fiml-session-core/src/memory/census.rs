//! The counts of live sessions, in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    clock::Timestamp,
    store::{ActiveCensus, Census, StoreError},
};

#[async_trait]
impl ActiveCensus for MemoryStore {
    async fn census(&self, at: Timestamp, due: Timestamp) -> Result<Census, StoreError> {
        let tables = self.tables();
        let mut census = Census {
            quarantined: tables.quarantine.len() as u64,
            ..Census::default()
        };
        let live = tables.active.iter();
        for (_, snapshot) in live.filter(|(id, _)| !tables.quarantine.contains_key(id)) {
            let session = &snapshot.session;
            census.active += u64::from(!session.is_expired(at));
            if session.is_expired(due) {
                census.waiting += 1;
                let earliest = census.oldest.unwrap_or(Timestamp::MAX);
                census.oldest = Some(session.expires_at.min(earliest));
            }
        }
        Ok(census)
    }
}
