//! Tools whose schemas are what the suite looks at.

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool};
use serde_json::{Value, json};

use crate::listing::tool_with;

pub(crate) fn tools() -> Vec<Tool> {
    vec![
        tool_with(
            "json_schema_2020_12_tool",
            "Has the keywords of JSON Schema 2020-12 in its schema.",
            keywords(),
        ),
        tool_with(
            "test_header_argument",
            "Takes an argument that a header repeats.",
            json!({
                "type": "object",
                "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
                "required": ["region"],
            }),
        ),
    ]
}

/// The answer, where it is one of these tools: the arguments it was given.
pub(crate) fn call(name: &str, arguments: Option<&JsonObject>) -> Option<CallToolResult> {
    if !matches!(name, "json_schema_2020_12_tool" | "test_header_argument") {
        return None;
    }
    let text = json!(arguments).to_string();
    Some(CallToolResult::success(vec![ContentBlock::text(text)]))
}

fn keywords() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
            },
        },
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": false,
    })
}
