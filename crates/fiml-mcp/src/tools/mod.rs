//! The tools, one a file, and the table that a server calls them from.
//!
//! A new tool is a file that implements [`Tool`] and a line in [`ToolTable::new`].

mod create_session;
mod extend_session;
mod get_session;
mod list_sessions;
mod progress;
mod quote_answer;
mod quote_schema;
mod search;
mod search_coin;
mod search_schema;
mod search_symbol;
mod session_analytics;
mod writing;

pub use list_sessions::SessionList;
pub(crate) use progress::Progress;
pub(crate) use writing::Writing;

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use fiml_session_core::{IdempotencyKey, Invalid, Policy, SessionType, UserId, store::Scope};
use rmcp::model::{JsonObject, Tool as ListedTool, ToolAnnotations};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    arguments::ArgumentCheck,
    error::{ErrorBody, Failure},
    schema::{self, Named},
    server::Services,
};

/// A tool: what it says of itself, and what it does.
pub(crate) trait Tool: 'static {
    /// Its name on the wire.
    const NAME: &'static str;
    /// Its name for people.
    const TITLE: &'static str;
    /// What it does to the world.
    const EFFECT: Effect;
    type Arguments: DeserializeOwned + Send;
    /// What a success holds behind `status`, in the order of the text.
    type Answer: Serialize;

    fn description(facts: &Facts<'_>) -> String;
    fn arguments(facts: &Facts<'_>) -> JsonObject;
    fn answer() -> JsonObject;
    fn call(
        call: &Call,
        arguments: Self::Arguments,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

/// What a tool does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Reads sessions.
    Reads,
    /// Adds to sessions; never destroys anything.
    Adds,
    /// Asks a market, and at most appends to the record of a session.
    Asks,
}

impl Effect {
    fn annotations(self, title: &str) -> ToolAnnotations {
        ToolAnnotations::with_title(title)
            .read_only(self != Self::Adds)
            .destructive(false)
            .idempotent(self == Self::Reads)
            .open_world(self == Self::Asks)
    }
}

/// What descriptions and schemas are written from.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) retention: Option<Duration>,
}

impl Facts<'_> {
    /// How long a session lives where nobody says, in words.
    pub(crate) fn default_life(&self) -> String {
        in_words(self.policy.default_ttl)
    }

    /// How long a session lives at most, in words.
    pub(crate) fn longest_life(&self) -> String {
        in_words(self.policy.limits.max_ttl)
    }

    /// How long the archive keeps a session, in words.
    pub(crate) fn kept(&self) -> String {
        self.retention.map_or_else(
            || "until somebody deletes it".to_owned(),
            |retention| format!("for {}", in_words(retention)),
        )
    }
}

fn in_words(span: Duration) -> String {
    const DAY: f64 = 24.0;
    let hours = hours(span);
    if hours > 7.0 * DAY && hours % DAY == 0.0 {
        format!("{} days", hours / DAY)
    } else {
        format!("{hours} hours")
    }
}

/// A span in hours.
pub(crate) fn hours(span: Duration) -> f64 {
    span.as_secs_f64() / 3_600.0
}

/// A span in hours to four digits, a third of a second: for what changes while it is read.
pub(crate) fn rounded_hours(span: Duration) -> f64 {
    (hours(span) * 1e4).round() / 1e4
}

/// One call: who asks, and under which key.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) services: Arc<Services>,
    /// What the caller may see.
    pub(crate) scope: Scope,
    /// Whose sessions are meant where the call does not say.
    pub(crate) user: UserId,
    pub(crate) key: Option<IdempotencyKey>,
    /// Whether it has begun to change something.
    pub(crate) writing: Writing,
    pub(crate) progress: Progress,
}

/// What a tool answers: the same JSON as a text and as a value.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) text: String,
    pub(crate) value: Value,
    pub(crate) is_error: bool,
}

impl Reply {
    fn of(body: &impl Serialize, is_error: bool) -> Self {
        const PLAIN: &str = "bodies are plain data with text keys";
        // The text comes from the body itself: a Value would forget the order of the fields.
        let mut text = Vec::with_capacity(2_048);
        serde_json::to_writer(&mut text, body).expect(PLAIN);
        Self {
            text: String::from_utf8(text).expect("JSON is UTF-8"),
            value: serde_json::to_value(body).expect(PLAIN),
            is_error,
        }
    }

