//! Who may call: this machine, and pages that come from it.

use fiml_tests::{place::Place, support::text};
use serde_json::json;

use crate::{
    caller::{Caller, MODERN},
    server::Server,
    wire::{HEADERS, post, request},
};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

#[test]
fn pages_from_elsewhere_are_turned_away() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    for origin in [
        "https://evil.com",
        "null",
        "http://localhost.evil.com",
        "http://127.0.0.1.evil.com",
        "http://localhost:8787@evil.com",
        "file://",
    ] {
        let refused = server.ask(&post(&[("Origin", origin)], PING));
        assert_eq!(
            (refused.status, refused.code()),
            (403, json!(-32_600)),
            "{origin}"
        );
    }
    for origin in [
        "http://localhost:3000",
        "http://127.0.0.1",
        "http://[::1]:5173",
    ] {
        let taken = server.ask(&post(&[("Origin", origin)], PING));
        assert_eq!(taken.status, 200, "{origin}");
    }
    assert_eq!(
        server.ask(&post(&[], PING)).status,
        200,
        "no browser, no origin"
    );
}

#[test]
fn requests_for_other_hosts_are_turned_away_before_their_body_is_read() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    for host in [
        "evil.com",
        "localhost.evil.com",
        "evil.com:8787",
        "10.0.0.1",
        "localhost:x",
    ] {
        let headers = [
            ("Host", host),
            HEADERS[1],
            HEADERS[2],
            ("Expect", "100-continue"),
        ];
        let mut head = request("POST", "/mcp", &headers, "");
        let end = b"Content-Length: 0\r\n\r\n".len();
        head.truncate(head.len() - end);
        head.extend_from_slice(b"Content-Length: 1000\r\n\r\n");
        let refused = server.ask(&head);
        assert_eq!(refused.status, 403, "{host}: {refused:?}");
    }
    let port = server.address().port();
    for host in [
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        "[::1]".to_owned(),
    ] {
        let headers = [("Host", &*host), HEADERS[1], HEADERS[2]];
        let taken = server.ask(&request("POST", "/mcp", &headers, PING));
        assert_eq!(taken.status, 200, "{host}");
    }
}

#[test]
fn probes_may_name_an_address_and_neither_a_foreign_host_nor_a_page() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    for path in ["/health", "/ready"] {
        for host in ["10.0.0.1:8787", "[fd00::1]", "localhost"] {
            let answer = server.ask(&request("GET", path, &[("Host", host)], ""));
            assert_eq!(answer.status, 200, "{path} {host}: {answer:?}");
        }
        for headers in [
            &[("Host", "evil.com")][..],
            &[("Host", "10.0.0.1"), ("Origin", "http://evil.com")],
        ] {
            let refused = server.ask(&request("GET", path, headers, ""));
            assert_eq!(refused.status, 403, "{path} {headers:?}: {refused:?}");
        }
    }
}

#[test]
fn an_address_that_others_reach_is_refused_with_the_way_out() {
    let place = Place::embedded();
    for (address, told) in [
        ("0.0.0.0:0", "which other machines may reach"),
        ("[::]:0", "which other machines may reach"),
        ("192.0.2.1:8787", "which other machines may reach"),
        ("localhost", "is \"localhost\""),
        ("87870", "is \"87870\""),
    ] {
        let flag = place
            .fiml()
            .args(["serve", "--http", address])
            .output()
            .unwrap();
        let setting = place
            .fiml()
            .arg("serve")
            .env("FIML_HTTP", address)
            .output()
            .unwrap();
        for (refused, name) in [(flag, "--http: "), (setting, "FIML_HTTP: ")] {
            let said = text(&refused);
            assert_eq!(refused.status.code(), Some(2), "{address}: {said}");
            for part in [name, told, "127.0.0.1:8787"] {
                assert!(said.contains(part), "{part} is missing in: {said}");
            }
        }
    }
    assert!(!place.data().exists(), "nothing was opened");
}

#[test]
fn an_address_that_is_taken_is_an_error_that_names_it() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    let address = server.address().to_string();
    let refused = place
        .fiml()
        .args(["serve", "--http", &address])
        .output()
        .unwrap();
    let said = text(&refused);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains(&address), "{said}");
}

#[test]
fn other_methods_and_contents_are_refused_by_their_status() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    for method in ["GET", "DELETE", "PUT", "OPTIONS"] {
        let refused = server.ask(&request(method, "/mcp", &HEADERS, ""));
        assert_eq!(refused.status, 405, "{method}");
        assert_eq!(refused.headers["allow"], "POST");
    }
    let (host, content, accept) = (HEADERS[0], HEADERS[1], HEADERS[2]);
    for (headers, status) in [
        (vec![host, accept], 415),
        (vec![host, ("Content-Type", "text/plain"), accept], 415),
        (vec![host, content], 406),
        (vec![host, content, ("Accept", "application/json")], 406),
        (vec![content, accept], 400),
    ] {
        let refused = server.ask(&request("POST", "/mcp", &headers, PING));
        // Without a host it is no HTTP/1.1, and refused as it is where one is foreign.
        let expected = if headers.contains(&host) { status } else { 403 };
        assert_eq!(
            (refused.status, refused.code()),
            (expected, json!(-32_600)),
            "{headers:?}"
        );
    }
    assert_eq!(server.get("/nowhere").status, 404);
    let mut caller = Caller::connect(server.address(), MODERN).unwrap();
    assert_eq!(
        caller.answer("list-sessions", &json!({}))["total_sessions"],
        0
    );
}
