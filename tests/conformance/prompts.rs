//! Prompts: plain, with arguments, with a resource, with an image.

use rmcp::{
    ErrorData,
    model::{CacheScope, GetPromptResult, JsonObject, ListPromptsResult},
};
use serde_json::{Value, json};

use crate::{
    listing::{FRESH_MS, from_json},
    samples::PNG,
};

/// The prompt that asks the user before it is there.
pub(crate) const ASKING: &str = "test_input_required_result_prompt";

pub(crate) fn list() -> ListPromptsResult {
    let required = |name: &str| json!({"name": name, "description": "Any text.", "required": true});
    let prompts = json!([
        {"name": "test_simple_prompt", "description": "A text."},
        {
            "name": "test_prompt_with_arguments",
            "description": "A text with both arguments in it.",
            "arguments": [required("arg1"), required("arg2")],
        },
        {
            "name": "test_prompt_with_embedded_resource",
            "description": "A resource and a text.",
            "arguments": [required("resourceUri")],
        },
        {"name": "test_prompt_with_image", "description": "An image and a text."},
        {"name": ASKING, "description": "A text, once the user has said what it is about."},
    ]);
    ListPromptsResult::with_all_items(from_json(prompts))
        .with_ttl_ms(FRESH_MS)
        .with_cache_scope(CacheScope::Public)
}

pub(crate) fn get(
    name: &str,
    arguments: Option<&JsonObject>,
) -> Result<GetPromptResult, ErrorData> {
    let argument = |name: &str| {
        let value = arguments.and_then(|arguments| arguments.get(name));
        value.and_then(Value::as_str).ok_or_else(|| {
            ErrorData::invalid_params(format!("the prompt needs the text {name:?}"), None)
        })
    };
    match name {
        "test_simple_prompt" => Ok(of(&[text("This is a simple prompt for testing.")])),
        "test_prompt_with_arguments" => {
            let (first, second) = (argument("arg1")?, argument("arg2")?);
            let words = format!("Prompt with arguments: arg1='{first}', arg2='{second}'");
            Ok(of(&[text(&words)]))
        }
        "test_prompt_with_embedded_resource" => {
            let resource = json!({
                "type": "resource",
                "resource": {
                    "uri": argument("resourceUri")?,
                    "mimeType": "text/plain",
                    "text": "Embedded resource content for testing.",
                },
            });
            let request = text("Please process the embedded resource above.");
            Ok(of(&[resource, request]))
        }
        "test_prompt_with_image" => {
            let image = json!({"type": "image", "data": PNG, "mimeType": "image/png"});
            Ok(of(&[image, text("Please analyze the image above.")]))
        }
        _ => Err(ErrorData::invalid_params(
            format!("there is no prompt {name:?}"),
            None,
        )),
    }
}

/// A prompt of one text.
pub(crate) fn saying(words: &str) -> GetPromptResult {
    of(&[text(words)])
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn of(contents: &[Value]) -> GetPromptResult {
    let messages = contents
        .iter()
        .map(|content| json!({"role": "user", "content": content}));
    GetPromptResult::new(from_json(messages.collect()))
}
