//! Progress reaches whoever asked for it, through the layers and over a pipe; without any, an answer is JSON.

#![expect(
    clippy::unwrap_used,
    reason = "helpers fail the test that asks for them"
)]

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

use crate::{
    client::Client,
    http::{Endpoint, Reply},
    world::World,
};

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

/// The messages of a stream.
fn events(reply: &Reply) -> Vec<Value> {
    let lines = reply.body.lines();
    let data = lines.filter_map(|line| line.strip_prefix("data:"));
    data.map(|data| serde_json::from_str(data).unwrap())
        .collect()
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
    let events = events(&told);
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

/// What messages tell of a call: progress, total, what is next; and that the last is the answer.
fn steps(messages: &[Value]) -> Vec<(f64, f64, String)> {
    let (answer, told) = messages.split_last().unwrap();
    assert_eq!(
        answer["result"]["structuredContent"]["status"], "success",
        "{answer}"
    );
    let step = |message: &Value| {
        assert_eq!(message["method"], "notifications/progress", "{message}");
        let params = &message["params"];
        assert_eq!(params["progressToken"], 7);
        let number = |name: &str| params[name].as_f64().unwrap();
        let next = params["message"].as_str().unwrap().to_owned();
        (number("progress"), number("total"), next)
    };
    told.iter().map(step).collect()
}

#[tokio::test]
async fn calls_that_may_take_long_tell_their_steps_over_both_transports() {
    let world = World::new().await;
    let endpoint = Endpoint::of(&world, HttpConfig::default()).await;
    let mut pipe = Client::legacy(&world, "2025-11-25").await;
    let session = pipe.session().await;
    let tracked = [
        (0.0, 3.0, "looking at the session".to_owned()),
        (1.0, 3.0, "asking for the price".to_owned()),
        (2.0, 3.0, "recording the question".to_owned()),
    ];
    let alone = |next: &str| vec![(0.0, 1.0, next.to_owned())];
    for (tool, arguments, expected) in [
        (
            "search-by-symbol",
            json!({"symbol": "AAPL", "sessionId": session}),
            tracked.to_vec(),
        ),
        (
            "search-by-symbol",
            json!({"symbol": "AAPL", "moreSymbols": ["MSFT", "NOSUCH"], "sessionId": session}),
            tracked.to_vec(),
        ),
        (
            "search-by-coin",
            json!({"symbol": "BTC", "pair": "USD"}),
            alone("asking for the price"),
        ),
        ("list-sessions", json!({}), alone("reading the sessions")),
        (
            "get-session-analytics",
            json!({}),
            alone("reading the figures"),
        ),
        ("get-session-info", json!({"sessionId": session}), vec![]),
    ] {
        let params = json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": 7}});
        let reply = endpoint.ask("tools/call", &params).await;
        let messages = if expected.is_empty() {
            vec![reply.json()]
        } else {
            events(&reply)
        };
        assert_eq!(steps(&messages), expected, "{tool} over HTTP");

        let (id, line) = pipe.line("tools/call", params);
        pipe.send(&line).await;
        let mut messages = vec![pipe.next().await];
        while messages.last().unwrap()["id"] != id {
            messages.push(pipe.next().await);
        }
        assert_eq!(steps(&messages), expected, "{tool} over a pipe");
    }
}
