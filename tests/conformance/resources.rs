//! Resources: a text, an image, one of a template, and one to watch.

use rmcp::{
    ErrorData,
    model::{CacheScope, ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult},
};
use serde_json::{Value, json};

use crate::{
    listing::{FRESH_MS, from_json},
    samples::PNG,
};

pub(crate) fn list() -> ListResourcesResult {
    let resources = json!([
        {
            "uri": "test://static-text",
            "name": "static-text",
            "description": "A text.",
            "mimeType": "text/plain",
        },
        {
            "uri": "test://static-binary",
            "name": "static-binary",
            "description": "An image.",
            "mimeType": "image/png",
        },
        {
            "uri": "test://watched-resource",
            "name": "watched-resource",
            "description": "A text that may be watched.",
            "mimeType": "text/plain",
        },
    ]);
    ListResourcesResult::with_all_items(from_json(resources))
        .with_ttl_ms(FRESH_MS)
        .with_cache_scope(CacheScope::Public)
}

pub(crate) fn templates() -> ListResourceTemplatesResult {
    let templates = json!([{
        "uriTemplate": "test://template/{id}/data",
        "name": "template",
        "description": "The data of an id.",
        "mimeType": "application/json",
    }]);
    ListResourceTemplatesResult::with_all_items(from_json(templates))
        .with_ttl_ms(FRESH_MS)
        .with_cache_scope(CacheScope::Public)
}

pub(crate) fn read(uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let contents = match uri {
        "test://static-text" => text(uri, "This is the content of the static text resource."),
        "test://static-binary" => json!([{"uri": uri, "mimeType": "image/png", "blob": PNG}]),
        "test://watched-resource" => text(uri, "This is the content of the watched resource."),
        _ => of_template(uri).ok_or_else(|| {
            ErrorData::resource_not_found("there is no such resource", Some(json!({"uri": uri})))
        })?,
    };
    Ok(ReadResourceResult::new(from_json(contents))
        .with_ttl_ms(FRESH_MS)
        .with_cache_scope(CacheScope::Public))
}

fn text(uri: &str, text: &str) -> Value {
    json!([{"uri": uri, "mimeType": "text/plain", "text": text}])
}

fn of_template(uri: &str) -> Option<Value> {
    let id = uri
        .strip_prefix("test://template/")?
        .strip_suffix("/data")?;
    let data = json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
    Some(json!([{"uri": uri, "mimeType": "application/json", "text": data.to_string()}]))
}
