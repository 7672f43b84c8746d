//! The figures session by session, for whoever computes on.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
};

use fiml_session_core::{
    Asset, SessionId, SessionMetrics, SessionStore, SessionType, Tag, Timestamp, UserId,
    ValueCounts,
    store::{Cursor, MetricsFilter, Page, Scope, SessionFilter},
};
use serde::Serialize;

use crate::{error::AnalyticsError, period::Period, stats::Selection};

/// The figures of one session, as they stood when its page was read; the instant at which the export began
/// decides what has expired.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedSession {
    /// The session.
    pub session_id: SessionId,
    /// Its owner, if it has one.
    pub user_id: Option<UserId>,
    /// What kind of analysis it holds.
    pub session_type: SessionType,
    /// What it is about.
    pub assets: Vec<Asset>,
    /// What it is found by.
    pub tags: Vec<Tag>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires or expired.
    pub expires_at: Timestamp,
    /// The last acknowledged change.
    pub last_accessed_at: Timestamp,
    /// Last change − creation.
    pub duration_seconds: f64,
    /// Whether it had expired when the export began.
    pub is_expired: bool,
    /// Whether it lies in the archive, or did before retention removed it.
    pub is_archived: bool,
    /// How many queries it has.
    pub total_queries: u64,
    /// How many of them were cache hits.
    pub cache_hits: u64,
    /// Queries by type.
    pub query_types: BTreeMap<String, u64>,
    /// Queries by source, where one was given.
    pub sources: BTreeMap<String, u64>,
    /// Failed queries by error.
    pub errors: BTreeMap<String, u64>,
    /// How often each execution time occurred, in microseconds at three significant digits.
    pub execution_times_us: ValueCounts,
}

impl ExportedSession {
    fn of(row: SessionMetrics, is_archived: bool, at: Timestamp) -> Self {
        let duration = row.last_accessed_at.since(row.created_at);
        Self {
            session_id: row.session_id,
            user_id: row.user_id,
            session_type: row.session_type,
            assets: row.assets,
            tags: row.tags,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_accessed_at: row.last_accessed_at,
            duration_seconds: duration.as_secs_f64(),
            is_expired: at >= row.expires_at,
            is_archived,
            total_queries: row.total_queries,
            cache_hits: row.cache_hits,
            query_types: row.query_types,
            sources: row.sources,
            errors: row.errors,
            execution_times_us: row.execution_times,
        }
    }
}

/// How many sessions a page holds where nobody says.
const PAGE: NonZeroUsize = NonZeroUsize::new(1_000).expect("more than none");

/// Reads sessions page by page: live ones, then archived ones, each part from the newest to the oldest.
///
/// Each session comes once, also one that is archived meanwhile. Beside a page, only the ids of live
/// sessions are held. A session that is deleted meanwhile may be missing; so may one that is brought back
/// out of the archive ten minutes or more before its turn.
#[derive(Debug)]
pub struct MetricsExport {
    store: SessionStore,
    scope: Scope,
    selection: Selection,
    period: Period,
    at: Timestamp,
    page: NonZeroUsize,
    live: BTreeSet<SessionId>,
    next: Next,
}

/// What is read next.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// Live sessions created before an instant, whose headers begin behind a place.
    Live {
        before: Option<Timestamp>,
        after: Option<Cursor>,
    },
    /// Archived sessions behind a place.
    Archived(Option<Cursor>),
    End,
}

impl MetricsExport {
    pub(crate) const fn new(
        store: SessionStore,
        scope: Scope,
        selection: Selection,
        period: Period,
        at: Timestamp,
    ) -> Self {
        Self {
            store,
            scope,
            selection,
            period,
            at,
            page: PAGE,
            live: BTreeSet::new(),
            next: Next::Live {
                before: period.before,
                after: None,
            },
        }
    }

    /// From when on it is complete, where its period reaches further back than figures are kept.
    #[must_use]
    pub fn complete_since(&self) -> Option<Timestamp> {
        self.period.complete_since(self.store.policy(), self.at)
    }

    /// Reads about so many sessions at once instead of 1,000.
    #[must_use]
    pub const fn in_pages_of(mut self, sessions: NonZeroUsize) -> Self {
        self.page = sessions;
        self
    }

