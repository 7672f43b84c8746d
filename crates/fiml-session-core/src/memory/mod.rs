//! The reference implementation of every port: readable, exact, gone when the process ends.

mod active;
mod archive;
mod census;
mod jobs;
mod metrics;
mod upkeep;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    clock::Timestamp,
    id::{SessionId, UserId},
    metrics::SessionMetrics,
    session::SessionHeader,
    snapshot::SessionSnapshot,
    store::{Cursor, JobName, Page, Quarantined, Reservation, RestoreToken, Scope, SessionFilter},
};

/// Keeps live sessions, archived sessions, metrics and the runs of jobs in memory.
///
/// Every other store is measured against it. Nothing survives the process; for examples and tests.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    active: BTreeMap<SessionId, SessionSnapshot>,
    quarantine: BTreeMap<SessionId, Quarantined>,
    reservations: BTreeMap<(Option<UserId>, String), Reservation>,
    archive: BTreeMap<SessionId, ArchiveRow>,
    metrics: BTreeMap<SessionId, SessionMetrics>,
    runs: BTreeMap<(JobName, Timestamp), jobs::RunRow>,
}

#[derive(Debug)]
struct ArchiveRow {
    since: Timestamp,
    state: RowState,
    /// None for a tombstone.
    snapshot: Option<SessionSnapshot>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowState {
    Pending,
    Archived,
    Restoring(RestoreToken),
    Buried,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // Every method leaves the tables whole before it can panic, so a poisoned lock guards sound data.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The headers in scope that match, from the page's place on.
fn page_of(
    headers: impl Iterator<Item = SessionHeader>,
    scope: &Scope,
    filter: &SessionFilter,
    page: Page,
) -> Vec<SessionHeader> {
    let wanted = headers.filter(|header| {
        scope.covers(header.user_id.as_ref())
            && filter.matches(header)
            && page.after.is_none_or(|after| Cursor::of(header) > after)
    });
    let mut wanted: Vec<_> = wanted.collect();
    wanted.sort_by_key(Cursor::of);
    wanted.truncate(page.limit.get());
    wanted
}
