//! Progress of a handler reaches the client through the layers, and a handler without any answers in JSON.

use fiml_mcp::{HttpConfig, http::layered};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock,
        ProgressNotificationParam, ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::http::Endpoint;

/// Tells its progress to whoever gave a token.
#[derive(Debug, Clone)]
struct Telling;

impl ServerHandler for Telling {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if let Some(token) = context.meta.get_progress_token() {
            for done in [0.0, 50.0, 100.0] {
                let progress =
                    ProgressNotificationParam::new(token.clone(), done).with_total(100.0);
                context
                    .peer
                    .notify_progress(progress)
                    .await
                    .expect("the client listens");
            }
        }
        Ok(CallToolResult::success(vec![ContentBlock::text("done")]).into())
    }
}

#[tokio::test]
async fn progress_comes_as_events_and_only_where_it_was_asked_for() {
    let limits = HttpConfig::default();
    let endpoint = Endpoint::serve(layered(Telling, &limits), limits).await;
    let quiet = endpoint.call("work", &json!({})).await;
    assert!(
        quiet.head.contains("content-type: application/json"),
        "{quiet:?}"
    );
    assert_eq!(quiet.json()["result"]["content"][0]["text"], "done");

    let params = json!({"name": "work", "arguments": {}, "_meta": {"progressToken": "t"}});
    let told = endpoint.ask("tools/call", &params).await;
    for header in ["content-type: text/event-stream", "x-accel-buffering: no"] {
        assert!(told.head.contains(header), "{header}: {}", told.head);
    }
    let events = told
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("data:"));
    let events: Vec<Value> = events
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let told: Vec<_> = events[..events.len() - 1]
        .iter()
        .map(|event| {
            (
                &event["method"],
                &event["params"]["progress"],
                &event["params"]["progressToken"],
            )
        })
        .collect();
    let method = &json!("notifications/progress");
    let token = &json!("t");
    assert_eq!(
        told,
        [
            (method, &json!(0.0), token),
            (method, &json!(50.0), token),
            (method, &json!(100.0), token)
        ]
    );
    assert_eq!(
        events.last().unwrap()["result"]["content"][0]["text"],
        "done"
    );
}
