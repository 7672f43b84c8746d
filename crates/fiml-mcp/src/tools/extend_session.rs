//! `extend-session`: more life for a session, or its way back from the archive.

use fiml_session_core::{SessionId, Timestamp};
use rmcp::model::JsonObject;
use serde::{Deserialize, Serialize};

use super::{Call, Effect, Facts, Tool, hours, idempotency_key, rounded_hours, session_id};
use crate::{error::Failure, schema};

pub(super) struct ExtendSession;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Arguments {
    session_id: String,
    hours: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    session_id: SessionId,
    expires_at: Timestamp,
    time_remaining_hours: f64,
    ttl_capped: bool,
}

impl Tool for ExtendSession {
    const NAME: &'static str = "extend-session";
    const TITLE: &'static str = "Extend a session";
    const EFFECT: Effect = Effect::Adds;
    type Arguments = Arguments;
    type Answer = Answer;

    fn description(facts: &Facts<'_>) -> String {
        format!(
            "Prolongs the life of a session: it adds to what is left, or counts from now once the \
             session has expired, and never shortens. An archived session comes back whole and takes \
             queries again, as long as the archive keeps it ({kept}). Returns session_id, expires_at, \
             time_remaining_hours and ttl_capped, which says that the new life was cut to {longest} \
             from now. Go on with search-by-symbol or search-by-coin under the same sessionId.",
            kept = facts.kept(),
            longest = facts.longest_life(),
        )
    }

    fn arguments(facts: &Facts<'_>) -> JsonObject {
        let more = format!(
            "By how many hours; fractions are allowed. {} where left out; the life never reaches \
             further than {} from now.",
            facts.default_life(),
            facts.longest_life()
        );
        schema::arguments(
            &["sessionId"],
            [
                session_id(),
                ("hours", schema::hours(&more)),
                idempotency_key(),
            ],
        )
    }

    fn answer() -> JsonObject {
        schema::result(
            [
                ("session_id", schema::text("The session.")),
                (
                    "expires_at",
                    schema::instant("From when on it is expired now."),
                ),
                ("time_remaining_hours", schema::number("The life left.")),
                ("ttl_capped", schema::flag("Whether the maximum cut it.")),
            ],
            [],
        )
    }

    async fn call(call: &Call, arguments: Arguments) -> Result<Answer, Failure> {
        let id: SessionId = arguments.session_id.parse()?;
        let store = &call.services.store;
        let by = arguments
            .hours
            .unwrap_or_else(|| hours(store.policy().default_ttl));
        let extended = store
            .extend_session(&call.scope, id, by, call.key.as_ref())
            .await?;
        Ok(Answer {
            session_id: id,
            expires_at: extended.expires_at,
            time_remaining_hours: rounded_hours(extended.expires_at.since(store.now())),
            ttl_capped: extended.ttl_capped,
        })
    }
}
