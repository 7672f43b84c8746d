//! `get-session-info`: one session, live or archived.

use fiml_session_core::{Asset, RecentQuery, SessionId, SessionType, Tag, Timestamp, UserId};
use rmcp::model::JsonObject;
use serde::{Deserialize, Serialize};

use super::{Call, Effect, Facts, Tool, rounded_hours, session_id};
use crate::{error::Failure, schema};

/// How many of the last queries are shown.
const RECENT: usize = 5;

pub(super) struct GetSession;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Arguments {
    session_id: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    session_id: SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    #[serde(rename = "type")]
    session_type: SessionType,
    assets: Vec<Asset>,
    created_at: Timestamp,
    expires_at: Timestamp,
    last_accessed_at: Timestamp,
    is_expired: bool,
    is_archived: bool,
    time_remaining_hours: f64,
    duration_hours: f64,
    total_queries: u64,
    cache_hit_rate: f64,
    tags: Vec<Tag>,
    recent_queries: Vec<ShownQuery>,
}

#[derive(Debug, Serialize)]
struct ShownQuery {
    seq: u64,
    #[serde(rename = "type")]
    query_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<Timestamp>,
    cache_hit: bool,
    result_summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_time_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl From<RecentQuery> for ShownQuery {
    fn from(query: RecentQuery) -> Self {
        Self {
            seq: query.seq,
            query_type: query.query_type,
            timestamp: query.timestamp,
            cache_hit: query.cache_hit,
            result_summary: query.result_summary,
            source: query.source,
            as_of: query.as_of,
            execution_time_ms: query.execution_time_ms,
            error: query.error,
        }
    }
}

impl Tool for GetSession {
    const NAME: &'static str = "get-session-info";
    const TITLE: &'static str = "Get session info";
    const EFFECT: Effect = Effect::Reads;
    type Arguments = Arguments;
    type Answer = Answer;

    fn description(facts: &Facts<'_>) -> String {
        format!(
            "Shows one session, live or archived: type, assets, tags, created_at, expires_at, \
             last_accessed_at, is_expired, is_archived, time_remaining_hours, duration_hours, \
             total_queries, cache_hit_rate (0 to 1) and the last {RECENT} queries, newest first, each \
             with result_summary, source and as_of. Reading changes nothing and does not prolong its \
             life. An expired or archived session stays readable, in the archive {kept}; call \
             extend-session to go on with it.",
            kept = facts.kept(),
        )
    }

    fn arguments(_: &Facts<'_>) -> JsonObject {
        schema::arguments(&["sessionId"], [session_id()])
    }

    fn answer() -> JsonObject {
        let text = schema::text;
        let query = schema::object_with(
            [
                ("seq", schema::count("Its place in the session: 1, 2, 3 …")),
                ("type", text("The kind of question.")),
                ("cache_hit", schema::flag("Whether a cache answered.")),
                ("result_summary", text("What came back.")),
            ],
            [
                ("timestamp", schema::instant("When it was asked.")),
                ("source", text("Where the answer came from.")),
                ("as_of", schema::instant("The instant the answer is of.")),
                (
                    "execution_time_ms",
                    schema::number("How long the answer took."),
                ),
                ("error", text("The error, where it failed.")),
            ],
        );
        schema::result(
            [
                ("session_id", text("Its id.")),
                ("type", text("What kind of analysis it is.")),
                (
                    "assets",
                    schema::list("What it is about.", &text("An asset.")),
                ),
                ("created_at", schema::instant("When it was created.")),
                ("expires_at", schema::instant("From when on it is expired.")),
                ("last_accessed_at", schema::instant("Its last change.")),
                ("is_expired", schema::flag("Whether it has expired.")),
                (
                    "is_archived",
                    schema::flag("Whether it lies in the archive."),
                ),
                (
                    "time_remaining_hours",
                    schema::number("The life left; 0 once expired."),
                ),
                (
                    "duration_hours",
                    schema::number("From creation to the last change."),
                ),
                ("total_queries", schema::count("How many queries it has.")),
                (
                    "cache_hit_rate",
                    schema::number("Cache hits ÷ queries, 0 to 1."),
                ),
                (
                    "tags",
                    schema::list("What it is found by.", &text("A tag.")),
                ),
                (
                    "recent_queries",
                    schema::list("The last queries, newest first.", &query),
                ),
            ],
            [("user_id", text("Whose it is."))],
        )
    }

    async fn call(call: &Call, arguments: Arguments) -> Result<Answer, Failure> {
        let id: SessionId = arguments.session_id.parse()?;
        let store = &call.services.store;
        let overview = store.overview(&call.scope, id, RECENT).await?;
        let (session, at) = (overview.header, store.now());
        Ok(Answer {
            session_id: session.id,
            is_expired: session.is_expired(at),
            is_archived: overview.is_archived,
            time_remaining_hours: rounded_hours(session.time_remaining(at)),
            duration_hours: rounded_hours(session.duration()),
            cache_hit_rate: session.cache_hit_rate(),
            user_id: session.user_id,
            session_type: session.session_type,
            assets: session.assets,
            created_at: session.created_at,
            expires_at: session.expires_at,
            last_accessed_at: session.last_accessed_at,
            total_queries: session.total_queries,
            tags: session.tags,
            recent_queries: overview
                .recent_queries
                .into_iter()
                .map(Into::into)
                .collect(),
        })
    }
}
