//! What was measured on the original, line by line, on Redis and PostgreSQL: none of it may happen here.
//!
//! The table is in `ARCHITECTURE.md`; each line is one test.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod archiving;
mod listing;
mod refusing;
mod starting;
mod writing;

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use fiml_session_core::{
    ListRequest, ManualClock, NewSession, Policy, QueryRecord, SessionId, SessionPage,
    SessionStore, SessionType, store::Scope,
};
use fiml_tests::place::Tiers;

const ALL: Scope = Scope::All;
const HOUR: Duration = Duration::from_hours(1);
const MANY: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

/// A service on a part of its own of two servers, and its clock.
struct House {
    tiers: Tiers,
    store: SessionStore,
    clock: Arc<ManualClock>,
}

impl House {
    async fn new() -> Self {
        Self::with(Policy::default()).await
    }

    async fn with(policy: Policy) -> Self {
        let tiers = Tiers::shared();
        let (store, clock) = tiers.service(policy).await;
        Self {
            tiers,
            store,
            clock,
        }
    }

    /// A session of ann's that lives for an hour.
    async fn create(&self) -> SessionId {
        let new = NewSession {
            user_id: Some("ann".to_owned()),
            ttl_hours: Some(1.0),
            ..NewSession::new(SessionType::Equity, ["AAPL"])
        };
        let created = self.store.create_session(&ALL, &new, None).await;
        created.unwrap().session.id
    }

    async fn create_many(&self, count: usize) -> Vec<SessionId> {
        let mut ids = Vec::with_capacity(count);
        for _ in 0..count {
            ids.push(self.create().await);
            // Each a moment after the other, so that newest first has one meaning.
            self.clock.advance(Duration::from_millis(1));
        }
        ids
    }

    async fn ask(&self, id: SessionId, marker: &str) {
        let query = QueryRecord::new(marker);
        let asked = self.store.record_query(&ALL, id, query, None).await;
        asked.unwrap();
    }

    async fn expire_and_clean(&self) -> u64 {
        self.clock.advance(2 * HOUR);
        let report = self.store.cleanup_expired_sessions().await.unwrap();
        assert_eq!(report.quarantined, 0);
        report.archived
    }

    async fn list(&self, include_archived: bool) -> SessionPage {
        let request = ListRequest {
            user_id: Some("ann".to_owned()),
            include_archived,
            limit: ListRequest::MAX_LIMIT,
            ..ListRequest::default()
        };
        self.store.list_user_sessions(&ALL, &request).await.unwrap()
    }

    /// In how many tiers the session lies: live, and in the archive.
    async fn tiers_of(&self, id: SessionId) -> (bool, bool) {
        let stores = self.store.stores();
        let live = stores.active.get(&ALL, id).await.unwrap().is_some();
        let archived = stores.archive.get(&ALL, id).await.unwrap().is_some();
        (live, archived)
    }
}
