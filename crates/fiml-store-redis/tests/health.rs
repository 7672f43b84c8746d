//! What an operator is told of the server.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use common::{config, connect};
use fiml_session_core::store::{Health, Severity, StoreError, StoreHealth};
use fiml_store_redis::{ConnectError, RedisStore};
use fiml_testkit::servers::{RedisServer, shared_redis, shared_redis_cluster};

async fn health_with(settings: &[(&str, &str)]) -> Health {
    let server = RedisServer::start_with(settings);
    connect(&config(server.url())).await.health().await.unwrap()
}

fn gravest(health: &Health) -> (Severity, &str) {
    let first = &health.findings[0];
    (first.severity, &first.found)
}

#[tokio::test]
async fn a_server_that_keeps_what_it_acknowledges_gives_a_note() {
    let health = health_with(&[("appendfsync", "always")]).await;
    assert_eq!(health.store, "Redis");
    assert!(health.version.contains('.'), "{}", health.version);
    let (severity, found) = gravest(&health);
    assert_eq!(severity, Severity::Note);
    assert!(found.contains("always"), "{found}");
}

#[tokio::test]
async fn a_server_that_acknowledges_before_it_writes_is_a_danger() {
    let health = health_with(&[("appendfsync", "everysec")]).await;
    let (severity, found) = gravest(&health);
    assert_eq!(severity, Severity::Danger);
    assert!(found.contains("everysec"), "{found}");
    assert_eq!(health.findings[0].remedy, "set appendfsync always");
}

#[tokio::test]
async fn a_server_without_an_append_only_file_is_a_danger() {
    let health = health_with(&[("appendonly", "no")]).await;
    let (severity, found) = gravest(&health);
    assert_eq!(severity, Severity::Danger);
    assert!(found.contains("append-only"), "{found}");
    assert_eq!(health.findings[0].remedy, "set appendonly yes");
}

#[tokio::test]
async fn a_server_that_evicts_is_a_danger() {
    let health = health_with(&[("maxmemory-policy", "allkeys-lru")]).await;
    let (severity, found) = gravest(&health);
    assert_eq!(severity, Severity::Danger);
    assert!(found.contains("allkeys-lru"), "{found}");
}

#[tokio::test]
async fn an_append_only_file_that_is_synced_by_chance_is_a_warning() {
    let health = health_with(&[("appendfsync", "no")]).await;
    assert_eq!(gravest(&health).0, Severity::Warning);
}

#[tokio::test]
async fn every_primary_of_a_cluster_is_asked() {
    let store = connect(&config(shared_redis_cluster().url())).await;
    let health = store.health().await.unwrap();
    assert_eq!(health.findings.len(), 3);
    for url in shared_redis_cluster().urls() {
        let address = url.trim_start_matches("redis://");
        let named = health
            .findings
            .iter()
            .any(|finding| finding.found.starts_with(address));
        assert!(named, "{address}: {health:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_unavailable() {
    let server = RedisServer::start();
    let store = connect(&config(server.url())).await;
    server.kill();
    let error = store.health().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_store_is_not_made_where_nothing_answers_or_lets_it_in() {
    let server = RedisServer::start_with(&[("requirepass", "geheim")]);
    let port = server.port();
    let refusal = async |url: String| RedisStore::connect(config(url)).await.unwrap_err();
    for url in [
        format!("redis://127.0.0.1:{port}"),
        format!("redis://:wrong@127.0.0.1:{port}"),
        format!("redis://ada:geheim@127.0.0.1:{port}"),
    ] {
        let error = refusal(url).await;
        assert!(matches!(error, ConnectError::Forbidden { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("geheim"));
    }
    connect(&config(server.url())).await;
    let _made = server.command(&["ACL", "SETUSER", "ada", "on", ">geheim", "~fiml*", "+@all"]);
    let as_ada = format!("redis://ada:geheim@127.0.0.1:{port}");
    let store = connect(&config(as_ada.clone())).await;
    assert!(!format!("{store:?}").contains("geheim"));
    let _made = server.command(&["ACL", "SETUSER", "ada", "resetkeys", "~other*"]);
    let error = refusal(as_ada).await;
    assert!(matches!(error, ConnectError::Forbidden { .. }), "{error:?}");
    let url = server.url();
    server.kill();
    let error = refusal(url).await;
    assert!(
        matches!(error, ConnectError::Unreachable { .. }),
        "{error:?}"
    );
    for bad in [
        "",
        "nonsense",
        "http://127.0.0.1",
        "redis://:geheim@127.0.0.1:port",
    ] {
        let error = refusal(bad.to_owned()).await;
        assert!(
            matches!(error, ConnectError::InvalidUrl { .. }),
            "{bad}: {error:?}"
        );
        assert!(!error.to_string().contains("geheim"), "{error}");
    }
    let two = format!("{0},{0}", shared_redis().url());
    let error = refusal(two).await;
    assert!(
        matches!(error, ConnectError::NotACluster { .. }),
        "{error:?}"
    );
}
