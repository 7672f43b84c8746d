//! `/health` and `/ready`, with stores that answer and stores that do not, and paths where nothing is.

use std::{
    thread,
    time::{Duration, Instant},
};

use fiml_testkit::servers::{PostgresServer, RedisServer};
use fiml_tests::place::{Place, Tiers};
use serde_json::json;

use crate::{
    caller::Caller,
    server::Server,
    wire::{HEADERS, Reply, request},
};

/// After how long a test gives up on another answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until it is ready, or until it is not.
fn until(server: &Server, status: u16) -> Reply {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = server.get("/ready");
        if said.status == status {
            return said;
        }
        assert!(Instant::now() < deadline, "no {status}: {said:?}");
        // An answer is repeated for a second.
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_path_where_nothing_is_names_those_that_answer() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    let posted = server.ask(&request("POST", "/", &HEADERS, "{}"));
    for lost in [server.get("/"), server.get("/mcp/sessions"), posted] {
        assert_eq!((lost.status, lost.code()), (404, json!(-32_600)));
        let said = lost.json()["error"]["message"].to_string();
        for path in ["/mcp", "/health", "/ready"] {
            assert!(said.contains(path), "{said}");
        }
    }
    let foreign = request("GET", "/", &[("Host", "evil.com")], "");
    assert_eq!(server.ask(&foreign).status, 403);
}

#[test]
fn a_server_on_a_file_is_alive_and_ready() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    for (path, status) in [("/health", "alive"), ("/ready", "ready")] {
        let said = server.get(path);
        assert_eq!((said.status, &said.json()["status"]), (200, &json!(status)));
        assert_eq!(said.headers["cache-control"], "no-store");
    }
}

#[test]
fn a_server_is_not_ready_while_a_store_is_away_and_says_which() {
    let redis = RedisServer::start();
    let postgres = PostgresServer::start_with(&[("fsync", "off")]);
    let (place, tiers) = (Place::embedded(), Tiers::on(&redis.url(), &postgres.url()));
    let mut command = place.fiml();
    tiers.set(&mut command);
    let server = Server::start(command);
    assert_eq!(until(&server, 200).json()["status"], "ready");
    let expect = |name: &str, other: &str| {
        let said = until(&server, 503);
        let reasons = said.json()["reasons"].to_string();
        assert!(
            reasons.contains(name) && !reasons.contains(other),
            "{reasons}"
        );
        assert_eq!(
            server.get("/health").status,
            200,
            "it is alive all the same"
        );
    };
    redis.kill();
    expect("Redis", "PostgreSQL");
    redis.restart();
    until(&server, 200);
    redis.pause();
    expect("Redis", "PostgreSQL");
    redis.resume();
    until(&server, 200);
    postgres.kill();
    expect("PostgreSQL", "Redis");
    postgres.restart();
    until(&server, 200);
    let mut caller = Caller::connect(server.address(), "2025-11-25").unwrap();
    caller.create();
}
