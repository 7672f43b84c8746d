//! Two tiers, one session, and a service on them whose every call to a port is a step.

use std::{
    num::NonZeroUsize,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use fiml_session_core::{
    Clock, Limits, ManualClock, MemoryStore, Policy, QueryRecord, Session, SessionChange,
    SessionId, SessionSnapshot, SessionState, SessionStore, SessionType, Stores, Timestamp,
    store::{ActiveStore, ArchiveStore, MetricsFilter, MetricsStore, Reservation, Scope},
};

use crate::{
    act::{Act, creation_key},
    desk::Desk,
    gated::{Fault, Gated},
};

/// When every scenario begins.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(4_102_444_800_000_000);
pub(crate) const HOUR: Duration = Duration::from_hours(1);
/// Longer than a restored session's archive row is held, and than the grace of the sweep.
pub(crate) const HOLD: Duration = Duration::from_mins(11);
/// The query that the session holds from the start.
pub(crate) const FIRST_QUERY: &str = "first query";

/// How the session stands when the programs begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// There is none, and none was asked for.
    Absent,
    /// A process was promised an id for it and died.
    Reserved,
    /// Live, with an hour to go.
    Live,
    /// Live, and expired an hour ago.
    Expired,
    /// In the archive.
    Archived,
    /// Live with an hour to go, just back from the archive, which holds its row for a while.
    Restored,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) start: Start,
    pub(crate) desk: Arc<Desk>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) live: Arc<MemoryStore>,
    pub(crate) archive: Arc<MemoryStore>,
    /// Takes a step at every call.
    pub(crate) service: SessionStore,
}

impl World {
    pub(crate) fn new(start: Start, programs: &[Vec<Act>], fault: Option<Fault>) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let id = SessionId::from_uuid(uuid::Uuid::from_u128(
            0x03bb_2cc3_d800_7000_8000_0000_0000_0001,
        ));
        let desk = Arc::new(Desk::new(&clock, id, programs));
        let (live, archive) = (Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new()));
        let gated = |inner: &Arc<MemoryStore>| Gated {
            inner: Arc::clone(inner),
            desk: Arc::clone(&desk),
            fault,
        };
        let stores = Stores {
            active: Arc::new(gated(&live)),
            archive: Arc::new(gated(&archive)),
            metrics: Arc::<MemoryStore>::clone(&archive),
        };
        let service =
            SessionStore::new(stores, Policy::default(), Arc::<ManualClock>::clone(&clock));
        let world = Self {
            start,
            desk,
            clock,
            live,
            archive,
            service,
        };
        world.begin(id);
        world
    }

    fn begin(&self, id: SessionId) {
        let (scope, service) = (&Scope::All, self.fresh_service());
        match self.start {
            Start::Absent => {}
            Start::Reserved => {
                let promise = Reservation {
                    key: creation_key(),
                    id,
                    created_at: NOW,
                    expires_at: NOW.plus(24 * HOUR),
                };
                finished(self.live.reserve(None, &promise)).unwrap();
            }
            Start::Live => self.insert(id, NOW.plus(HOUR)),
            Start::Expired => self.insert(id, NOW.minus(HOUR)),
            Start::Archived | Start::Restored => {
                self.insert(id, NOW.minus(HOUR));
                finished(service.cleanup_expired_sessions()).unwrap();
            }
        }
        if self.start == Start::Restored {
            finished(service.extend_session(scope, id, 1.0, None)).unwrap();
        }
    }

    fn insert(&self, id: SessionId, expires_at: Timestamp) {
        let created_at = NOW.minus(24 * HOUR);
        let mut snapshot = SessionSnapshot::from(Session {
            id,
            user_id: None,
            session_type: SessionType::Equity,
            assets: vec!["AAPL".parse().unwrap()],
            tags: Vec::new(),
            created_at,
            expires_at,
            last_accessed_at: created_at,
            version: 1,
            state: SessionState::default(),
        });
        let query = QueryRecord::new(FIRST_QUERY);
        let change = SessionChange::QueryAdded { query };
        snapshot
            .apply(&change.into(), &Limits::default(), created_at)
            .unwrap();
        finished(self.live.insert(&snapshot)).unwrap();
    }

    /// A process that has just started, whose calls do not wait.
    pub(crate) fn fresh_service(&self) -> SessionStore {
        let stores = Stores {
            active: Arc::<MemoryStore>::clone(&self.live),
            archive: Arc::<MemoryStore>::clone(&self.archive),
            metrics: Arc::<MemoryStore>::clone(&self.archive),
        };
        let clock = Arc::<ManualClock>::clone(&self.clock);
        SessionStore::new(stores, Policy::default(), clock)
    }

    pub(crate) fn live_copy(&self) -> Option<SessionSnapshot> {
        finished(self.live.snapshot(self.desk.id())).unwrap()
    }

    pub(crate) fn archived_copy(&self) -> Option<SessionSnapshot> {
        let id = self.desk.id();
        finished(ArchiveStore::get(&*self.archive, &Scope::All, id)).unwrap()
    }

    /// The session as a reader finds it who reads both tiers at once.
    pub(crate) fn view(&self) -> Option<Session> {
        let found = self.live_copy().or_else(|| self.archived_copy());
        found.map(|snapshot| snapshot.session)
    }

    /// How many sessions and how many queries the figures of the archive count.
    pub(crate) fn counted(&self) -> (u64, u64) {
        let (filter, nobody) = (MetricsFilter::default(), std::collections::BTreeSet::new());
        let now = self.clock.now();
        let digest = self.archive.digest(&Scope::All, &filter, &nobody, now);
        let digest = finished(digest).unwrap();
        (digest.sessions, digest.total_queries)
    }

    /// What the archive waits for, in words.
    pub(crate) fn unsettled(&self) -> String {
        let rows = finished(self.archive.unsettled(None, NonZeroUsize::MIN)).unwrap();
        format!("{rows:?}")
    }

    pub(crate) fn is_buried(&self) -> bool {
        finished(self.archive.is_buried(self.desk.id())).unwrap()
    }

    /// Everything that what follows depends on, as one number.
    pub(crate) fn digest(&self) -> u64 {
        let stored = format!(
            "{:?} {:?} {} {:?}",
            self.live_copy(),
            self.archived_copy(),
            self.unsettled(),
            self.counted()
        );
        self.desk.digest(stored)
    }
}

/// The outcome of a future that never waits.
pub(crate) fn finished<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => unreachable!("stores in memory never wait"),
    }
}
