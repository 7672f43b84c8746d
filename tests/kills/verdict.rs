//! Where every session lies in the end, and what it holds.

use std::{collections::BTreeSet, num::NonZeroUsize};

use fiml_session_core::{
    SessionId, Stores,
    store::{MetricsFilter, UnsettledState},
};
use fiml_testkit::checker::Violation;

use crate::{
    ALL,
    ledger::{Ledger, must_be_none},
    world::World,
};

/// What was found of all sessions.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) live: BTreeSet<SessionId>,
    pub(crate) archived: BTreeSet<SessionId>,
    /// Gone, as they should be.
    pub(crate) deleted: BTreeSet<SessionId>,
    /// In both tiers, though nothing is under way.
    pub(crate) twice_there: Vec<SessionId>,
    /// In both tiers, because they were brought back a while ago.
    restoring: Vec<SessionId>,
    /// In neither tier, though nobody deleted them.
    pub(crate) nowhere: Vec<SessionId>,
    /// There again after they were deleted.
    pub(crate) risen: Vec<SessionId>,
    pub(crate) violations: Vec<Violation>,
    queries_archived: u64,
}

/// Which deletions were acknowledged, and which were under way when their process died.
#[derive(Debug, Default)]
pub(crate) struct Deletions {
    pub(crate) acknowledged: BTreeSet<SessionId>,
    pub(crate) unknown: BTreeSet<SessionId>,
}

impl Verdict {
    /// Looks at every session; one whose restore is under way may be in both tiers.
    pub(crate) async fn of(world: &World, ledger: &Ledger, deletions: &Deletions) -> Self {
        let Stores {
            active, archive, ..
        } = world.store.stores();
        let many = NonZeroUsize::new(10_000).unwrap();
        let unsettled = archive.unsettled(None, many).await.unwrap();
        let restoring: BTreeSet<_> = unsettled
            .iter()
            .filter(|row| row.state == UnsettledState::Restoring)
            .map(|row| row.id)
            .collect();
        let mut found = Self::default();
        for id in world.everybody() {
            let live = active.get(&ALL, id).await.unwrap();
            let archived = archive.get(&ALL, id).await.unwrap();
            let is_both = live.is_some() && archived.is_some();
            let archived = archived.map(|archived| archived.session);
            if deletions.acknowledged.contains(&id) {
                match live.or(archived) {
                    Some(_) => found.risen.push(id),
                    None => drop(found.deleted.insert(id)),
                }
                continue;
            }
            if is_both && restoring.contains(&id) {
                found.restoring.push(id);
            } else if is_both {
                found.twice_there.push(id);
            }
            match (live, archived) {
                (Some(live), _) => {
                    found.live.insert(id);
                    found.violations.extend(ledger.check(&live));
                }
                (None, Some(archived)) => {
                    found.archived.insert(id);
                    found.queries_archived += archived.state.history.total_queries();
                    found.violations.extend(ledger.check(&archived));
                }
                (None, None) => {
                    let was_deleted = archive.is_buried(id).await.unwrap();
                    if deletions.unknown.contains(&id) && was_deleted {
                        found.deleted.insert(id);
                    } else {
                        found.nowhere.push(id);
                    }
                }
            }
        }
        found
    }

    /// Panics where anything is not as it should be.
    pub(crate) fn must_be_sound(&self) {
        assert!(self.nowhere.is_empty(), "gone: {:?}", self.nowhere);
        assert!(self.risen.is_empty(), "risen: {:?}", self.risen);
        assert!(self.twice_there.is_empty(), "both: {:?}", self.twice_there);
        must_be_none(&self.violations);
    }

    /// Panics where a session that was brought back still has its row in the archive.
    pub(crate) fn must_be_in_one_tier(&self) {
        assert!(self.restoring.is_empty(), "both: {:?}", self.restoring);
    }

    /// Panics unless the archive's figures count each of its sessions once, with all its queries.
    pub(crate) async fn must_be_counted_once(&self, world: &World) {
        let metrics = &world.store.stores().metrics;
        let (filter, nobody) = (MetricsFilter::default(), BTreeSet::new());
        let digest = metrics.digest(&ALL, &filter, &nobody, world.store.now());
        let digest = digest.await.unwrap();
        assert_eq!(digest.sessions, self.archived.len() as u64);
        assert_eq!(digest.total_queries, self.queries_archived);
    }
}
