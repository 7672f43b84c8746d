//! Tools that answer at once, one for each kind of content.

use rmcp::model::{CallToolResult, Tool};
use serde_json::json;

use crate::{
    listing::{from_json, tool},
    samples::{PNG, WAV},
};

pub(crate) fn tools() -> Vec<Tool> {
    vec![
        tool("test_simple_text", "Answers with a text."),
        tool("test_image_content", "Answers with an image."),
        tool("test_audio_content", "Answers with a sound."),
        tool("test_embedded_resource", "Answers with a resource."),
        tool(
            "test_multiple_content_types",
            "Answers with a text, an image and a resource.",
        ),
        tool("test_error_handling", "Always fails."),
    ]
}

/// The answer, where it is one of these tools.
pub(crate) fn call(name: &str) -> Option<CallToolResult> {
    let image = json!({"type": "image", "data": PNG, "mimeType": "image/png"});
    let content = match name {
        "test_simple_text" => {
            json!([{"type": "text", "text": "This is a simple text response for testing."}])
        }
        "test_image_content" => json!([image]),
        "test_audio_content" => json!([{"type": "audio", "data": WAV, "mimeType": "audio/wav"}]),
        "test_embedded_resource" => json!([{
            "type": "resource",
            "resource": {
                "uri": "test://embedded-resource",
                "mimeType": "text/plain",
                "text": "This is an embedded resource content.",
            },
        }]),
        "test_multiple_content_types" => json!([
            {"type": "text", "text": "Multiple content types test:"},
            image,
            {
                "type": "resource",
                "resource": {
                    "uri": "test://mixed-content-resource",
                    "mimeType": "application/json",
                    "text": r#"{"test":"data","value":123}"#,
                },
            },
        ]),
        "test_error_handling" => {
            let text = "This tool intentionally returns an error for testing";
            return Some(CallToolResult::error(from_json(
                json!([{"type": "text", "text": text}]),
            )));
        }
        _ => return None,
    };
    Some(CallToolResult::success(from_json(content)))
}
