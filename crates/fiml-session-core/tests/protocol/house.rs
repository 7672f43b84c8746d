//! A service whose tiers can be stopped in the middle.

use std::{sync::Arc, time::Duration};

use fiml_session_core::{
    ListRequest, ManualClock, MemoryStore, NewSession, Policy, SessionId, SessionStore,
    SessionType, Stores, Timestamp,
    store::{Scope, StoreError},
};

use crate::hooked::Hooked;

/// A service whose tiers can be stopped in the middle, and one on the same data that cannot.
pub(crate) struct House {
    pub(crate) active: Arc<Hooked>,
    pub(crate) archive: Arc<Hooked>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) service: SessionStore,
    pub(crate) other: SessionStore,
}

pub(crate) fn house() -> House {
    let memory = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(
        4_102_444_800_000_000,
    )));
    let (active, archive) = (
        Arc::new(Hooked::over(&memory)),
        Arc::new(Hooked::over(&memory)),
    );
    let stores = Stores {
        active: Arc::<Hooked>::clone(&active),
        archive: Arc::<Hooked>::clone(&archive),
        metrics: Arc::<MemoryStore>::clone(&memory),
    };
    let service =
        |stores| SessionStore::new(stores, Policy::default(), Arc::<ManualClock>::clone(&clock));
    House {
        service: service(stores),
        other: service(Stores::single(memory)),
        active,
        archive,
        clock,
    }
}

impl House {
    pub(crate) async fn session(&self, tags: &[&str]) -> SessionId {
        let new = NewSession {
            tags: tags.iter().map(ToString::to_string).collect(),
            ..NewSession::new(SessionType::Equity, ["AAPL"])
        };
        self.other
            .create_session(&Scope::All, &new, None)
            .await
            .unwrap()
            .session
            .id
    }

    pub(crate) async fn archived(&self) -> SessionId {
        let id = self.session(&[]).await;
        assert!(self.other.archive_session(&Scope::All, id).await.unwrap());
        id
    }

    pub(crate) async fn expired(&self, count: usize) -> Vec<SessionId> {
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(self.session(&[]).await);
        }
        self.clock.advance(Duration::from_hours(25));
        ids
    }
}

pub(crate) fn unavailable() -> StoreError {
    StoreError::Unavailable {
        store: "the store",
        source: "down".into(),
    }
}

pub(crate) fn failed() -> StoreError {
    StoreError::Backend {
        store: "the store",
        source: "disk I/O error".into(),
    }
}

pub(crate) fn all() -> ListRequest {
    ListRequest {
        include_archived: true,
        ..ListRequest::default()
    }
}
