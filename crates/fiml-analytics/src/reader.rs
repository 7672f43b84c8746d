//! Reads what the figures are made of.

use std::{collections::BTreeSet, time::Duration};

use fiml_session_core::{
    Invalid, MetricsDigest, SessionStore, SessionType, UserId,
    store::{MetricsFilter, Scope},
};

use crate::{error::AnalyticsError, stats::SessionStats};

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
    /// Those created in the last so many days, 1 to 3,650.
    pub days: u32,
}

impl Default for StatsRequest {
    fn default() -> Self {
        Self {
            user_id: None,
            session_type: None,
            days: Self::DEFAULT_DAYS,
        }
    }
}

impl StatsRequest {
    /// The period where the caller does not say, in days.
    pub const DEFAULT_DAYS: u32 = 30;
    /// The longest period, in days.
    pub const MAX_DAYS: u32 = 3_650;
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
        self.store.policy().check_analytics()?;
        let days = request.days;
        if !(1..=StatsRequest::MAX_DAYS).contains(&days) {
            let limit = format!("1 to {}", StatsRequest::MAX_DAYS);
            return Err(Invalid::malformed("days", format!("is {days}"), limit).into());
        }
        let user_id = request
            .user_id
            .as_deref()
            .map(str::parse::<UserId>)
            .transpose()?;
        let at = self.store.now();
        let filter = MetricsFilter {
            user_id,
            session_type: request.session_type,
            created_from: Some(at.minus(Duration::from_hours(24) * days)),
        };
        let stores = self.store.stores();
        // Live first: what is archived between the two reads is then left out of the second.
        let live = stores
            .active
            .metrics(scope, &filter)
            .await
            .map_err(AnalyticsError::live)?;
        let ids: BTreeSet<_> = live.iter().map(|session| session.session_id).collect();
        let archived = stores.metrics.digest(scope, &filter, &ids, at).await;
        let archived = archived.map_err(AnalyticsError::archived)?;
        let mut digest = MetricsDigest::default();
        live.iter().for_each(|session| digest.add(session, at));
        let MetricsFilter {
            user_id,
            session_type,
            ..
        } = filter;
        Ok(SessionStats::of(
            &digest,
            &archived,
            days,
            user_id,
            session_type,
        ))
    }
}