    /// The instant that decides what has expired.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The next sessions; none at the end. After an error the same sessions are read again.
    pub async fn next_page(&mut self) -> Result<Option<Vec<ExportedSession>>, AnalyticsError> {
        loop {
            let rows = match self.next {
                Next::Live { before, after } => self.live(before, after).await?,
                Next::Archived(after) => self.archived(after).await?,
                Next::End => return Ok(None),
            };
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
    }

    /// The live sessions down to the creation of the last of a page of headers: what is counted of them is
    /// asked for by time.
    async fn live(
        &mut self,
        before: Option<Timestamp>,
        after: Option<Cursor>,
    ) -> Result<Vec<ExportedSession>, AnalyticsError> {
        let active = &self.store.stores().active;
        let (filter, page) = (self.headers(), self.page(after));
        let headers = active.list(&self.scope, &filter, page).await;
        let headers = headers.map_err(AnalyticsError::live)?;
        let is_last = headers.len() < self.page.get();
        let oldest = headers.last().filter(|_| !is_last);
        let down_to = oldest.map_or(self.period.from, |oldest| {
            oldest.created_at.max(self.period.from)
        });
        let is_wanted = before.is_none_or(|before| down_to < before);
        let mut rows = Vec::new();
        if is_wanted {
            // Tags change: a live session may have a row in the archive with a tag that it has lost.
            let filter = self.filter(down_to, before);
            let any_tag = MetricsFilter {
                tag: None,
                ..filter.clone()
            };
            let read = active.metrics(&self.scope, &any_tag).await;
            rows = read.map_err(AnalyticsError::live)?;
            self.live.extend(rows.iter().map(|row| row.session_id));
            rows.retain(|row| filter.covers(row));
        }
        self.next = if down_to <= self.period.from {
            Next::Archived(None)
        } else {
            Next::Live {
                // Headers come from the newest, also from beyond the end of the period.
                before: if is_wanted { Some(down_to) } else { before },
                after: oldest.map(Cursor::of),
            }
        };
        rows.sort_by_key(Cursor::of_metrics);
        let rows = rows.into_iter();
        Ok(rows
            .map(|row| ExportedSession::of(row, false, self.at))
            .collect())
    }

    async fn archived(
        &mut self,
        after: Option<Cursor>,
    ) -> Result<Vec<ExportedSession>, AnalyticsError> {
        let metrics = &self.store.stores().metrics;
        let (filter, page) = (
            self.filter(self.period.from, self.period.before),
            self.page(after),
        );
        let rows = metrics.list_metrics(&self.scope, &filter, page).await;
        let rows = rows.map_err(AnalyticsError::archived)?;
        self.next = match rows.last() {
            Some(last) if rows.len() == self.page.get() => {
                Next::Archived(Some(Cursor::of_metrics(last)))
            }
            _ => Next::End,
        };
        let archived = rows
            .into_iter()
            .filter(|row| !self.live.contains(&row.session_id));
        Ok(archived
            .map(|row| ExportedSession::of(row, true, self.at))
            .collect())
    }

    const fn page(&self, after: Option<Cursor>) -> Page {
        Page {
            after,
            limit: self.page,
        }
    }

    fn filter(&self, from: Timestamp, before: Option<Timestamp>) -> MetricsFilter {
        let period = Period {
            from,
            before,
            ..self.period
        };
        self.selection.filter(period)
    }

    fn headers(&self) -> SessionFilter {
        SessionFilter {
            user_id: self.selection.user_id.clone(),
            session_type: self.selection.session_type,
            tags: Vec::new(),
            asset: self.selection.asset.clone(),
            unexpired_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use fiml_session_core::{Clock, ManualClock, MemoryStore, NewSession, Policy, Stores};

    use super::*;

    #[tokio::test]
    async fn a_period_that_has_ended_leaves_out_what_came_later() {
        let start = Timestamp::from_micros(4_102_444_800_000_000);
        let clock = Arc::new(ManualClock::new(start));
        let stores = Stores::single(Arc::new(MemoryStore::new()));
        let telling = Arc::<ManualClock>::clone(&clock);
        let store = SessionStore::new(stores, Policy::default(), telling);
        let minute = Duration::from_mins(1);
        let mut ids = Vec::new();
        for _ in 0..9 {
            let new = NewSession::new(SessionType::Equity, ["IBM"]);
            let created = store.create_session(&Scope::All, &new, None).await;
            ids.push(created.unwrap().session.id);
            clock.advance(minute);
        }
        for id in [ids[3], ids[8]] {
            store.archive_session(&Scope::All, id).await.unwrap();
        }
        let selection = Selection {
            user_id: None,
            session_type: None,
            asset: None,
            tag: None,
            period_days: 1,
            from: None,
            until: None,
        };
        for page in 1..=10 {
            let period = Period {
                from: start.plus(2 * minute),
                before: Some(start.plus(6 * minute)),
                length: 4 * minute,
            };
            let (store, selection) = (store.clone(), selection.clone());
            let export = MetricsExport::new(store, Scope::All, selection, period, clock.now());
            let mut export = export.in_pages_of(NonZeroUsize::new(page).unwrap());
            let mut found = Vec::new();
            while let Some(rows) = export.next_page().await.unwrap() {
                found.extend(rows.iter().map(|row| row.session_id));
            }
            assert_eq!(found, [ids[5], ids[4], ids[2], ids[3]], "pages of {page}");
        }
    }
}
