//! The commands that are about the servers themselves: `fiml doctor`, `fiml db`, `fiml serve --require-durable`.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::process::{Command, Output, Stdio};

use fiml_session_core::{NewSession, Policy, SessionType, store::Scope};
use fiml_testkit::servers::{PostgresServer, RedisServer, shared_postgres};
use fiml_tests::{
    place::{Place, Tiers},
    support::{Client, fiml, json_of, text},
};
use serde_json::{Value, json};

fn on(place: &Place, tiers: &Tiers) -> Command {
    let mut command = fiml(&place.data());
    tiers.set(&mut command).stdin(Stdio::null());
    command
}

fn doctor(place: &Place, tiers: &Tiers) -> (Option<i32>, Value, Output) {
    let output = on(place, tiers)
        .args(["doctor", "--json"])
        .output()
        .unwrap();
    let value = serde_json::from_slice(&output.stdout);
    let value = value.unwrap_or_else(|_| panic!("{}", text(&output)));
    (output.status.code(), value, output)
}

fn durable() -> RedisServer {
    RedisServer::start_with(&[("appendfsync", "always")])
}

#[test]
fn a_doctor_finds_nothing_wrong_with_servers_that_keep_what_they_acknowledge() {
    let (place, redis) = (Place::embedded(), durable());
    // fsync is on, unlike that of the server that tests share.
    let postgres = PostgresServer::start();
    let tiers = Tiers::on(&redis.url(), &postgres.url());
    json_of(on(&place, &tiers).args(["db", "create"]));
    let (code, found, output) = doctor(&place, &tiers);
    assert_eq!(
        (code, &found["status"]),
        (Some(0), &json!("success")),
        "{}",
        text(&output)
    );
    assert_eq!(
        found["waiting"],
        json!({"backlog": 0, "quarantined": 0, "unsettled": 0})
    );
    let people = on(&place, &tiers).arg("doctor").output().unwrap();
    let people = text(&people);
    for told in [
        "Redis",
        "PostgreSQL",
        "reachable",
        "expired and not archived: 0",
    ] {
        assert!(people.contains(told), "{told} is missing in:\n{people}");
    }
}

#[test]
fn a_redis_that_would_lose_acknowledged_writes_is_named_and_refused() {
    let place = Place::embedded();
    for (settings, told) in [
        (
            [("appendonly", "no"), ("appendfsync", "always")],
            "appendonly",
        ),
        (
            [("appendonly", "yes"), ("appendfsync", "everysec")],
            "appendfsync",
        ),
        (
            [
                ("appendfsync", "always"),
                ("maxmemory-policy", "allkeys-lru"),
            ],
            "noeviction",
        ),
    ] {
        let redis = RedisServer::start_with(&settings);
        let tiers = Tiers::on(&redis.url(), &shared_postgres().url());
        json_of(on(&place, &tiers).args(["db", "create"]));
        let (code, found, _) = doctor(&place, &tiers);
        assert_eq!(code, Some(6), "{found}");
        let findings = found["stores"][0]["findings"].to_string();
        assert!(
            findings.contains(told) && findings.contains("danger"),
            "{found}"
        );

        let refused = on(&place, &tiers)
            .args(["serve", "--require-durable"])
            .output()
            .unwrap();
        assert_eq!(refused.status.code(), Some(6), "{}", text(&refused));
        let served = on(&place, &tiers).arg("serve").output().unwrap();
        assert_eq!(served.status.code(), Some(0), "its input was at its end");
        for said in [text(&refused), text(&served)] {
            assert!(said.contains(told), "{told} is missing in:\n{said}");
        }
    }
}

#[test]
fn a_doctor_tells_the_server_that_is_away_from_the_one_that_is_there() {
    let (place, redis) = (Place::embedded(), durable());
    let tiers = Tiers::on(&redis.url(), &shared_postgres().url());
    json_of(on(&place, &tiers).args(["db", "create"]));
    redis.kill();
    let (code, found, _) = doctor(&place, &tiers);
    assert_eq!(code, Some(5), "{found}");
    let reachable = |n: usize| &found["stores"][n]["reachable"];
    assert_eq!((reachable(0), reachable(1)), (&json!(false), &json!(true)));
    redis.restart();
    let away = Tiers {
        database_url: "postgres://fiml:s3cret@127.0.0.1:1/fiml".to_owned(),
        ..tiers
    };
    let (code, found, output) = doctor(&place, &away);
    assert_eq!(code, Some(5), "{found}");
    assert_eq!(found["stores"][1]["reachable"], false);
    assert!(!text(&output).contains("s3cret"), "{}", text(&output));
}

#[test]
fn a_doctor_names_the_setting_that_is_refused() {
    let place = Place::embedded();
    let usual = Tiers::shared();
    for (name, value) in [
        ("REDIS_URL", "http://127.0.0.1:1"),
        ("REDIS_KEY_PREFIX", "a*b"),
        ("DATABASE_URL", "mysql://127.0.0.1:1/x"),
        ("DATABASE_SCHEMA", "bad name"),
    ] {
        let mut doctor = on(&place, &usual);
        let output = doctor.args(["doctor", "--json"]).env(name, value).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        let error: Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(error["argument"], name);
    }
}

