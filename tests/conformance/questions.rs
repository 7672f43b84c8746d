//! What a server may ask of a client, as the JSON of its requests.

use serde_json::{Value, json};

/// A form with these fields, all of them required.
pub(crate) fn form(message: &str, fields: &Value) -> Value {
    let required: Vec<_> = fields
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.keys())
        .collect();
    json!({
        "method": "elicitation/create",
        "params": {
            "message": message,
            "requestedSchema": {"type": "object", "properties": fields, "required": required},
        },
    })
}

/// A prompt for the client's model.
pub(crate) fn sampling(prompt: &str, max_tokens: u32) -> Value {
    json!({
        "method": "sampling/createMessage",
        "params": {
            "messages": [{"role": "user", "content": {"type": "text", "text": prompt}}],
            "maxTokens": max_tokens,
        },
    })
}

/// The folders the client works in.
pub(crate) fn roots() -> Value {
    json!({"method": "roots/list", "params": {}})
}
