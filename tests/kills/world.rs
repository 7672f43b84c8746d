//! The sessions of the test of killed archivers, and the service that writes to them.

use std::{sync::Arc, time::Duration};

use fiml_session_core::{
    ManualClock, NewSession, Policy, SessionId, SessionMetrics, SessionStore, SessionType,
    Timestamp, store::StagedSession,
};
use fiml_tests::place::Tiers;

use crate::{ALL, MINUTE, MINUTE_IN_HOURS};

/// The longest life that an extension gives, so that every archiver finds every session due.
pub(crate) const LONGEST_LIFE: Duration = Duration::from_mins(2);
/// How far the archivers' clock is ahead of the writers': past the longest life and the grace, and short of
/// the ten minutes for which the row of a session that was brought back stays.
const AHEAD: Duration = Duration::from_mins(5);

const CONTESTED: usize = 160;
const CALM: usize = 20;
const CONDEMNED: usize = 60;

/// Sessions on both tiers, and whose they are.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) tiers: Tiers,
    pub(crate) store: SessionStore,
    pub(crate) clock: Arc<ManualClock>,
    /// Archived all the time by those that run ahead, and brought back all the time by writers.
    pub(crate) contested: Vec<SessionId>,
    /// Far from their end.
    pub(crate) calm: Vec<SessionId>,
    /// To be deleted, each at some time.
    pub(crate) condemned: Vec<SessionId>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let tiers = Tiers::shared();
        let mut policy = Policy::default();
        policy.limits.max_ttl = LONGEST_LIFE;
        let (store, clock) = tiers.service(policy).await;
        let mut world = Self {
            tiers,
            store,
            clock,
            contested: Vec::new(),
            calm: Vec::new(),
            condemned: Vec::new(),
        };
        let unhurried = world.unhurried();
        world.contested = create(&world.store, CONTESTED, MINUTE_IN_HOURS).await;
        world.condemned = create(&world.store, CONDEMNED, MINUTE_IN_HOURS).await;
        world.calm = create(&unhurried, CALM, 24.0).await;
        world
    }

    /// The same service by the policy of every day.
    pub(crate) fn unhurried(&self) -> SessionStore {
        let stores = self.store.stores().clone();
        let clock = Arc::<ManualClock>::clone(&self.clock);
        SessionStore::new(stores, Policy::default(), clock)
    }

    /// The instant at which archivers believe to be.
    pub(crate) fn ahead(&self) -> Timestamp {
        self.store.now().plus(AHEAD)
    }

    /// Lets the time come at which archivers believed to be.
    pub(crate) fn catch_up(&self) {
        self.clock.set(self.ahead());
    }

    /// Lets the time pass for which the rows of sessions that were brought back stay.
    pub(crate) fn pass_the_hold(&self) {
        self.clock.advance(11 * MINUTE);
    }

    /// Every session but the condemned.
    pub(crate) fn lasting(&self) -> impl Iterator<Item = SessionId> {
        self.contested.iter().chain(&self.calm).copied()
    }

    /// Every session.
    pub(crate) fn everybody(&self) -> impl Iterator<Item = SessionId> {
        self.lasting().chain(self.condemned.iter().copied())
    }

    /// Does to some sessions what an archiver does that dies before it removes the live copy.
    pub(crate) async fn leave_staged(&self, ids: &[SessionId]) {
        let stores = self.store.stores();
        let mut staged = Vec::new();
        for &id in ids {
            let snapshot = stores.active.snapshot(id).await.unwrap().unwrap();
            let metrics = Some(SessionMetrics::of(&snapshot.session));
            staged.push(StagedSession { snapshot, metrics });
        }
        stores.archive.stage(&staged, self.ahead()).await.unwrap();
    }
}

/// Creates sessions that live so long.
pub(crate) async fn create(store: &SessionStore, count: usize, hours: f64) -> Vec<SessionId> {
    let new = NewSession {
        user_id: Some("ann".to_owned()),
        ttl_hours: Some(hours),
        ..NewSession::new(SessionType::Equity, ["AAPL"])
    };
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        let created = store.create_session(&ALL, &new, None).await;
        ids.push(created.unwrap().session.id);
    }
    ids
}
