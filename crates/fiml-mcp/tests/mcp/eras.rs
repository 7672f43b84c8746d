//! Both eras of the protocol, and where each one ends.

use serde_json::{Value, json};

use crate::{client::Client, world::World};

#[tokio::test]
async fn clients_with_a_handshake_are_served() {
    let world = World::new().await;
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut client = Client::legacy(&world, version).await;
        let session = client.session().await;
        client
            .succeed("get-session-info", json!({"sessionId": session}))
            .await;
        let (last, ended) = client.hang_up().await;
        assert!(last.is_empty() && ended.is_ok(), "{version}");
    }
}

#[tokio::test]
async fn clients_of_the_current_era_discover_the_server() {
    let mut client = Client::connect(&World::new().await);
    let answer = client.request("server/discover", json!({})).await;
    let result = &answer["result"];
    let versions = result["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!("2026-07-28")), "{result}");
    assert!(result["capabilities"]["tools"].is_object());
    assert_eq!(result["cacheScope"], "public");
    assert!(result["ttlMs"].as_u64().unwrap() > 0);
    assert!(
        result["instructions"]
            .as_str()
            .unwrap()
            .contains("sessionId")
    );
    let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(server["name"], "fiml");
    let listed = client.request("tools/list", json!({})).await;
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn a_client_may_shake_hands_after_it_looked_around() {
    let mut client = Client::connect(&World::new().await);
    client.request("server/discover", json!({})).await;
    let greeting = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    let answer = client.request("initialize", greeting).await;
    assert_eq!(answer["result"]["serverInfo"]["name"], "fiml");
}

#[tokio::test]
async fn a_version_from_the_future_is_refused_with_those_we_speak() {
    let mut client = Client::connect(&World::new().await);
    let mut meta = crate::client::meta();
    meta["io.modelcontextprotocol/protocolVersion"] = json!("2099-01-01");
    let line =
        json!({"jsonrpc": "2.0", "id": 9, "method": "tools/list", "params": {"_meta": meta}});
    client.send(&line.to_string()).await;
    let answer = client.next().await;
    assert_eq!(answer["error"]["code"], -32022, "{answer}");
    assert!(answer["error"]["data"]["supported"].is_array());
    let listed = client.request("tools/list", json!({})).await;
    assert!(listed["result"]["tools"].is_array());
}

#[tokio::test]
async fn a_call_that_cannot_be_routed_is_an_error_of_the_protocol() {
    let mut client = Client::modern(&World::new().await).await;
    for (method, params, code) in [
        (
            "tools/call",
            json!({"name": "no-such-tool", "arguments": {}}),
            -32602,
        ),
        ("tools/call", json!({"arguments": {}}), -32602),
        (
            "tools/call",
            json!({"name": "list-sessions", "arguments": []}),
            -32602,
        ),
        ("tools/call", json!({"name": 7}), -32602),
        ("no/such/method", json!({}), -32601),
        ("resources/list", json!({}), -32601),
        ("prompts/list", json!({}), -32601),
        ("ping", json!({}), -32601),
    ] {
        let answer = client.request(method, params.clone()).await;
        assert_eq!(answer["error"]["code"], code, "{method} {params}: {answer}");
        assert_eq!(answer["result"], Value::Null);
    }
    for params in ["[]", "7", r#"{"name":"list-sessions","arguments":7}"#] {
        let method = if params.starts_with('{') {
            "tools/call"
        } else {
            "tools/list"
        };
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        client.send(&line).await;
        let answer = client.next().await;
        assert_eq!(answer["error"]["code"], -32602, "{line}: {answer}");
    }
    let listed = client.request("tools/list", json!({})).await;
    assert!(listed["result"]["tools"].is_array());
}

#[tokio::test]
async fn calls_under_way_when_the_client_hangs_up_are_finished() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    for _ in 0..200 {
        let arguments = json!({"symbol": "AAPL", "sessionId": session});
        let params = json!({"name": "search-by-symbol", "arguments": arguments});
        let (_, line) = client.line("tools/call", params);
        client.send(&line).await;
    }
    let (last, ended) = client.hang_up().await;
    ended.unwrap();
    let mut numbers: Vec<_> = last
        .iter()
        .map(|answer| &answer["result"]["structuredContent"]["session"]["query_number"])
        .map(|number| number.as_u64().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_client_that_leaves_without_a_word_is_no_error() {
    let client = Client::connect(&World::new().await);
    let (last, ended) = client.hang_up().await;
    assert!(last.is_empty() && ended.is_ok());
}
