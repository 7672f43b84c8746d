//! Reads what the figures are made of.

use std::collections::BTreeSet;

use fiml_session_core::{
    MetricsDigest, SessionId, SessionMetrics, SessionStore, Timestamp,
    store::{MetricsFilter, Scope, Step},
};

use crate::{
    error::AnalyticsError,
    export::MetricsExport,
    period::{Period, StatsRequest},
    series::{SessionSeries, starts},
    stats::{Selection, SessionStats},
    summary::UserSessionSummary,
};

/// Answers statistics over the sessions of a service.
#[derive(Debug, Clone)]
pub struct SessionAnalytics {
    store: SessionStore,
}

impl SessionAnalytics {
    /// Statistics over the sessions of this service, by its policy and clock.
    #[must_use]
    pub const fn new(store: SessionStore) -> Self {
        Self { store }
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
        let (live, held) = self.live(scope, &filter).await?;
        let metrics = &self.store.stores().metrics;
        let archived = metrics.series(scope, &filter, step, &held, at).await;
        let mut digests = archived.map_err(AnalyticsError::archived)?;
        for session in &live {
            let start = step.start(session.created_at);
            digests.entry(start).or_default().add(session, at);
        }
        let digest = |start| (start, digests.remove(&start).unwrap_or_default());
        let points = starts.into_iter().map(digest).collect();
        Ok(SessionSeries::of(&selection, step, points))
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
        let (live, held) = self.live(scope, &filter).await?;
        let metrics = &self.store.stores().metrics;
        let archived = metrics.digest(scope, &filter, &held, at).await;
        let archived = archived.map_err(AnalyticsError::archived)?;
        let mut digest = MetricsDigest::default();
        live.iter().for_each(|session| digest.add(session, at));
        Ok(SessionStats::of(&digest, &archived, selection))
    }

    /// The live sessions that match, and the ids of those whose rows in the archive do not count.
    async fn live(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
    ) -> Result<(Vec<SessionMetrics>, BTreeSet<SessionId>), AnalyticsError> {
        let active = &self.store.stores().active;
        // Tags change: a live session may have a row in the archive with a tag that it has lost.
        let any_tag = MetricsFilter {
            tag: None,
            ..filter.clone()
        };
        let live = active.metrics(scope, &any_tag).await;
        let mut live = live.map_err(AnalyticsError::live)?;
        let held = live.iter().map(|session| session.session_id).collect();
        live.retain(|session| filter.covers(session));
        Ok((live, held))
    }
}
