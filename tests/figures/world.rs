//! The stores under test, the sessions that were ever created, and what is known of them.

use std::{sync::Arc, time::Duration};

use fiml_analytics::SessionAnalytics;
use fiml_jobs::{DeleteOldArchivedSessions, GenerateSessionMetrics, Job, JobContext};
use fiml_session_core::{
    ManualClock, NewSession, Policy, QueryRecord, Session, SessionId, SessionStore, Stores,
    Timestamp,
    store::{ActiveStore, ArchiveStore, ArchiveUpkeep, MetricsStore, Scope},
};

use crate::{
    act::{Act, Slot},
    fuse::{Death, Fuse},
    fused::Fused,
    recount::Counted,
};

const ALL: Scope = Scope::All;
/// How long archived sessions, and figures, are kept here.
const SESSIONS_KEPT: Duration = Duration::from_hours(3 * 24);
const FIGURES_KEPT: Duration = Duration::from_hours(40 * 24);

/// A place to keep sessions in, empty.
#[derive(Debug)]
pub(crate) struct Empty {
    pub(crate) active: Arc<dyn ActiveStore>,
    pub(crate) archive: Arc<dyn ArchiveStore>,
    pub(crate) metrics: Arc<dyn MetricsStore>,
    pub(crate) upkeep: Arc<dyn ArchiveUpkeep>,
}

/// A session that was created, as it was last seen.
#[derive(Debug)]
struct Life {
    session: Session,
    is_live: bool,
    is_deleted: bool,
    /// The version of its row in the archive, where it has one.
    row: Option<u64>,
    /// Whether that row came with figures that were not purged since.
    has_figures: bool,
}

#[derive(Debug)]
pub(crate) struct World {
    clock: Arc<ManualClock>,
    fuse: Arc<Fuse>,
    store: SessionStore,
    upkeep: Arc<dyn ArchiveUpkeep>,
    pub(crate) analytics: SessionAnalytics,
    lives: Vec<Life>,
    bare: Empty,
}

impl World {
    pub(crate) fn on(bare: Empty) -> Self {
        // Not at the beginning of an hour, and long after 1970.
        let begin = Timestamp::from_micros(4_102_444_800_000_000 + 5_025_000_017);
        let (clock, fuse) = (Arc::new(ManualClock::new(begin)), Arc::new(Fuse::default()));
        let stores = Stores {
            active: Arc::new(Fused {
                fuse: Arc::clone(&fuse),
                inner: Arc::clone(&bare.active),
            }),
            archive: Arc::new(Fused {
                fuse: Arc::clone(&fuse),
                inner: Arc::clone(&bare.archive),
            }),
            metrics: Arc::clone(&bare.metrics),
        };
        let telling = Arc::<ManualClock>::clone(&clock);
        let store = SessionStore::new(stores, Policy::default(), telling);
        Self {
            analytics: SessionAnalytics::new(store.clone()),
            upkeep: Arc::new(Fused {
                fuse: Arc::clone(&fuse),
                inner: Arc::clone(&bare.upkeep),
            }),
            clock,
            fuse,
            store,
            lives: Vec::new(),
            bare,
        }
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
            Act::Wait(by) => self.clock.advance(*by),
            Act::Cleanup(death) => {
                self.fuse.set(*death);
                drop(self.store.cleanup_expired_sessions().await);
            }
            Act::DeleteOld(death) => {
                self.fuse.set(*death);
                let archive = Arc::clone(&self.store.stores().archive);
                let upkeep = Arc::clone(&self.upkeep);
                let job = DeleteOldArchivedSessions::new(archive, upkeep, SESSIONS_KEPT);
                drop(job.run(&self.context()).await);
            }
            Act::GenerateMetrics(death) => {
                self.fuse.set(*death);
                let upkeep = Arc::clone(&self.upkeep);
                let job = GenerateSessionMetrics::new(self.store.clone(), upkeep, FIGURES_KEPT);
                drop(job.run(&self.context()).await);
            }
            Act::ForgetRollups => self.bare.upkeep.forget_rollups().await.unwrap(),
        }
        self.fuse.set(None);
        if let Some(created) = self.fuse.figures_purged() {
            for life in &mut self.lives {
                life.has_figures &= life.session.created_at >= created;
            }
        }
        self.look().await;
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

    fn context(&self) -> JobContext {
        JobContext::by_hand(Arc::<ManualClock>::clone(&self.clock))
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
        for life in &mut self.lives {
            let id = life.session.id;
            let live = self.bare.active.get(&ALL, id).await.unwrap();
            let archived = self.bare.archive.get(&ALL, id).await.unwrap();
            life.is_live = live.is_some();
            if let Some(row) = &archived {
                // Whoever writes a row writes its figures.
                life.has_figures |= life.row != Some(row.session.version);
                life.row = Some(row.session.version);
            } else if life.is_live {
                (life.row, life.has_figures) = (None, false);
            }
            if let Some(seen) = live.or_else(|| archived.map(|row| row.session)) {
                life.session = seen;
                life.is_deleted = false;
            } else {
                life.is_deleted |= self.bare.archive.is_buried(id).await.unwrap();
            }
        }
    }
}