#[test]
fn a_database_that_is_not_there_yet_is_told_as_something_to_do_and_not_as_a_loss() {
    let (place, redis) = (Place::embedded(), durable());
    let url = shared_postgres().url();
    let (server, _) = url.rsplit_once('/').unwrap();
    let tiers = Tiers::on(&redis.url(), &format!("{server}/not_there_yet"));
    let (code, found, _) = doctor(&place, &tiers);
    assert_eq!(code, Some(1), "{found}");
    let finding = &found["stores"][1]["findings"][0];
    assert_eq!(finding["severity"], "warning", "{found}");
    let said = finding["found"].as_str().unwrap();
    assert!(said.contains("fiml db create"), "{found}");
    assert_eq!(finding["remedy"], "fiml db create", "{found}");
}

#[test]
fn a_doctor_counts_what_waits() {
    let (place, redis) = (Place::embedded(), durable());
    let tiers = Tiers::on(&redis.url(), &shared_postgres().url());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (store, _) = tiers.service(Policy::default()).await;
        let new = NewSession {
            ttl_hours: Some(0.000_001),
            ..NewSession::new(SessionType::Macro, ["GDP"])
        };
        for _ in 0..3 {
            store.create_session(&Scope::All, &new, None).await.unwrap();
        }
    });
    let mut command = on(&place, &tiers);
    command
        .args(["doctor", "--json"])
        .env("SESSION_ARCHIVE_GRACE_SECONDS", "0");
    let found: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!(found["waiting"]["backlog"], 3, "{found}");
}

#[test]
fn a_doctor_looks_at_a_file_too() {
    let place = Place::embedded();
    let missing = place.fiml().arg("doctor").output().unwrap();
    assert_eq!(missing.status.code(), Some(3), "{}", text(&missing));
    json_of(place.fiml().args(["db", "create"]));
    let found = json_of(place.fiml().arg("doctor"));
    assert_eq!(found["stores"][0]["findings"], json!([]));
    let verified = json_of(place.fiml().args(["db", "verify"]));
    assert_eq!(
        found["stores"][0]["schema_version"],
        verified["schema_version"]
    );
}

#[test]
fn the_tables_are_made_checked_taken_back_and_removed() {
    let place = Place::two_tiers();
    let code = |args: &[&str]| {
        let output = place
            .fiml()
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (output.status.code(), text(&output))
    };
    assert_eq!(code(&["db", "verify"]).0, Some(3), "there are none yet");
    json_of(place.fiml().args(["db", "create"]));
    json_of(place.fiml().args(["db", "create"]));
    let verified = json_of(place.fiml().args(["db", "verify"]));
    assert_eq!(verified["archived"], 0);
    let newest = verified["schema_version"].as_i64().unwrap();
    let (asked, said) = code(&["db", "migrate", "--to", "0"]);
    assert_eq!(asked, Some(2), "it asks first: {said}");
    json_of(place.fiml().args(["db", "migrate", "--to", "0", "--yes"]));
    assert_eq!(code(&["db", "verify"]).0, Some(3));
    let migrated = json_of(place.fiml().args(["db", "migrate"]));
    assert_eq!(
        (&migrated["from"], &migrated["schema_version"]),
        (&json!(0), &json!(newest))
    );
    let (asked, said) = code(&["db", "drop"]);
    assert_eq!(asked, Some(2), "{said}");
    let dropped = json_of(place.fiml().args(["db", "drop", "--yes"]));
    assert_eq!(dropped["dropped"], true);
}

#[test]
fn a_database_that_is_not_there_is_made() {
    let (place, postgres) = (Place::embedded(), PostgresServer::start());
    let redis = durable();
    let tiers = Tiers::on(&redis.url(), &postgres.url_of("quite_new"));
    let missing = on(&place, &tiers)
        .args(["sessions", "list"])
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(3), "{}", text(&missing));
    assert!(
        text(&missing).contains("fiml db create"),
        "{}",
        text(&missing)
    );
    let created = json_of(on(&place, &tiers).args(["db", "create"]));
    assert_eq!(created["created"], true);
    json_of(on(&place, &tiers).args(["sessions", "list"]));
}

#[test]
fn a_file_and_servers_at_once_are_refused() {
    let place = Place::two_tiers();
    let output = place
        .fiml()
        .args(["sessions", "list", "--data", "x.db"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("--data"), "{}", text(&output));
}

#[test]
fn a_server_that_starts_without_the_archive_serves_live_sessions_and_finds_it_later() {
    let (place, redis, postgres) = (Place::embedded(), durable(), PostgresServer::start());
    let tiers = Tiers::on(&redis.url(), &postgres.url());
    postgres.kill();
    let mut client = Client::start(on(&place, &tiers), &[]);
    let id = client.create(&json!({"assets": ["AAPL"], "sessionType": "equity"}));
    let info = json!({"sessionId": id});
    let call =
        |client: &mut Client, tool: &str, arguments: &Value| client.call(tool, arguments).unwrap();
    assert_eq!(
        call(&mut client, "get-session-info", &info)["status"],
        "success"
    );
    assert_eq!(
        call(&mut client, "list-sessions", &json!({}))["total_sessions"],
        1
    );
    let everything = json!({"includeArchived": true});
    assert_eq!(
        call(&mut client, "list-sessions", &everything)["code"],
        "archive_unavailable"
    );
    postgres.restart();
    assert_eq!(
        call(&mut client, "list-sessions", &everything)["total_sessions"],
        1
    );
    client.close();
}
