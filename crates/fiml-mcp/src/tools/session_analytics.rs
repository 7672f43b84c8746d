//! `get-session-analytics`: figures over many sessions.

use fiml_analytics::{SessionStats, StatsRequest};
use fiml_session_core::SessionType;
use rmcp::model::JsonObject;
use serde::Deserialize;

use super::{Call, Effect, Facts, Tool, session_type, user_id};
use crate::{
    error::Failure,
    schema::{self, count, map, number, text},
};

pub(super) struct GetAnalytics;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Arguments {
    user_id: Option<String>,
    session_type: Option<SessionType>,
    /// A float because 30.0 is a whole number to JSON Schema.
    days: Option<f64>,
}

impl Tool for GetAnalytics {
    const NAME: &'static str = "get-session-analytics";
    const TITLE: &'static str = "Get session analytics";
    const EFFECT: Effect = Effect::Reads;
    type Arguments = Arguments;
    type Answer = SessionStats;

    fn description(_: &Facts<'_>) -> String {
        format!(
            "Figures over the sessions created in the last days ({} where left out), live and archived, \
             each counted once; of everybody unless userId is given. Returns total_sessions, \
             active_sessions (not expired), archived_sessions, total_queries, avg_duration_seconds \
             (last change − creation), avg_queries_per_session, abandonment_rate (of the ended, those \
             with fewer than two queries), period_days, top_assets, query_type_distribution, \
             session_type_breakdown, popular_tags, cache_hit_rate, and p50, p90, p95 and p99 of duration, \
             queries per session and execution time. A figure there is nothing to compute from is \
             absent, never 0. Call list-sessions for the sessions themselves.",
            StatsRequest::DEFAULT_DAYS
        )
    }

    fn arguments(_: &Facts<'_>) -> JsonObject {
        let days = format!(
            "How many days back, by creation; {} where left out.",
            StatsRequest::DEFAULT_DAYS
        );
        schema::arguments(
            &[],
            [
                user_id("Only this user's sessions; everybody's where left out."),
                session_type("Only sessions of this type."),
                (
                    "days",
                    schema::whole(&days, 1, StatsRequest::MAX_DAYS.into()),
                ),
            ],
        )
    }

    fn answer() -> JsonObject {
        let ranked =
            |name| schema::object([(name, text("Its name.")), ("count", count("Sessions."))]);
        let percentiles = || {
            schema::object([
                ("p50", number("Half are at most this.")),
                ("p90", number("90 of 100 are at most this.")),
                ("p95", number("95 of 100 are at most this.")),
                ("p99", number("99 of 100 are at most this.")),
            ])
        };
        let number_of = |what| map(what, &count("How many."));
        schema::result(
            [
                ("total_sessions", count("Sessions created in the period.")),
                ("active_sessions", count("Those that have not expired.")),
                ("archived_sessions", count("Those in the archive.")),
                ("total_queries", count("Their queries.")),
                ("period_days", count("The length of the period.")),
                (
                    "top_assets",
                    schema::list("The most frequent assets.", &ranked("symbol")),
                ),
                ("query_type_distribution", number_of("Queries by type.")),
                ("session_type_breakdown", number_of("Sessions by type.")),
                (
                    "popular_tags",
                    schema::list("The most frequent tags.", &ranked("tag")),
                ),
            ],
            [
                (
                    "avg_duration_seconds",
                    number("Mean of last change − creation."),
                ),
                ("avg_queries_per_session", number("Queries ÷ sessions.")),
                (
                    "abandonment_rate",
                    number("Abandoned ÷ ended sessions, 0 to 1."),
                ),
                ("user_id", text("Whose sessions; everybody's where absent.")),
                ("session_type", text("Of which type; of all where absent.")),
                ("asset", text("About which asset; about any where absent.")),
                (
                    "tag",
                    text("With which tag; with any or none where absent."),
                ),
                ("cache_hit_rate", number("Cache hits ÷ queries, 0 to 1.")),
                ("duration_seconds", percentiles()),
                ("queries_per_session", percentiles()),
                ("execution_time_ms", percentiles()),
                ("source_distribution", number_of("Queries by source.")),
                ("error_distribution", number_of("Failed queries by error.")),
            ],
        )
    }

    async fn call(call: &Call, arguments: Arguments) -> Result<SessionStats, Failure> {
        let request = StatsRequest {
            user_id: arguments.user_id,
            session_type: arguments.session_type,
            // The schema has held it to 1 to 3,650.
            days: arguments
                .days
                .map_or(StatsRequest::DEFAULT_DAYS, |days| days as u32),
            ..StatsRequest::default()
        };
        call.progress.tell(0, 1, "reading the figures").await;
        let analytics = &call.services.analytics;
        Ok(analytics.get_session_stats(&call.scope, &request).await?)
    }
}
