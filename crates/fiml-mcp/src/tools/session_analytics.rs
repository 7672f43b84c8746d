//! `get-session-analytics`: figures over many sessions.

use fiml_analytics::{SessionAnalytics, SessionStats, StatsRequest, parse_instant};
use fiml_session_core::{Asset, Invalid, SessionType, Tag, Timestamp};
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
    asset: Option<String>,
    tag: Option<String>,
    from: Option<String>,
    until: Option<String>,
    /// A float because 30.0 is a whole number to JSON Schema.
    days: Option<f64>,
}

/// With room for an offset and more digits than count.
const LONGEST_INSTANT: usize = 64;

impl Tool for GetAnalytics {
    const NAME: &'static str = "get-session-analytics";
    const TITLE: &'static str = "Get session analytics";
    const EFFECT: Effect = Effect::Reads;
    type Arguments = Arguments;
    type Answer = SessionStats;

    fn description(_: &Facts<'_>) -> String {
        format!(
            "Figures over the sessions created in the last days ({days} where left out), or from one instant to \
             another, live and archived, each counted once; of everybody unless userId is given, and by \
             type, asset and tag. Returns total_sessions, active_sessions (not expired), archived_sessions, total_queries, avg_duration_seconds \
             (last change − creation), avg_queries_per_session, abandonment_rate (of the ended, those \
             with fewer than two queries), period_days, top_assets, query_type_distribution, \
             session_type_breakdown, popular_tags, cache_hit_rate, and p50, p90, p95 and p99 of duration, \
             queries per session and execution time. A figure there is nothing to compute from is \
             absent, never 0. complete_since is there where the period reaches further back than figures are \
             kept: what was created earlier may be missing. live_as_of says when live sessions were read; \
             everybody's, where they are more than {fresh}, up to {snapshot} seconds ago. Call list-sessions \
             for the sessions themselves.",
            days = StatsRequest::DEFAULT_DAYS,
            fresh = SessionAnalytics::FRESH_SESSIONS,
            snapshot = SessionAnalytics::LONGEST_SNAPSHOT.as_secs(),
        )
    }

    fn arguments(_: &Facts<'_>) -> JsonObject {
        let days = format!(
            "How many days back from the end, by creation; {} where left out.",
            StatsRequest::DEFAULT_DAYS
        );
        schema::arguments(
            &[],
            [
                user_id("Only this user's sessions; everybody's where left out."),
                session_type("Only sessions of this type."),
                (
                    "asset",
                    schema::name("Only sessions about this asset.", Asset::MAX_CHARS),
                ),
                (
                    "tag",
                    schema::name("Only sessions with this tag.", Tag::MAX_BYTES),
                ),
                (
                    "from",
                    schema::name(
                        "Only sessions created from this day (2026-11-26) or instant (RFC 3339) on; days does \
                         not count then.",
                        LONGEST_INSTANT,
                    ),
                ),
                (
                    "until",
                    schema::name(
                        "Only sessions created before this day or instant; until now where left out.",
                        LONGEST_INSTANT,
                    ),
                ),
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
                    "live_as_of",
                    schema::instant("When live sessions were read."),
                ),
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
                ("from", schema::instant("Where it was asked to begin.")),
                ("until", schema::instant("Where it was asked to end.")),
                (
                    "complete_since",
                    schema::instant(
                        "What was created earlier may be missing, since figures are kept no longer; absent \
                         where the period begins later.",
                    ),
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
            asset: arguments.asset,
            tag: arguments.tag,
            from: instant("from", arguments.from.as_deref())?,
            until: instant("until", arguments.until.as_deref())?,
            // The schema has held it to 1 to 3,650.
            days: arguments
                .days
                .map_or(StatsRequest::DEFAULT_DAYS, |days| days as u32),
        };
        call.progress.tell(0, 1, "reading the figures").await;
        let analytics = &call.services.analytics;
        Ok(analytics.get_session_stats(&call.scope, &request).await?)
    }
}

fn instant(argument: &str, text: Option<&str>) -> Result<Option<Timestamp>, Invalid> {
    text.map(|text| parse_instant(argument, text)).transpose()
}
