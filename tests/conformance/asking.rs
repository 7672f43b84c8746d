//! Tools that ask the client something while they run, as servers did up to 2025-11-25.

use rmcp::{
    ErrorData, RoleServer,
    model::{CallToolResult, ContentBlock, JsonObject, ServerRequest, Tool},
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::{
    listing::{from_json, tool, tool_with},
    questions::{form, sampling},
};

pub(crate) fn tools() -> Vec<Tool> {
    let text_of = |name: &str| json!({"type": "object", "properties": {name: {"type": "string"}}, "required": [name]});
    vec![
        tool_with(
            "test_sampling",
            "Asks the client's model.",
            text_of("prompt"),
        ),
        tool_with(
            "test_elicitation",
            "Asks the user for a name and an address.",
            text_of("message"),
        ),
        tool(
            "test_elicitation_sep1034_defaults",
            "Asks the user, with a default for every kind of value.",
        ),
        tool(
            "test_elicitation_sep1330_enums",
            "Asks the user, with every kind of choice.",
        ),
    ]
}

/// The answer, where it is one of these tools: what the client said.
pub(crate) async fn call(
    name: &str,
    arguments: Option<&JsonObject>,
    context: &RequestContext<RoleServer>,
) -> Option<Result<CallToolResult, ErrorData>> {
    let argument = |name: &str| {
        let value = arguments.and_then(|arguments| arguments.get(name));
        value.and_then(Value::as_str).unwrap_or_default()
    };
    let question = match name {
        "test_sampling" => sampling(argument("prompt"), 100),
        "test_elicitation" => form(
            argument("message"),
            &json!({
                "username": {"type": "string", "description": "User's response"},
                "email": {"type": "string", "description": "User's email address"},
            }),
        ),
        "test_elicitation_sep1034_defaults" => form("Is all of this right?", &defaults()),
        "test_elicitation_sep1330_enums" => form("Which of these?", &choices()),
        _ => return None,
    };
    let capabilities = context.client_capabilities().unwrap_or_default();
    let able = match name {
        "test_sampling" => capabilities.sampling.is_some(),
        _ => capabilities.elicitation.is_some(),
    };
    if !able {
        let text = ContentBlock::text("The client has not said that it can be asked.");
        return Some(Ok(CallToolResult::error(vec![text])));
    }
    Some(ask(question, context).await)
}

async fn ask(
    question: Value,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let request: ServerRequest = from_json(question);
    let answer = context.peer.send_request(request).await;
    let answer = answer.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    let text = format!("The client answered: {}", json!(answer));
    Ok(CallToolResult::success(vec![ContentBlock::text(text)]))
}

fn defaults() -> Value {
    json!({
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {
            "type": "string",
            "enum": ["active", "inactive", "pending"],
            "default": "active",
        },
        "verified": {"type": "boolean", "default": true},
    })
}

fn choices() -> Value {
    let plain = ["option1", "option2", "option3"];
    let titled = json!([
        {"const": "value1", "title": "First"},
        {"const": "value2", "title": "Second"},
        {"const": "value3", "title": "Third"},
    ]);
    json!({
        "untitledSingle": {"type": "string", "enum": plain},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled}},
    })
}
