//! What the tests act on.

use std::{sync::Arc, time::Duration};

use fiml_analytics::SessionAnalytics;
use fiml_session_core::{
    ManualClock, MemoryStore, NewSession, Policy, QueryRecord, SessionId, SessionStore,
    SessionType, Stores, Timestamp, store::Scope,
};

/// A service over a store in memory, with a clock of its own.
pub(crate) struct House {
    pub(crate) store: SessionStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) analytics: SessionAnalytics,
}

pub(crate) fn house(policy: Policy) -> House {
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(
        4_102_444_800_000_000,
    )));
    let stores = Stores::single(Arc::new(MemoryStore::new()));
    let store = SessionStore::new(stores, policy, Arc::<ManualClock>::clone(&clock));
    let analytics = SessionAnalytics::new(store.clone());
    House {
        store,
        clock,
        analytics,
    }
}

impl House {
    pub(crate) async fn session(
        &self,
        user: &str,
        session_type: SessionType,
        assets: &[&str],
        tags: &[&str],
    ) -> SessionId {
        let new = NewSession {
            user_id: Some(user.to_owned()),
            tags: tags.iter().map(ToString::to_string).collect(),
            ttl_hours: Some(1.0),
            ..NewSession::new(session_type, assets.iter().copied())
        };
        self.store
            .create_session(&Scope::All, &new, None)
            .await
            .unwrap()
            .session
            .id
    }

    pub(crate) async fn query(&self, id: SessionId, ms: f64, cache_hit: bool, error: Option<&str>) {
        self.clock.advance(Duration::from_secs(10));
        let query = QueryRecord {
            execution_time_ms: Some(ms),
            cache_hit,
            source: Some("file".to_owned()),
            error: error.map(ToOwned::to_owned),
            ..QueryRecord::new("equity_price")
        };
        self.store
            .record_query(&Scope::All, id, query, None)
            .await
            .unwrap();
    }
}
