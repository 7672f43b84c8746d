//! The stores under test, the sessions that were ever created, and what is known of them.

use std::{sync::Arc, time::Duration};

use fiml_analytics::SessionAnalytics;
use fiml_session_core::{
    ManualClock, NewSession, Policy, QueryRecord, Session, SessionId, SessionStore, Stores,
    Timestamp,
    store::{ArchiveUpkeep, Scope},
};
use fiml_tests::{
    steps::{Stepped, Watch, stepped},
    whereabouts::{Opened, Whereabouts},
};

use crate::{
    act::{Act, Slot},
    fuse::{Death, Fuse},
    recount::Counted,
};

pub(crate) const ALL: Scope = Scope::All;
/// How long figures are kept here.
pub(crate) const FIGURES_KEPT: Duration = Duration::from_hours(40 * 24);

/// A session that was created, as it was last seen.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) session: Session,
    pub(crate) is_live: bool,
    pub(crate) is_deleted: bool,
    /// The version of its row in the archive, where it has one.
    pub(crate) row: Option<u64>,
    /// Whether that row came with figures that were not purged since.
    pub(crate) has_figures: bool,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) fuse: Arc<Fuse>,
    pub(crate) store: SessionStore,
    pub(crate) upkeep: Arc<dyn ArchiveUpkeep>,
    pub(crate) analytics: SessionAnalytics,
    pub(crate) lives: Vec<Life>,
    pub(crate) place: Whereabouts,
    /// The same past the fuse.
    pub(crate) bare: Opened,
    /// How many processes a job's step has killed.
    pub(crate) killed: u32,
}

impl World {
    pub(crate) async fn on(place: Whereabouts) -> Self {
        // Not at the beginning of an hour, and long after 1970.
        let begin = Timestamp::from_micros(4_102_444_800_000_000 + 5_025_000_017);
        let (clock, fuse) = (Arc::new(ManualClock::new(begin)), Arc::new(Fuse::default()));
        let watch = Arc::<Fuse>::clone(&fuse) as Arc<dyn Watch>;
        let bare = place.open().await;
        let store = service(stepped(bare.stores.clone(), &watch), &clock, true);
        Self {
            analytics: SessionAnalytics::new(store.clone()),
            upkeep: Arc::new(Stepped::new(Arc::clone(&bare.upkeep), &watch)),
            clock,
            fuse,
            store,
            lives: Vec::new(),
            place,
            bare,
            killed: 0,
        }
    }

    /// Switches analytics on or off.
    pub(crate) fn switch(&mut self, is_on: bool) {
        self.store = service(self.store.stores().clone(), &self.clock, is_on);
        self.analytics = SessionAnalytics::new(self.store.clone());
    }

    pub(crate) fn is_on(&self) -> bool {
        self.store.policy().enable_analytics
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.store.now()
    }

    /// Has it happen, whatever comes of it, and looks at what is there now.
    pub(crate) async fn act(&mut self, act: &Act) {
        // No two things happen at the same instant.
        self.clock.advance(Duration::from_micros(1_234_567));
        match act {
            Act::Create {
                user,
                session_type,
                assets,
                tags,
                hours,
            } => {
                let new = NewSession {
                    user_id: user.map(str::to_owned),
                    tags: tags.iter().map(ToString::to_string).collect(),
                    ttl_hours: Some(*hours),
                    ..NewSession::new(*session_type, assets.iter().copied())
                };
                let created = self.store.create_session(&ALL, &new, None).await;
                self.lives.push(Life {
                    session: created.unwrap().session,
                    is_live: true,
                    is_deleted: false,
                    row: None,
                    has_figures: false,
                });
            }
            Act::Query {
                slot,
                query_type,
                source,
                error,
                ms,
                cache_hit,
            } => {
                let query = QueryRecord {
                    source: source.map(str::to_owned),
                    error: error.map(str::to_owned),
                    execution_time_ms: *ms,
                    cache_hit: *cache_hit,
                    ..QueryRecord::new(*query_type)
                };
                if let Some(id) = self.id(*slot) {
                    // Refused where the session has ended.
                    drop(self.store.record_query(&ALL, id, query, None).await);
                }
            }
            Act::Extend(slot, hours, death) => {
                if let Some(id) = self.dying(*slot, *death) {
                    drop(self.store.extend_session(&ALL, id, *hours, None).await);
                }
            }
            Act::Archive(slot, death) => {
                if let Some(id) = self.dying(*slot, *death) {
                    drop(self.store.archive_session(&ALL, id).await);
                }
            }
            Act::Delete(slot, death) => {
                if let Some(id) = self.dying(*slot, *death) {
                    drop(self.store.delete_session(&ALL, id).await);
                }
            }
            Act::Retag(slot, tag, is_added) => {
                if let Some(id) = self.id(*slot) {
                    self.retag(id, tag, *is_added).await;
                }
            }
            Act::Wait(by) => self.clock.advance(*by),
            Act::Run(job, end) => self.run(*job, *end).await,
            Act::ForgetRollups => self.bare.upkeep.forget_rollups().await.unwrap(),
            Act::Switch(is_on) => self.switch(*is_on),
        }
        self.fuse.set(None);
        self.look().await;
    }

    async fn retag(&self, id: SessionId, tag: &str, is_added: bool) {
        let Ok(mut session) = self.store.get_session(&ALL, id).await else {
            return;
        };
        let tag = tag.parse().unwrap();
        if is_added {
            session.add_tag(tag);
        } else {
            session.remove_tag(&tag);
        }
        // Refused where the session has ended.
        let store = self.store.scoped(ALL);
        drop(store.update_session(&mut session).await);
    }

    /// What statistics are to count, each once.
    pub(crate) fn counted(&self) -> Vec<Counted<'_>> {
        let counts = |life: &&Life| life.is_live || (!life.is_deleted && life.has_figures);
        let lives = self.lives.iter().filter(counts);
        let lives = lives.map(|life| Counted {
            session: &life.session,
            is_archived: !life.is_live,
        });
        lives.collect()
    }

    fn id(&self, slot: Slot) -> Option<SessionId> {
        let index = usize::from(slot).checked_rem(self.lives.len())?;
        Some(self.lives[self.lives.len() - 1 - index].session.id)
    }

    fn dying(&self, slot: Slot, death: Option<Death>) -> Option<SessionId> {
        self.fuse.set(death);
        self.id(slot)
    }

    /// Looks at every session in both tiers, past the fuse.
    async fn look(&mut self) {
        let is_on = self.is_on();
        for life in &mut self.lives {
            let id = life.session.id;
            let live = self.bare.stores.active.get(&ALL, id).await.unwrap();
            let archived = self.bare.stores.archive.get(&ALL, id).await.unwrap();
            life.is_live = live.is_some();
            if let Some(row) = &archived {
                if life.row != Some(row.session.version) {
                    // Whoever writes a row writes its figures, or takes older ones away.
                    life.has_figures = is_on;
                }
                life.row = Some(row.session.version);
            } else if life.is_live {
                (life.row, life.has_figures) = (None, false);
            }
            if let Some(seen) = live.or_else(|| archived.map(|row| row.session)) {
                life.session = seen;
                life.is_deleted = false;
            } else {
                life.is_deleted |= self.bare.stores.archive.is_buried(id).await.unwrap();
            }
        }
    }
}

fn service(stores: Stores, clock: &Arc<ManualClock>, enable_analytics: bool) -> SessionStore {
    let policy = Policy {
        enable_analytics,
        metrics_retention: FIGURES_KEPT,
        ..Policy::default()
    };
    SessionStore::new(stores, policy, Arc::<ManualClock>::clone(clock))
}
