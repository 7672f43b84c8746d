//! Reads what the figures are made of.

use std::{collections::BTreeSet, time::Duration};

use fiml_session_core::{
    Asset, Invalid, MetricsDigest, SessionId, SessionMetrics, SessionStore, SessionType, Tag,
    Timestamp, UserId, store::Scope,
};

use futures_util::future::try_join_all;

use crate::{
    error::AnalyticsError,
    export::MetricsExport,
    series::{SessionSeries, Step},
    stats::{Selection, SessionStats},
    summary::UserSessionSummary,
};

/// How many archived digests of a series are asked for at once.
const AT_ONCE: usize = 8;

/// Answers statistics over the sessions of a service.
#[derive(Debug, Clone)]
pub struct SessionAnalytics {
    store: SessionStore,
}

/// Which sessions figures are wanted of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsRequest {
    /// Those of this owner; of everybody in scope where none is given.
    pub user_id: Option<String>,
    /// Those of this type.
    pub session_type: Option<SessionType>,
    /// Those about this asset.
    pub asset: Option<String>,
    /// Those that carry this tag.
    pub tag: Option<String>,
    /// Those created in the last so many days, 1 to 3,650.
    pub days: u32,
}

impl Default for StatsRequest {
    fn default() -> Self {
        Self {
            user_id: None,
            session_type: None,
            asset: None,
            tag: None,
            days: Self::DEFAULT_DAYS,
        }
    }
}

impl StatsRequest {
    /// The period where the caller does not say, in days.
    pub const DEFAULT_DAYS: u32 = 30;
    /// The longest period, in days.
    pub const MAX_DAYS: u32 = 3_650;

    /// The sessions, without the period.
    fn selection(&self) -> Result<Selection, Invalid> {
        let days = self.days;
        if !(1..=Self::MAX_DAYS).contains(&days) {
            let limit = format!("1 to {}", Self::MAX_DAYS);
            return Err(Invalid::malformed("days", format!("is {days}"), limit));
        }
        Ok(Selection {
            user_id: parsed::<UserId>(self.user_id.as_deref())?,
            session_type: self.session_type,
            asset: parsed::<Asset>(self.asset.as_deref())?,
            tag: parsed::<Tag>(self.tag.as_deref())?,
            period_days: days,
        })
    }
}

fn parsed<T: std::str::FromStr>(text: Option<&str>) -> Result<Option<T>, T::Err> {
    text.map(str::parse).transpose()
}

/// A stretch of time, by the creation of sessions: from an instant on, and before another.
#[derive(Debug, Clone, Copy)]
struct Period {
    from: Timestamp,
    before: Option<Timestamp>,
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
        let period = Period {
            from: at.minus(span(request.days)),
            before: None,
        };
        self.stats(scope, request, period, at).await
    }

    async fn previous_at(
        &self,
        scope: &Scope,
        request: &StatsRequest,
        at: Timestamp,
    ) -> Result<SessionStats, AnalyticsError> {
        let until = at.minus(span(request.days));
        let period = Period {
            from: until.minus(span(request.days)),
            before: Some(until),
        };
        self.stats(scope, request, period, at).await
    }

    /// The figures of the period by the hour or day, in UTC, in which sessions were created.
    ///
    /// Every hour or day from the first of the period to now is there, also where nothing happened. At
    /// most [`Step::MAX_POINTS`] of them.
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
        let selection = request.selection()?;
        let starts = step.starts(at.minus(span(request.days)), at)?;
        let first = Period {
            from: at.minus(span(request.days)),
            before: None,
        };
        let live = self.live(scope, &selection, first).await?;
        let ids = ids(&live);
        let mut points = Vec::with_capacity(starts.len());
        for starts in starts.chunks(AT_ONCE) {
            let digests = starts.iter().map(|&start| {
                let period = Period {
                    from: start.max(first.from),
                    before: Some(step.after(start)),
                };
                self.archived(scope, &selection, period, &ids, at)
            });
            let digests = try_join_all(digests).await?;
            points.extend(starts.iter().copied().zip(digests));
        }
        for session in &live {
            let start = step.start(session.created_at);
            if let Some((_, digest)) = points.iter_mut().find(|(point, _)| *point == start) {
                digest.add(session, at);
            }
        }
        Ok(SessionSeries::of(&selection, step, &points))
    }

    /// What one user did: the figures of the period, what has changed since the one before, and the days.
    ///
    /// At most as many days as a [series](Step::MAX_POINTS) has points, less one.
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
        let selection = request.selection()?;
        let at = self.store.now();
        let period = (at.minus(span(request.days)), None);
        let (store, scope) = (self.store.clone(), scope.clone());
        Ok(MetricsExport::new(store, scope, selection, period, at))
    }

    async fn stats(
        &self,
        scope: &Scope,
        request: &StatsRequest,
        period: Period,
        at: Timestamp,
    ) -> Result<SessionStats, AnalyticsError> {
        self.store.policy().check_analytics()?;
        let selection = request.selection()?;
        // Live first: what is archived between the two reads is then left out of the second.
        let live = self.live(scope, &selection, period).await?;
        let ids = ids(&live);
        let archived = self.archived(scope, &selection, period, &ids, at).await?;
        let mut digest = MetricsDigest::default();
        live.iter().for_each(|session| digest.add(session, at));
        Ok(SessionStats::of(&digest, &archived, selection))
    }

    async fn live(
        &self,
        scope: &Scope,
        selection: &Selection,
        period: Period,
    ) -> Result<Vec<SessionMetrics>, AnalyticsError> {
        let active = &self.store.stores().active;
        let filter = selection.filter(period.from, period.before);
        let live = active.metrics(scope, &filter).await;
        live.map_err(AnalyticsError::live)
    }

    async fn archived(
        &self,
        scope: &Scope,
        selection: &Selection,
        period: Period,
        excluding: &BTreeSet<SessionId>,
        at: Timestamp,
    ) -> Result<MetricsDigest, AnalyticsError> {
        let filter = selection.filter(period.from, period.before);
        let metrics = &self.store.stores().metrics;
        let digest = metrics.digest(scope, &filter, excluding, at).await;
        digest.map_err(AnalyticsError::archived)
    }
}

fn span(days: u32) -> Duration {
    Duration::from_hours(24) * days
}

fn ids(sessions: &[SessionMetrics]) -> BTreeSet<SessionId> {
    sessions.iter().map(|session| session.session_id).collect()
}
