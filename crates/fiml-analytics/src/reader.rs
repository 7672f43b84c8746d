//! Reads what the figures are made of.

use std::{sync::Arc, time::Duration};

use fiml_session_core::{
    MetricsDigest, SessionStore, Timestamp,
    store::{Scope, Step},
};

use crate::{
    error::AnalyticsError,
    export::MetricsExport,
    live::{Live, LiveSessions},
    period::{Period, StatsRequest},
    series::{SessionSeries, starts},
    stats::{Coverage, Selection, SessionStats},
    summary::UserSessionSummary,
};

/// Answers statistics over the sessions of a service.
///
/// One user's live sessions are read anew for every question. Of everybody's, where there are more than
/// [`FRESH_SESSIONS`](Self::FRESH_SESSIONS), what was read last is used for up to
/// [`LONGEST_SNAPSHOT`](Self::LONGEST_SNAPSHOT); answers say in `live_as_of` when that was. Clones share it.
#[derive(Debug, Clone)]
pub struct SessionAnalytics {
    store: SessionStore,
    live: Arc<LiveSessions>,
}

impl SessionAnalytics {
    /// How many live sessions there may be for each question over everybody to read them anew.
    pub const FRESH_SESSIONS: usize = 10_000;
    /// How old what is read of more than that may become.
    pub const LONGEST_SNAPSHOT: Duration = Duration::from_mins(1);

    /// Statistics over the sessions of this service, by its policy and clock.
    #[must_use]
    pub fn new(store: SessionStore) -> Self {
        Self {
            store,
            live: Arc::default(),
        }
    }

    /// The figures of the matching sessions in scope, live and archived, each counted once.
    pub async fn get_session_stats(
        &self,
        scope: &Scope,
        request: &StatsRequest,
    ) -> Result<SessionStats, AnalyticsError> {
        self.stats_at(scope, request, self.store.now()).await
    }

    /// The figures of the period before the one that is asked for, as long as that.
    ///
    /// What has ended since counts as ended: both periods are seen from now.
    pub async fn get_previous_session_stats(
        &self,
        scope: &Scope,
        request: &StatsRequest,
    ) -> Result<SessionStats, AnalyticsError> {
        self.previous_at(scope, request, self.store.now()).await
    }

    async fn stats_at(
        &self,
        scope: &Scope,
        request: &StatsRequest,
        at: Timestamp,
    ) -> Result<SessionStats, AnalyticsError> {
        let (selection, period) = request.proven(at)?;
        self.stats(scope, selection, period, at).await
    }

    async fn previous_at(
        &self,
        scope: &Scope,
        request: &StatsRequest,
        at: Timestamp,
    ) -> Result<SessionStats, AnalyticsError> {
        let (selection, period) = request.proven(at)?;
        let previous = period.previous();
        let selection = Selection {
            from: selection.from.map(|_| previous.from),
            until: selection.until.and(previous.before),
            ..selection
        };
        self.stats(scope, selection, previous, at).await
    }

    /// The figures of the period by the hour or day, in UTC, in which sessions were created.
    ///
    /// Every hour or day from the first of the period to now is there, also where nothing happened. At
    /// most [`SessionSeries::MAX_POINTS`] of them.
    pub async fn get_session_series(
        &self,
        scope: &Scope,
        request: &StatsRequest,
        step: Step,
    ) -> Result<SessionSeries, AnalyticsError> {
        self.series_at(scope, request, step, self.store.now()).await
    }

    async fn series_at(
        &self,
        scope: &Scope,
        request: &StatsRequest,
        step: Step,
        at: Timestamp,
    ) -> Result<SessionSeries, AnalyticsError> {
        self.store.policy().check_analytics()?;
        let (selection, period) = request.proven(at)?;
        let starts = starts(step, period.from, period.last(at))?;
        // Live first: what is archived between the two reads is then left out of the second.
        let filter = selection.filter(period);
        let live = self.live.read(&self.store, scope, &filter, at).await?;
        let metrics = &self.store.stores().metrics;
        let archived = metrics.series(scope, &filter, step, &live.held, at);
        let archived = archived.await;
        let mut digests = archived.map_err(AnalyticsError::archived)?;
        for session in live.matching(&filter) {
            let start = step.start(session.created_at);
            digests.entry(start).or_default().add(session, at);
        }
        let digest = |start| (start, digests.remove(&start).unwrap_or_default());
        let points = starts.into_iter().map(digest).collect();
        let coverage = self.coverage(period, &live, at);
        Ok(SessionSeries::of(&selection, coverage, step, points))
    }

    /// What one user did: the figures of the period, what has changed since the one before, and the days.
    ///
    /// At most as many days as a [series](SessionSeries::MAX_POINTS) has points, less one.
    pub async fn get_user_session_summary(
        &self,
        scope: &Scope,
        user_id: &str,
        days: u32,
    ) -> Result<UserSessionSummary, AnalyticsError> {
        let request = StatsRequest {
            user_id: Some(user_id.to_owned()),
            days,
            ..StatsRequest::default()
        };
        // One instant for all, so that no midnight falls between them.
        let at = self.store.now();
        let per_day = self.series_at(scope, &request, Step::Day, at).await?;
        let stats = self.stats_at(scope, &request, at).await?;
        let previous = self.previous_at(scope, &request, at).await?;
        Ok(UserSessionSummary::of(stats, &previous, &per_day))
    }

    /// The figures of the matching sessions in scope one by one, live and archived, each once.
    ///
    /// They add up to those of [`get_session_stats`](Self::get_session_stats).
    pub fn export_session_metrics(
        &self,
        scope: &Scope,
        request: &StatsRequest,
    ) -> Result<MetricsExport, AnalyticsError> {
        self.store.policy().check_analytics()?;
        let at = self.store.now();
        let (selection, period) = request.proven(at)?;
        let (store, scope) = (self.store.clone(), scope.clone());
        Ok(MetricsExport::new(store, scope, selection, period, at))
    }

    async fn stats(
        &self,
        scope: &Scope,
        selection: Selection,
        period: Period,
        at: Timestamp,
    ) -> Result<SessionStats, AnalyticsError> {
        self.store.policy().check_analytics()?;
        // Live first: what is archived between the two reads is then left out of the second.
        let filter = selection.filter(period);
        let live = self.live.read(&self.store, scope, &filter, at).await?;
        let metrics = &self.store.stores().metrics;
        let archived = metrics.digest(scope, &filter, &live.held, at).await;
        let archived = archived.map_err(AnalyticsError::archived)?;
        let mut digest = MetricsDigest::default();
        live.matching(&filter)
            .for_each(|session| digest.add(session, at));
        let coverage = self.coverage(period, &live, at);
        Ok(SessionStats::of(&digest, &archived, selection, coverage))
    }

    /// How far figures of the period can be relied on.
    fn coverage(&self, period: Period, live: &Live, at: Timestamp) -> Coverage {
        Coverage {
            complete_since: period.complete_since(self.store.policy(), at),
            live_as_of: live.as_of,
        }
    }
}
