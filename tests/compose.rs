//! `compose.yaml` starts servers that lose no session and that nobody else on the network can reach.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::collections::BTreeSet;

use fiml_testkit::servers::RedisServer;
use serde_json::Value;

const SERVICES: [&str; 2] = ["redis", "postgres"];

fn compose() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../compose.yaml");
    serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap();
    list.iter().map(|item| item.as_str().unwrap()).collect()
}

#[test]
fn there_are_two_services_redis_and_postgres() {
    let compose = compose();
    let services = compose["services"].as_object().unwrap();
    let names: BTreeSet<_> = services.keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(SERVICES));
}

#[test]
fn every_port_is_the_loopback_address_s_and_the_usual_one() {
    let compose = compose();
    for (service, port) in [("redis", "6379"), ("postgres", "5432")] {
        let ports = texts(&compose["services"][service]["ports"]);
        let variable = service.to_uppercase();
        assert_eq!(
            ports,
            [format!("127.0.0.1:${{{variable}_PORT:-{port}}}:{port}")]
        );
    }
    let networks = [
        &compose["networks"],
        &compose["services"]["redis"]["network_mode"],
    ];
    assert!(networks.iter().all(|network| network.is_null()));
}

#[test]
fn both_keep_their_data_in_a_named_volume() {
    let compose = compose();
    let folders = ["/data", "/var/lib/postgresql/data"];
    for (service, folder) in SERVICES.into_iter().zip(folders) {
        let mounted = texts(&compose["services"][service]["volumes"]);
        assert_eq!(mounted, [format!("{service}:{folder}")]);
        assert!(compose["volumes"].get(service).is_some());
    }
}

#[test]
fn a_redis_with_these_settings_appends_every_change_and_drops_nothing() {
    let compose = compose();
    let command = texts(&compose["services"]["redis"]["command"]);
    assert_eq!(command[0], "redis-server");
    let settings: Vec<_> = command[1..]
        .chunks(2)
        .map(|pair| (pair[0].strip_prefix("--").unwrap(), pair[1]))
        .collect();
    // What a test's own server sets by itself says nothing about this file.
    let named = |name| settings.iter().find(|setting| setting.0 == name);
    assert_eq!(named("appendonly"), Some(&("appendonly", "yes")));
    assert_eq!(named("appendfsync"), Some(&("appendfsync", "always")));
    let server = RedisServer::start_with(&settings);
    for (name, value) in [
        ("appendonly", "yes"),
        ("appendfsync", "always"),
        ("save", ""),
        ("maxmemory-policy", "noeviction"),
    ] {
        let reply = server.command(&["CONFIG", "GET", name]);
        assert_eq!(reply, format!("{name}\n{value}"));
    }
}

#[test]
fn the_password_of_postgres_comes_from_the_environment_and_the_addresses_in_the_comment_fit() {
    let compose = compose();
    let environment = &compose["services"]["postgres"]["environment"];
    assert_eq!(
        environment["POSTGRES_PASSWORD"],
        "${POSTGRES_PASSWORD:-fiml}"
    );
    let (user, database) = (&environment["POSTGRES_USER"], &environment["POSTGRES_DB"]);
    let text = include_str!("../compose.yaml");
    let url = format!(
        "export DATABASE_URL=postgres://{}:fiml@127.0.0.1:5432/{}",
        user.as_str().unwrap(),
        database.as_str().unwrap()
    );
    assert!(text.contains(&url), "{url}");
    assert!(text.contains("export REDIS_URL=redis://127.0.0.1:6379"));
}
