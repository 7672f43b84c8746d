//! Both eras of the protocol at one address, and what its headers must say.

use fiml_tests::place::Place;
use serde_json::{Value, json};

use crate::{
    caller::{Caller, MODERN, meta},
    server::Server,
    wire::{Reply, post},
};

fn greeting(version: &str) -> Value {
    json!({
        "protocolVersion": version, "capabilities": {},
        "clientInfo": {"name": "fiml-tests", "version": "1"},
    })
}

#[test]
fn clients_with_a_handshake_are_served_without_a_session_of_the_protocol() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut caller = Caller::connect(server.address(), version).unwrap();
        let opened = caller.request("initialize", greeting(version)).unwrap();
        assert_eq!(opened.json()["result"]["protocolVersion"], version);
        assert_eq!(opened.json()["result"]["serverInfo"]["name"], "fiml");
        assert!(!opened.headers.contains_key("mcp-session-id"), "{opened:?}");
        let headers = [("MCP-Protocol-Version", version)];
        let body = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        assert_eq!(server.ask(&post(&headers, body)).status, 202);
        assert_eq!(caller.request("ping", json!({})).unwrap().status, 200);
        let listed = caller.request("tools/list", json!({})).unwrap().json();
        assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 7);
        caller.create();
    }
}

#[test]
fn clients_of_the_current_version_find_everything_out_by_asking() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    let mut caller = Caller::connect(server.address(), MODERN).unwrap();
    for (method, lists) in [
        ("server/discover", "supportedVersions"),
        ("tools/list", "tools"),
    ] {
        let answer = caller.request(method, json!({})).unwrap();
        assert_eq!(answer.headers["content-type"], "application/json");
        let result = &answer.json()["result"];
        assert!(!result[lists].as_array().unwrap().is_empty(), "{result}");
        assert!(result["ttlMs"].as_u64().unwrap() > 0, "{result}");
        assert_eq!(result["cacheScope"], "public");
        let again = caller.request(method, json!({})).unwrap();
        assert_eq!(
            &again.json()["result"],
            result,
            "the same, in the same order"
        );
    }
    let called = json!({"name": "list-sessions", "arguments": {}});
    for method in ["server/discover", "tools/list", "tools/call"] {
        let answer = caller.request(method, called.clone()).unwrap().json();
        let info = &answer["result"]["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert_eq!(info["name"], "fiml", "{method}: {answer}");
    }
    let snake = caller.answer("list_sessions", &json!({}));
    assert_eq!(snake["status"], "success", "{snake}");
    for removed in ["ping", "initialize", "logging/setLevel"] {
        let refused = caller.request(removed, greeting(MODERN)).unwrap();
        if removed == "initialize" {
            // The handshake has a version of its own, and offers one that it exists in.
            assert_eq!(
                refused.json()["result"]["protocolVersion"],
                "2025-11-25",
                "{refused:?}"
            );
            continue;
        }
        assert_eq!(
            (refused.status, refused.code()),
            (404, json!(-32_601)),
            "{removed}"
        );
    }
}

/// The answer to a call of `list-sessions` with these headers, and this version in its `_meta`.
fn call(server: &Server, headers: &[(&str, &str)], version: Option<&str>) -> Reply {
    let mut params = json!({"name": "list-sessions", "arguments": {}});
    if let Some(version) = version {
        params["_meta"] = meta(version);
    }
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params});
    server.ask(&post(headers, &body.to_string()))
}

#[test]
fn a_header_that_contradicts_the_message_is_refused() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    let version = ("MCP-Protocol-Version", MODERN);
    let (method, name) = (("Mcp-Method", "tools/call"), ("Mcp-Name", "list-sessions"));
    assert_eq!(
        call(&server, &[version, method, name], Some(MODERN)).status,
        200
    );
    for headers in [
        &[version, method, ("Mcp-Name", "get-session-info")][..],
        &[version, ("Mcp-Method", "tools/list"), name],
        &[version, method],
        &[version, name],
        &[method, name],
        &[("MCP-Protocol-Version", "2025-11-25"), method, name],
    ] {
        let refused = call(&server, headers, Some(MODERN));
        assert_eq!(
            (refused.status, refused.code()),
            (400, json!(-32_020)),
            "{headers:?}"
        );
        assert_eq!(refused.json()["id"], 7);
    }
}

#[test]
fn a_version_that_nobody_speaks_is_refused_with_those_we_do() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    let future = ("MCP-Protocol-Version", "2099-01-01");
    let (method, name) = (("Mcp-Method", "tools/call"), ("Mcp-Name", "list-sessions"));
    for version in [None, Some("2099-01-01")] {
        let refused = call(&server, &[future, method, name], version);
        assert_eq!(
            (refused.status, refused.code()),
            (400, json!(-32_022)),
            "{refused:?}"
        );
        let error = &refused.json()["error"];
        assert!(
            error["data"]["supported"]
                .as_array()
                .unwrap()
                .contains(&json!(MODERN))
        );
        assert_eq!(refused.json()["id"], 7);
    }
}

#[test]
fn a_request_without_any_version_is_served_as_one_of_2025_03_26() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    let served = call(&server, &[], None);
    assert_eq!(served.status, 200);
    assert_eq!(served.json()["result"]["isError"], false);
}
