//! Bodies that are too long, too deep, or no messages.

use std::io::Write as _;

use fiml_tests::{place::Place, support::Client};
use serde_json::json;

use crate::{
    caller::{Caller, MODERN},
    server::Server,
    wire::post,
};

const HUNDRED_MEGABYTES: usize = 100 << 20;

/// A call of `list-sessions` with one argument, as JSON of any kind.
fn call(argument: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{{"name":"list-sessions","arguments":{{"tags":{argument}}}}}}}"#
    )
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

#[test]
fn an_argument_of_a_hundred_megabytes_is_refused_and_costs_no_memory() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    server.ask(&post(&[], &call("[]")));
    let before = server.memory();
    let body = call(&format!("{:?}", "x".repeat(HUNDRED_MEGABYTES)));
    let announced = server.ask(&post(&[], &body));
    let mut chunked = server.connect();
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Accept: application/json, text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    chunked.send(head.as_bytes()).unwrap();
    for part in body.as_bytes().chunks(1 << 20) {
        let mut chunk = Vec::new();
        write!(chunk, "{:x}\r\n", part.len()).unwrap();
        chunk.extend_from_slice(part);
        chunk.extend_from_slice(b"\r\n");
        chunked.send(&chunk).unwrap();
    }
    chunked.send(b"0\r\n\r\n").unwrap();
    for refused in [announced, chunked.receive().unwrap()] {
        assert_eq!(
            (refused.status, refused.code()),
            (413, json!(-32_600)),
            "{refused:?}"
        );
        let message = refused.json()["error"]["message"].to_string();
        assert!(message.contains("4194304 bytes"), "{message}");
    }
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
    assert_eq!(server.ask(&post(&[], &call("[]"))).status, 200);
}

#[test]
fn what_is_no_message_is_an_error_of_json_rpc() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    let batch = format!("[{}]", call("[]"));
    for (body, code, id) in [
        ("", -32_600, None),
        ("{", -32_700, None),
        ("nonsense", -32_700, None),
        (r#"{"jsonrpc":"2.0","id":1,"method":"#, -32_700, None),
        (&batch, -32_600, None),
        ("42", -32_600, None),
        ("{}", -32_600, None),
        (r#"{"id":5,"method":"tools/list"}"#, -32_600, Some(5)),
        (r#"{"jsonrpc":"2.0","id":6,"method":7}"#, -32_600, Some(6)),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":[]}"#,
            -32_602,
            Some(7),
        ),
        (&call(r#"["\ud83d"]"#), -32_600, Some(9)),
        (&call(&nested(200)), -32_600, Some(9)),
        (&call(&nested(100_000)), -32_600, Some(9)),
    ] {
        let refused = server.ask(&post(&[], body));
        let shown: String = body.chars().take(100).collect();
        assert_eq!(refused.status, 400, "{shown}: {refused:?}");
        let answer = refused.json();
        assert_eq!(answer["error"]["code"], code, "{shown}: {answer}");
        assert_eq!(
            answer.get("id"),
            id.map(|id| json!(id)).as_ref(),
            "{shown}: {answer}"
        );
    }
}

#[test]
fn an_argument_that_is_nested_too_deep_is_refused_by_name() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    let mut caller = Caller::connect(server.address(), MODERN).unwrap();
    let deep = serde_json::from_str(&nested(65)).unwrap_or_default();
    let refused = caller.answer(
        "list-sessions",
        &json!({"tags": serde_json::Value::clone(&deep)}),
    );
    assert_eq!(refused["code"], "value_too_large", "{refused}");
    assert_eq!(refused["argument"], "tags");
    assert!(
        refused["limit"].as_str().unwrap().contains("64 levels"),
        "{refused}"
    );
}

#[test]
fn on_stdio_the_request_behind_a_bad_one_is_answered() {
    let place = Place::embedded();
    let mut client = Client::start(place.fiml(), &[]);
    let long = call(&format!("{:?}", "x".repeat(HUNDRED_MEGABYTES)));
    for (line, code) in [
        (long, -32_600),
        (call(r#"["\ud83d"]"#), -32_600),
        (call(&nested(200)), -32_600),
    ] {
        client.send_line(&line).unwrap();
        let refused = client.next_message().unwrap();
        assert_eq!(refused["error"]["code"], code, "{refused}");
        let listed = client.call("list-sessions", &json!({})).unwrap();
        assert_eq!(listed["total_sessions"], 0);
    }
    client.close();
}
