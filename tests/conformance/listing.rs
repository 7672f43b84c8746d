//! What the fixtures list is written as the JSON that a client sees.

use rmcp::model::{JsonObject, Tool};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// How long a client may keep what is listed, in milliseconds.
pub(crate) const FRESH_MS: u64 = 60_000;

/// A value of the protocol from its JSON.
pub(crate) fn from_json<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the fixtures are written in the protocol's own JSON")
}

/// A tool that takes nothing.
pub(crate) fn tool(name: &'static str, description: &'static str) -> Tool {
    tool_with(
        name,
        description,
        json!({"type": "object", "additionalProperties": false}),
    )
}

/// A tool with a schema of its arguments.
pub(crate) fn tool_with(name: &'static str, description: &'static str, schema: Value) -> Tool {
    Tool::new(name, description, from_json::<JsonObject>(schema))
}
