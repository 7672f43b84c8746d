//! Live sessions as figures see them: read anew, or over everybody as they were a moment ago.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use fiml_session_core::{
    SessionId, SessionMetrics, SessionStore, Timestamp,
    store::{MetricsFilter, Scope},
};

use crate::{error::AnalyticsError, reader::SessionAnalytics};

/// Live sessions as they were at an instant.
#[derive(Debug)]
pub(crate) struct Live {
    sessions: Arc<[SessionMetrics]>,
    pub(crate) as_of: Timestamp,
    /// Those whose rows in the archive do not count.
    pub(crate) held: BTreeSet<SessionId>,
}

impl Live {
    fn new(sessions: Arc<[SessionMetrics]>, as_of: Timestamp, any_tag: &MetricsFilter) -> Self {
        let held = sessions.iter().filter(|session| any_tag.covers(session));
        Self {
            held: held.map(|session| session.session_id).collect(),
            sessions,
            as_of,
        }
    }

    /// Those that match.
    pub(crate) fn matching(&self, filter: &MetricsFilter) -> impl Iterator<Item = &SessionMetrics> {
        let sessions = self.sessions.iter();
        sessions.filter(|session| filter.covers(session))
    }
}

/// Everybody's sessions where they are many, as they were read last.
#[derive(Debug, Default)]
pub(crate) struct LiveSessions(Mutex<Option<Snapshot>>);

#[derive(Debug, Clone)]
struct Snapshot {
    sessions: Arc<[SessionMetrics]>,
    as_of: Timestamp,
}

impl LiveSessions {
    /// Those in scope; more of them than match may be among them.
    pub(crate) async fn read(
        &self,
        store: &SessionStore,
        scope: &Scope,
        filter: &MetricsFilter,
        at: Timestamp,
    ) -> Result<Live, AnalyticsError> {
        // Tags change: a live session may have a row in the archive with a tag that it has lost.
        let any_tag = MetricsFilter {
            tag: None,
            ..filter.clone()
        };
        let is_everybody = *scope == Scope::All && filter.user_id.is_none();
        if !is_everybody {
            let sessions = read(store, scope, &any_tag).await?;
            return Ok(Live::new(sessions, at, &any_tag));
        }
        let Snapshot { sessions, as_of } = match self.kept(at) {
            Some(kept) => kept,
            None => self.anew(store, at).await?,
        };
        Ok(Live::new(sessions, as_of, &any_tag))
    }

    fn kept(&self, at: Timestamp) -> Option<Snapshot> {
        let last = self.last().clone()?;
        let is_new = last.as_of <= at && at.since(last.as_of) <= SessionAnalytics::LONGEST_SNAPSHOT;
        is_new.then_some(last)
    }

    async fn anew(&self, store: &SessionStore, at: Timestamp) -> Result<Snapshot, AnalyticsError> {
        let read = Snapshot {
            sessions: read(store, &Scope::All, &MetricsFilter::default()).await?,
            as_of: at,
        };
        let is_many = read.sessions.len() > SessionAnalytics::FRESH_SESSIONS;
        *self.last() = is_many.then(|| read.clone());
        Ok(read)
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Snapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(
    store: &SessionStore,
    scope: &Scope,
    filter: &MetricsFilter,
) -> Result<Arc<[SessionMetrics]>, AnalyticsError> {
    let read = store.stores().active.metrics(scope, filter).await;
    Ok(read.map_err(AnalyticsError::live)?.into())
}
