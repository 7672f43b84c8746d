//! Both sides of a comparison, and the sequence's progress.

use std::{collections::BTreeSet, sync::Arc};

use fiml_session_core::{
    ManualClock, MemoryStore, Policy, SessionId, SessionSnapshot, SessionStore, Stores, Timestamp,
    store::{MetricsFilter, Page, Scope, SessionFilter},
};

use super::{
    answer::{compare, row, stored},
    operation::Operation,
    parts::{Slot, limits},
};
use crate::fixtures::{MANY, START, id, unsettled_row};

/// The two sides, which share a clock.
pub(super) struct World {
    clock: Arc<ManualClock>,
    memory: Side,
    tested: Side,
    known: Known,
}

/// What a sequence knows by itself: both sides are asked with the same.
pub(super) struct Known {
    /// The sessions that were created, the newest last.
    ids: Vec<SessionId>,
    /// The present instant.
    pub(super) now: Timestamp,
    /// How many steps were made.
    pub(super) steps: u32,
}

impl Known {
    pub(super) fn id(&self, slot: Slot) -> SessionId {
        let places = self.ids.len().min(usize::from(Slot::MISSING));
        if slot.0 == Slot::MISSING || places == 0 {
            return id(0);
        }
        self.ids[self.ids.len() - 1 - usize::from(slot.0) % places]
    }

    /// The id of the session that this step may create.
    pub(super) fn next_id(&self) -> SessionId {
        id(self.steps)
    }
}

impl World {
    pub(super) fn new(tested: Stores) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let side = |stores| {
            let policy = Policy {
                limits: limits(),
                ..Policy::default()
            };
            let clock = Arc::<ManualClock>::clone(&clock);
            Side {
                service: SessionStore::new(stores, policy, clock),
            }
        };
        Self {
            memory: side(Stores::single(Arc::new(MemoryStore::new()))),
            tested: side(tested),
            clock,
            known: Known {
                ids: Vec::new(),
                now: START,
                steps: 0,
            },
        }
    }

    /// Makes a step on both sides and compares their answers, and the session it was about.
    pub(super) async fn step(&mut self, operation: &Operation) -> Result<(), String> {
        let known = &mut self.known;
        known.steps += 1;
        known.now = match operation {
            Operation::Advance(by) => known.now.plus(*by),
            Operation::Rewind(by) => known.now.minus(*by),
            _ => known.now,
        };
        self.clock.set(known.now);
        let known = &self.known;
        let expected = operation.perform(&self.memory, known).await;
        let found = operation.perform(&self.tested, known).await;
        let step = |what| format!("step {}, {operation:#?}: {what}", known.steps);
        compare(&step("the answer"), &expected, &found)?;
        if let Some(slot) = operation.slot() {
            let what = step("the session");
            self.compare_session(known.id(slot), &what).await?;
        }
        let created = known.next_id();
        if self.memory.held(created).await.is_some() {
            self.known.ids.push(created);
        }
        Ok(())
    }

    /// Compares everything that both sides hold.
    pub(super) async fn end(&self) -> Result<(), String> {
        let expected = self.memory.everything(self.known.now).await;
        let found = self.tested.everything(self.known.now).await;
        compare("at the end: all", &expected, &found)?;
        for &id in &self.known.ids {
            self.compare_session(id, "at the end: the session").await?;
        }
        Ok(())
    }

    async fn compare_session(&self, id: SessionId, what: &str) -> Result<(), String> {
        let expected = self.memory.session(id).await;
        let found = self.tested.session(id).await;
        compare(what, &expected, &found)
    }
}

/// One side: a store and the service on it.
pub(super) struct Side {
    pub(super) service: SessionStore,
}

impl Side {
    /// The session as either tier holds it.
    pub(super) async fn held(&self, id: SessionId) -> Option<SessionSnapshot> {
        let stores = self.service.stores();
        let live = stores.active.snapshot(id).await.unwrap();
        match live {
            Some(live) => Some(live),
            None => stores.archive.get(&Scope::All, id).await.unwrap(),
        }
    }

    /// All that is known of one session, in both tiers.
    async fn session(&self, id: SessionId) -> String {
        let (all, stores) = (Scope::All, self.service.stores());
        let (active, archive) = (&stores.active, &stores.archive);
        [
            stored(active.snapshot(id).await),
            stored(active.overview(&all, id, 3).await),
            stored(archive.get(&all, id).await),
            stored(archive.overview(&all, id, 3).await),
            stored(archive.is_buried(id).await),
            format!("{:#?}", unsettled_row(&**archive, id).await.map(row)),
        ]
        .join("\n")
    }

    /// All lists and figures.
    async fn everything(&self, now: Timestamp) -> String {
        let (all, stores) = (Scope::All, self.service.stores());
        let (active, archive) = (&stores.active, &stores.archive);
        let page = Page {
            after: None,
            limit: MANY,
        };
        let (any, anything) = (SessionFilter::default(), MetricsFilter::default());
        let live: BTreeSet<_> = active
            .ids(&all, &any, MANY)
            .await
            .unwrap()
            .into_iter()
            .collect();
        let digest = stores.metrics.digest(&all, &anything, &live, now).await;
        let metrics = active.metrics(&all, &anything).await.map(|mut rows| {
            rows.sort_by_key(|row| row.session_id);
            rows
        });
        let unsettled = archive.unsettled(None, MANY).await;
        [
            stored(active.list(&all, &any, page).await),
            stored(metrics),
            stored(active.expired(Timestamp::MAX, MANY).await),
            stored(active.quarantined(MANY).await),
            stored(archive.list(&all, &any, page).await),
            stored(unsettled.map(|rows| rows.into_iter().map(row).collect::<Vec<_>>())),
            stored(digest),
        ]
        .join("\n")
    }
}