    pub(crate) fn failure(failure: &Failure) -> Self {
        Self::of(&ErrorBody::from(failure), true)
    }
}

#[derive(Serialize)]
struct Success<T> {
    status: &'static str,
    #[serde(flatten)]
    answer: T,
}

impl<T> Success<T> {
    const fn of(answer: T) -> Self {
        let status = "success";
        Self { status, answer }
    }
}

type Running = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send>>;

/// A tool in the table, its type erased.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) listed: ListedTool,
    check: ArgumentCheck,
    run: fn(Call, Value) -> Running,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Entry {
    fn of<T: Tool>(facts: &Facts<'_>) -> Self {
        let arguments = T::arguments(facts);
        let check = ArgumentCheck::new(&arguments, facts.policy.limits.max_depth);
        let listed = ListedTool::new(T::NAME, T::description(facts), Arc::new(arguments))
            .with_title(T::TITLE)
            .with_raw_output_schema(Arc::new(T::answer()))
            .with_annotations(T::EFFECT.annotations(T::TITLE));
        Self {
            name: T::NAME,
            listed,
            check,
            run: |call, arguments| Box::pin(run::<T>(call, arguments)),
        }
    }

    /// Holds the arguments to the schema, then runs the tool.
    pub(crate) async fn call(
        &self,
        mut call: Call,
        arguments: JsonObject,
    ) -> Result<Reply, Failure> {
        let mut arguments = self.check.check(arguments).map_err(Failure::Call)?;
        let key = arguments
            .as_object_mut()
            .and_then(|arguments| arguments.remove(IDEMPOTENCY_KEY));
        if let Some(Value::String(key)) = key {
            // What the call asks for: the same key for another tool or other arguments is a conflict.
            let content = json!([self.name, arguments]);
            call.key = Some(IdempotencyKey::new(&key, &content)?);
        }
        let keyed = call.key.is_some();
        let ran = (self.run)(call, arguments).await;
        ran.map_err(|failure| failure.under_key(keyed))
    }
}

async fn run<T: Tool>(call: Call, arguments: Value) -> Result<Reply, Failure> {
    let arguments = serde_json::from_value(arguments).map_err(|error| {
        Invalid::malformed(
            "arguments",
            format!("cannot be read: {error}"),
            "the schema of the tool",
        )
    })?;
    if T::EFFECT == Effect::Adds {
        call.writing.begin();
    }
    let answer = T::call(&call, arguments).await?;
    Ok(Reply::of(&Success::of(answer), false))
}

/// The tools of a server, in the order in which they are listed.
#[derive(Debug)]
pub(crate) struct ToolTable(Vec<Entry>);

impl ToolTable {
    pub(crate) fn new(facts: &Facts<'_>) -> Self {
        Self(vec![
            Entry::of::<create_session::CreateSession>(facts),
            Entry::of::<get_session::GetSession>(facts),
            Entry::of::<list_sessions::ListSessions>(facts),
            Entry::of::<extend_session::ExtendSession>(facts),
            Entry::of::<session_analytics::GetAnalytics>(facts),
            Entry::of::<search_symbol::SearchSymbol>(facts),
            Entry::of::<search_coin::SearchCoin>(facts),
        ])
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The tool of this name; clients that cannot write hyphens write underscores.
    pub(crate) fn find(&self, name: &str) -> Option<&Entry> {
        let hyphenated = name.replace('_', "-");
        self.0
            .iter()
            .find(|entry| entry.name == name || (!name.contains('-') && entry.name == hyphenated))
    }
}

const IDEMPOTENCY_KEY: &str = "idempotencyKey";

/// The argument that makes a retry safe.
fn idempotency_key() -> Named {
    let description = "Your own name for this call. Repeating the call with the same key and the same \
                       arguments within 24 hours gives the first outcome and does nothing twice; the \
                       same key with other arguments is refused.";
    (
        IDEMPOTENCY_KEY,
        schema::name(description, IdempotencyKey::MAX_BYTES),
    )
}

fn session_id() -> Named {
    let description = "The session_id that create-analysis-session returned, a UUID.";
    ("sessionId", schema::text(description))
}

fn user_id(description: &str) -> Named {
    ("userId", schema::name(description, UserId::MAX_BYTES))
}

fn session_type(description: &str) -> Named {
    let options = SessionType::ALL.map(SessionType::name);
    ("sessionType", schema::choice(description, &options))
}
