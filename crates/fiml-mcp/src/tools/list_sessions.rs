//! `list-sessions`: a page of somebody's sessions, newest first.

use fiml_session_core::{
    Asset, ListRequest, SessionId, SessionPage, SessionSummary, SessionType, Tag, Timestamp, UserId,
};
use rmcp::model::JsonObject;
use serde::{Deserialize, Serialize};

use super::{Call, Effect, Facts, Tool, session_type, user_id};
use crate::{error::Failure, schema};

pub(super) struct ListSessions;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Arguments {
    user_id: Option<String>,
    #[serde(default)]
    include_archived: bool,
    /// A float because 50.0 is a whole number to JSON Schema.
    limit: Option<f64>,
    cursor: Option<String>,
    session_type: Option<SessionType>,
    #[serde(default)]
    tags: Vec<String>,
    asset: Option<String>,
}

/// A page of sessions as the wire shows it.
#[derive(Debug, Serialize)]
pub struct SessionList {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    total_sessions: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    total_capped: bool,
    sessions: Vec<Listed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct Listed {
    session_id: SessionId,
    #[serde(rename = "type")]
    session_type: SessionType,
    assets: Vec<Asset>,
    created_at: Timestamp,
    expires_at: Timestamp,
    total_queries: u64,
    is_expired: bool,
    is_archived: bool,
    tags: Vec<Tag>,
}

impl Listed {
    fn at(at: Timestamp, summary: SessionSummary) -> Self {
        let session = summary.header;
        Self {
            session_id: session.id,
            is_expired: session.is_expired(at),
            is_archived: summary.is_archived,
            session_type: session.session_type,
            assets: session.assets,
            created_at: session.created_at,
            expires_at: session.expires_at,
            total_queries: session.total_queries,
            tags: session.tags,
        }
    }
}

impl SessionList {
    /// A page as it stands at the given instant; of one user's sessions, or of everybody's.
    #[must_use]
    pub fn new(user_id: Option<UserId>, page: SessionPage, at: Timestamp) -> Self {
        let sessions = page.sessions.into_iter();
        Self {
            user_id,
            total_sessions: page.total,
            total_capped: page.total_capped,
            sessions: sessions.map(|session| Listed::at(at, session)).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

impl Tool for ListSessions {
    const NAME: &'static str = "list-sessions";
    const TITLE: &'static str = "List sessions";
    const EFFECT: Effect = Effect::Reads;
    type Arguments = Arguments;
    type Answer = SessionList;

    fn description(facts: &Facts<'_>) -> String {
        format!(
            "Lists the sessions of one user, newest first, by type, tags and asset. Without \
             includeArchived only what has not expired is listed; with it, everything, and the archive \
             keeps a session {kept}. Returns user_id, total_sessions (exact to 1,000; beyond that \
             total_capped is true), sessions (each with session_id, type, assets, created_at, \
             expires_at, total_queries, is_expired, is_archived, tags) and next_cursor: pass it as \
             cursor for the next page; it is absent on the last.",
            kept = facts.kept(),
        )
    }

    fn arguments(facts: &Facts<'_>) -> JsonObject {
        let limit = format!(
            "How many sessions to list at most; {} where left out.",
            ListRequest::DEFAULT_LIMIT
        );
        schema::arguments(
            &[],
            [
                user_id("Whose sessions; the local user's where left out."),
                (
                    "includeArchived",
                    schema::flag(
                        "Whether to list expired sessions too, archived or not; false where left out.",
                    ),
                ),
                (
                    "limit",
                    schema::whole(&limit, 1, ListRequest::MAX_LIMIT as u64),
                ),
                (
                    "cursor",
                    schema::text("The next_cursor of the page before, unchanged."),
                ),
                session_type("Only sessions of this type."),
                (
                    "tags",
                    schema::names(
                        "Only sessions that carry every one of these tags.",
                        0,
                        facts.policy.limits.max_tags,
                        Tag::MAX_BYTES,
                    ),
                ),
                (
                    "asset",
                    schema::name("Only sessions about this asset.", Asset::MAX_CHARS),
                ),
            ],
        )
    }

    fn answer() -> JsonObject {
        let text = schema::text;
        let session = schema::object([
            ("session_id", text("Pass it on as sessionId.")),
            ("type", text("What kind of analysis it is.")),
            (
                "assets",
                schema::list("What it is about.", &text("An asset.")),
            ),
            ("created_at", schema::instant("When it was created.")),
            ("expires_at", schema::instant("From when on it is expired.")),
            ("total_queries", schema::count("How many queries it has.")),
            ("is_expired", schema::flag("Whether it has expired.")),
            (
                "is_archived",
                schema::flag("Whether it lies in the archive."),
            ),
            (
                "tags",
                schema::list("What it is found by.", &text("A tag.")),
            ),
        ]);
        schema::result(
            [
                ("user_id", text("Whose sessions these are.")),
                (
                    "total_sessions",
                    schema::count("How many match, on all pages; at most 1,000."),
                ),
                (
                    "sessions",
                    schema::list("This page, newest first.", &session),
                ),
            ],
            [
                (
                    "total_capped",
                    schema::flag("True where more than 1,000 match."),
                ),
                (
                    "next_cursor",
                    text("Pass it as cursor for the next page; absent on the last."),
                ),
            ],
        )
    }

    async fn call(call: &Call, arguments: Arguments) -> Result<SessionList, Failure> {
        let user = match arguments.user_id {
            Some(user) => user.parse()?,
            None => call.user.clone(),
        };
        let request = ListRequest {
            user_id: Some(user.to_string()),
            include_archived: arguments.include_archived,
            // The schema has held it to 1 to 200.
            limit: arguments
                .limit
                .map_or(ListRequest::DEFAULT_LIMIT, |limit| limit as usize),
            cursor: arguments.cursor,
            session_type: arguments.session_type,
            tags: arguments.tags,
            asset: arguments.asset,
        };
        call.progress.tell(0, 1, "reading the sessions").await;
        let store = &call.services.store;
        let page = store.list_user_sessions(&call.scope, &request).await?;
        Ok(SessionList::new(Some(user), page, store.now()))
    }
}
