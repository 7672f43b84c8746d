//! The pieces that the schemas of tools are put together from.
//!
//! Written by hand and kept portable: JSON Schema 2020-12, every type a single word, optional arguments
//! simply not required, no `format` and no references.

use rmcp::model::JsonObject;
use serde_json::{Value, json};

/// An argument or a field: its name and its schema.
pub(crate) type Named = (&'static str, Value);

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of a tool's arguments; what is not named is refused.
pub(crate) fn arguments(
    required: &[&str],
    properties: impl IntoIterator<Item = Named>,
) -> JsonObject {
    let mut schema = JsonObject::new();
    schema.insert("$schema".into(), DIALECT.into());
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), collect(properties));
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    schema.insert("additionalProperties".into(), false.into());
    schema
}

/// The schema of a tool's result: what every success holds, what a success may hold, or an error.
///
/// One object under one root, told apart by `status`, because some clients hold an error to the schema
/// too.
pub(crate) fn result(
    always: impl IntoIterator<Item = Named>,
    sometimes: impl IntoIterator<Item = Named>,
) -> JsonObject {
    let always: Vec<_> = always.into_iter().collect();
    let required: Vec<_> = always.iter().map(|&(name, _)| name).collect();
    let error = [
        ("code", text("Only in an error: its stable name.")),
        ("message", text("Only in an error: what went wrong.")),
        ("argument", text("Only in an error: the argument to blame.")),
        (
            "limit",
            text("Only in an error: the limit that was broken."),
        ),
        ("hint", text("Only in an error: what to do next.")),
    ];
    let status = json!({
        "type": "string",
        "enum": ["success", "error"],
        "description": "Whether the call did what it was asked.",
    });
    let properties = std::iter::once(("status", status))
        .chain(always)
        .chain(sometimes)
        .chain(error);
    let schema = json!({
        "$schema": DIALECT,
        "type": "object",
        "properties": collect(properties),
        "required": ["status"],
        "oneOf": [
            {
                "type": "object",
                "properties": {"status": {"const": "success"}},
                "required": required,
            },
            {
                "type": "object",
                "properties": {"status": {"const": "error"}},
                "required": ["code", "message", "hint"],
            },
        ],
    });
    match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    }
}

/// An object of which every field is always there.
pub(crate) fn object(always: impl IntoIterator<Item = Named>) -> Value {
    object_with(always, [])
}

/// An object with fields that are always there and others that may be.
pub(crate) fn object_with(
    always: impl IntoIterator<Item = Named>,
    sometimes: impl IntoIterator<Item = Named>,
) -> Value {
    let always: Vec<_> = always.into_iter().collect();
    let required: Vec<_> = always.iter().map(|&(name, _)| name).collect();
    json!({
        "type": "object",
        "required": required,
        "properties": collect(always.into_iter().chain(sometimes)),
    })
}

/// An object whose keys are not known beforehand.
pub(crate) fn map(description: &str, of: &Value) -> Value {
    json!({"type": "object", "description": description, "additionalProperties": of})
}

pub(crate) fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

/// A text of 1 to so many characters.
pub(crate) fn name(description: &str, max: usize) -> Value {
    json!({"type": "string", "description": description, "minLength": 1, "maxLength": max})
}

pub(crate) fn instant(description: &str) -> Value {
    text(&format!("{description} RFC 3339, in UTC."))
}

pub(crate) fn choice(description: &str, options: &[&str]) -> Value {
    json!({"type": "string", "description": description, "enum": options})
}

pub(crate) fn flag(description: &str) -> Value {
    json!({"type": "boolean", "description": description})
}

pub(crate) fn number(description: &str) -> Value {
    json!({"type": "number", "description": description})
}

/// A number of hours, fractions allowed; what is above the maximum is capped, so none is stated.
pub(crate) fn hours(description: &str) -> Value {
    json!({"type": "number", "description": description, "exclusiveMinimum": 0})
}

pub(crate) fn count(description: &str) -> Value {
    json!({"type": "integer", "description": description, "minimum": 0})
}

pub(crate) fn whole(description: &str, min: u64, max: u64) -> Value {
    json!({"type": "integer", "description": description, "minimum": min, "maximum": max})
}

pub(crate) fn list(description: &str, of: &Value) -> Value {
    json!({"type": "array", "description": description, "items": of})
}

/// A list of texts, each of 1 to `max_chars` characters.
pub(crate) fn names(description: &str, min: usize, max: usize, max_chars: usize) -> Value {
    json!({
        "type": "array",
        "description": description,
        "minItems": min,
        "maxItems": max,
        "items": {"type": "string", "minLength": 1, "maxLength": max_chars},
    })
}

fn collect(properties: impl IntoIterator<Item = Named>) -> Value {
    let named = properties
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema));
    Value::Object(named.collect())
}
