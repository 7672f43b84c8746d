//! Lines that are no messages: each is answered, and so is the request behind it.

use serde_json::{Value, json};

use crate::{client::Client, world::World};

/// Sends a line that is no message; returns the error, and checks that the next request is answered.
async fn reject(client: &mut Client, line: &str) -> Value {
    client.send(line).await;
    let answer = client.next().await;
    assert_eq!(answer["jsonrpc"], "2.0");
    assert!(answer.get("id").is_some(), "{answer}");
    let listed = client.request("tools/list", json!({})).await;
    assert!(listed["result"]["tools"].is_array(), "{listed}");
    answer
}

#[tokio::test]
async fn malformed_json_is_a_parse_error_before_and_after_the_handshake() {
    let world = World::new().await;
    let mut client = Client::connect(&world);
    for line in [
        "{",
        "nonsense",
        r#"{"jsonrpc":"2.0","id":1,"method":"#,
        "\u{1}",
    ] {
        let answer = reject(&mut client, line).await;
        assert_eq!(answer["error"]["code"], -32700, "{answer}");
        assert_eq!(answer["id"], Value::Null);
    }
    let mut client = Client::legacy(&world, "2025-11-25").await;
    let answer = reject(&mut client, "{]").await;
    assert_eq!(answer["error"]["code"], -32700);
}

#[tokio::test]
async fn json_that_is_no_message_is_an_invalid_request_under_its_id_if_it_has_one() {
    let mut client = Client::modern(&World::new().await).await;
    for (line, id) in [
        (
            json!([{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}]),
            Value::Null,
        ),
        (json!([]), Value::Null),
        (json!(42), Value::Null),
        (json!({}), Value::Null),
        (json!({"id": 5, "method": "tools/list"}), json!(5)),
        (
            json!({"jsonrpc": "1.0", "id": "a", "method": "tools/list"}),
            json!("a"),
        ),
        (
            json!({"jsonrpc": "2.0", "id": 1.5, "method": "tools/list"}),
            Value::Null,
        ),
        (json!({"jsonrpc": "2.0", "id": 6, "method": 7}), json!(6)),
        (json!({"jsonrpc": "2.0", "id": 7}), json!(7)),
    ] {
        let answer = reject(&mut client, &line.to_string()).await;
        assert_eq!(answer["error"]["code"], -32600, "{line}: {answer}");
        assert_eq!(answer["id"], id, "{line}: {answer}");
    }
}

#[tokio::test]
async fn a_line_past_the_limit_is_refused_by_name() {
    let mut client = Client::modern(&World::new().await).await;
    let answer = reject(&mut client, &"x".repeat((4 << 20) + 1)).await;
    assert_eq!(answer["error"]["code"], -32600);
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("4194304"), "{message}");
}

#[tokio::test]
async fn json_nested_beyond_what_is_parsed_is_refused_under_its_id() {
    let mut client = Client::modern(&World::new().await).await;
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{{"name":"list-sessions","arguments":{{"tags":{deep}}}}}}}"#
    );
    let answer = reject(&mut client, &line).await;
    assert_eq!(answer["error"]["code"], -32600, "{answer}");
    assert_eq!(answer["id"], 77);
}

#[tokio::test]
async fn empty_lines_and_unreadable_notifications_are_passed_over() {
    let mut client = Client::modern(&World::new().await).await;
    for line in [
        "",
        "  \r",
        r#"{"jsonrpc":"2.0","method":"notifications/none"}"#,
    ] {
        client.send(line).await;
    }
    client
        .send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}"#)
        .await;
    let listed = client.request("tools/list", json!({})).await;
    assert!(listed["result"]["tools"].is_array());
}

#[tokio::test]
async fn what_comes_before_the_handshake_and_asks_nothing_is_passed_over() {
    let mut client = Client::connect(&World::new().await);
    for line in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","id":3,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"x"}}"#,
    ] {
        client.send(line).await;
    }
    let listed = client.request("tools/list", json!({})).await;
    assert!(listed["result"]["tools"].is_array());
}

#[tokio::test]
async fn a_last_line_without_an_end_is_answered() {
    let world = World::new().await;
    let (near, far) = tokio::io::duplex(1 << 16);
    let (source, target) = tokio::io::split(far);
    let serving = tokio::spawn(fiml_mcp::serve(world.server.clone(), source, target));
    let (mut answers, mut requests) = tokio::io::split(near);
    let params = json!({"_meta": crate::client::meta()});
    let line = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params});
    let line = line.to_string();
    tokio::io::AsyncWriteExt::write_all(&mut requests, line.as_bytes())
        .await
        .unwrap();
    tokio::io::AsyncWriteExt::shutdown(&mut requests)
        .await
        .unwrap();
    let mut said = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut answers, &mut said)
        .await
        .unwrap();
    assert!(said.contains("create-analysis-session"), "{said}");
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn bad_lines_and_nothing_else_are_answered_before_the_end() {
    let mut client = Client::connect(&World::new().await);
    client.send("{").await;
    let (last, ended) = client.hang_up().await;
    ended.unwrap();
    assert_eq!(last[0]["error"]["code"], -32700);
}
