//! `create-analysis-session`: opens a session.

use fiml_session_core::{Asset, NewSession, SessionId, SessionType, Tag, Timestamp, UserId};
use rmcp::model::JsonObject;
use serde::{Deserialize, Serialize};

use super::{Call, Effect, Facts, Tool, hours, idempotency_key, session_type, user_id};
use crate::{error::Failure, schema};

pub(super) struct CreateSession;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Arguments {
    assets: Vec<String>,
    session_type: SessionType,
    user_id: Option<String>,
    ttl_hours: Option<f64>,
    #[serde(default)]
    tags: Vec<String>,
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
    ttl_hours: f64,
    ttl_capped: bool,
    tags: Vec<Tag>,
}

impl Tool for CreateSession {
    const NAME: &'static str = "create-analysis-session";
    const TITLE: &'static str = "Create an analysis session";
    const EFFECT: Effect = Effect::Adds;
    type Arguments = Arguments;
    type Answer = Answer;

    fn description(facts: &Facts<'_>) -> String {
        format!(
            "Opens a session: the durable memory of one sitting of analysis, which keeps every question \
             asked in it and what came back, from which source and as of when. Returns session_id, \
             user_id, type, assets, created_at, expires_at, ttl_hours, ttl_capped and tags. Pass \
             session_id as sessionId to search-by-symbol and search-by-coin, and each search is \
             recorded. The session lives {default} unless ttlHours says otherwise, at most {longest}; \
             more is capped, and ttl_capped says so. Once expired it stays readable, takes no more \
             queries and moves to the archive, which keeps it {kept}; extend-session brings it back \
             whole. It holds at most {queries} queries.",
            default = facts.default_life(),
            longest = facts.longest_life(),
            kept = facts.kept(),
            queries = facts.policy.limits.max_queries,
        )
    }

    fn arguments(facts: &Facts<'_>) -> JsonObject {
        let limits = &facts.policy.limits;
        let ttl = format!(
            "How long the session lives, in hours; fractions are allowed. {} where left out; what is \
             above {} is capped to it.",
            facts.default_life(),
            facts.longest_life()
        );
        schema::arguments(
            &["assets", "sessionType"],
            [
                (
                    "assets",
                    schema::names(
                        "What the session is about: tickers or coins such as AAPL or BTC. Trimmed, \
                         upper-cased, repetitions dropped.",
                        1,
                        limits.max_assets,
                        Asset::MAX_CHARS,
                    ),
                ),
                session_type("What kind of analysis it is."),
                user_id("Whose session it is, a free label; the local user where left out."),
                ("ttlHours", schema::hours(&ttl)),
                (
                    "tags",
                    schema::names(
                        "What the session is found by in list-sessions.",
                        0,
                        limits.max_tags,
                        Tag::MAX_BYTES,
                    ),
                ),
                idempotency_key(),
            ],
        )
    }

    fn answer() -> JsonObject {
        let text = schema::text;
        schema::result(
            [
                ("session_id", text("Pass it on as sessionId.")),
                ("type", text("What kind of analysis it is.")),
                (
                    "assets",
                    schema::list("What it is about.", &text("An asset.")),
                ),
                ("created_at", schema::instant("When it was created.")),
                ("expires_at", schema::instant("From when on it is expired.")),
                (
                    "ttl_hours",
                    schema::number("The life it was given, in hours."),
                ),
                (
                    "ttl_capped",
                    schema::flag("Whether that is less than was asked for."),
                ),
                (
                    "tags",
                    schema::list("What it is found by.", &text("A tag.")),
                ),
            ],
            [("user_id", text("Whose it is."))],
        )
    }

    async fn call(call: &Call, arguments: Arguments) -> Result<Answer, Failure> {
        let user = || call.user.to_string();
        let new = NewSession {
            session_type: arguments.session_type,
            assets: arguments.assets,
            user_id: Some(arguments.user_id.unwrap_or_else(user)),
            ttl_hours: arguments.ttl_hours,
            tags: arguments.tags,
        };
        let store = &call.services.store;
        let created = store
            .create_session(&call.scope, &new, call.key.as_ref())
            .await?;
        let session = created.session;
        Ok(Answer {
            session_id: session.id,
            user_id: session.user_id,
            session_type: session.session_type,
            assets: session.assets,
            created_at: session.created_at,
            expires_at: session.expires_at,
            ttl_hours: hours(created.ttl),
            ttl_capped: created.ttl_capped,
            tags: session.tags,
        })
    }
}
