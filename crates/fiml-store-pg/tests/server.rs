//! Servers that die, hang, come back and are set up in odd ways.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use std::{collections::BTreeSet, error::Error, sync::Arc, time::Duration};

use common::{archive, beside, config_on, connect, pending, staged, waits};
use fiml_session_core::{
    MetricsDigest,
    store::{ArchiveStore, Health, MetricsFilter, MetricsStore, Scope, StoreError, StoreHealth},
};
use fiml_store_pg::{ConnectError, PgConfig, PgStore};
use fiml_testkit::{
    fixtures::{START, id},
    servers::PostgresServer,
};

/// Longer than any test: what does not fail at once hangs.
const FOR_EVER: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_server_that_is_down_fails_calls_at_once_and_is_used_again_when_it_is_back() {
    let server = PostgresServer::start();
    let mut config = config_on(&server);
    config.timeout = FOR_EVER;
    config.batch_timeout = FOR_EVER;
    let store = connect(&config).await;
    archive(&store, &staged(1, 2)).await;
    for _ in 0..2 {
        server.kill();
        for _ in 0..2 {
            let error = store.get(&Scope::All, id(1)).await.unwrap_err();
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
            let error = store.stage(&[staged(2, 1)], START).await.unwrap_err();
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
            assert!(store.health().await.unwrap_err().is_transient());
        }
        let error = PgStore::connect(config.clone()).await.unwrap_err();
        assert!(
            matches!(error, ConnectError::Unreachable { .. }),
            "{error:?}"
        );
        server.restart();
        let found = store.get(&Scope::All, id(1)).await.unwrap();
        assert_eq!(
            found,
            Some(staged(1, 2).snapshot),
            "what was acknowledged is there"
        );
        store.bury(&Scope::All, id(9), START).await.unwrap();
    }
}

#[tokio::test]
async fn a_write_under_way_when_the_server_dies_has_an_unknown_outcome_unless_it_was_not_ended() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    let mut config = config_on(&server);
    config.timeout = FOR_EVER;
    let store = Arc::new(connect(&config).await);
    let session = staged(1, 1);
    store
        .stage(std::slice::from_ref(&session), START)
        .await
        .unwrap();
    let holder = beside(&config).await;
    holder
        .batch_execute("SELECT 1 FROM sessions FOR UPDATE")
        .await
        .unwrap();
    let settler = Arc::clone(&store);
    let row = pending(&session);
    let settling = tokio::spawn(async move { settler.settle(&row, START).await });
    waits(&holder, "UPDATE sessions").await;
    let buries = Arc::clone(&store);
    let burying = tokio::spawn(async move { buries.bury(&Scope::All, id(1), START).await });
    waits(&holder, "INSERT INTO sessions").await;
    server.kill();
    let error = settling.await.unwrap().unwrap_err();
    assert!(
        matches!(error, StoreError::OutcomeUnknown { .. }),
        "{error:?}"
    );
    // Its transaction was not ended, so nothing of it can have been done.
    let error = burying.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    server.restart();
    assert!(store.settle(&row, START).await.unwrap(), "it was not done");
}

#[tokio::test]
async fn a_connection_that_ends_after_words_nobody_knows_leaves_the_outcome_unknown() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    let mut config = config_on(&server);
    config.timeout = FOR_EVER;
    let store = connect(&config).await;
    let session = staged(1, 1);
    store
        .stage(std::slice::from_ref(&session), START)
        .await
        .unwrap();
    let schema = config.schema.as_deref().unwrap();
    // The error is said first, and the connection ends after it.
    server.execute(&format!(
        "CREATE FUNCTION {schema}.end_after_an_error() RETURNS trigger LANGUAGE plpgsql AS \
         $$ DECLARE n int; BEGIN \
         n := CASE WHEN pg_terminate_backend(pg_backend_pid()) THEN 1 / (NEW.version - NEW.version) END; \
         RETURN NEW; END $$"
    ));
    server.execute(&format!(
        "CREATE TRIGGER end_after_an_error BEFORE UPDATE ON {schema}.sessions \
         FOR EACH ROW EXECUTE FUNCTION {schema}.end_after_an_error()"
    ));
    let error = store.settle(&pending(&session), START).await.unwrap_err();
    assert!(
        matches!(error, StoreError::OutcomeUnknown { .. }),
        "{error:?}"
    );
    let said = format!("{error:?}");
    assert!(said.contains("division by zero"), "{said}");
}

#[tokio::test]
async fn a_server_that_hangs_fails_calls_within_their_time() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    let mut config = config_on(&server);
    config.timeout = Duration::from_secs(1);
    let store = connect(&config).await;
    let session = staged(1, 1);
    store
        .stage(std::slice::from_ref(&session), START)
        .await
        .unwrap();
    server.pause();
    let error = store.settle(&pending(&session), START).await.unwrap_err();
    assert!(
        matches!(error, StoreError::OutcomeUnknown { .. }),
        "{error:?}"
    );
    let error = store.get(&Scope::All, id(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    let error = PgStore::connect(config.clone()).await.unwrap_err();
    assert!(
        matches!(error, ConnectError::Unreachable { .. }),
        "{error:?}"
    );
    server.resume();
    // A connection of its own, with time enough for a server that has just woken up.
    config.timeout = FOR_EVER;
    let found = connect(&config).await.get(&Scope::All, id(1)).await;
    assert_eq!(found.unwrap(), Some(session.snapshot));
}

#[tokio::test]
async fn figures_of_a_server_that_hangs_fail_within_the_time_of_a_call() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    let mut config = config_on(&server);
    config.timeout = Duration::from_secs(1);
    config.batch_timeout = FOR_EVER;
    let user = staged(1, 1).snapshot.session.user_id;
    assert!(user.is_some(), "one user's are read by one statement");
    let mut asked = Vec::new();
    for user_id in [None, user] {
        let filter = MetricsFilter {
            user_id,
            ..MetricsFilter::default()
        };
        let store = connect(&config).await;
        assert!(figures(&store, &filter).await.is_ok());
        asked.push((store, filter));
    }
    server.pause();
    for (store, filter) in asked {
        // On the connection that is open, and on one that is yet to be.
        for _ in 0..2 {
            let error = figures(&store, &filter).await.unwrap_err();
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        }
    }
    server.resume();
}

async fn figures(store: &PgStore, filter: &MetricsFilter) -> Result<MetricsDigest, StoreError> {
    let all = BTreeSet::new();
    store.digest(&Scope::All, filter, &all, START).await
}

#[tokio::test]
async fn writes_are_on_the_disk_before_they_are_acknowledged_whatever_the_server_is_set_to() {
    let server = PostgresServer::start_with(&[("fsync", "off"), ("synchronous_commit", "off")]);
    let config = config_on(&server);
    let store = connect(&config).await;
    let schema = config.schema.as_deref().unwrap();
    server.execute(&format!(
        "CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN IF current_setting('synchronous_commit') <> 'on' THEN RAISE 'asynchronous'; END IF; \
         RETURN NULL; END $$"
    ));
    server.execute(&format!(
        "CREATE TRIGGER refuse AFTER INSERT OR UPDATE OR DELETE ON {schema}.sessions \
         EXECUTE FUNCTION {schema}.refuse()"
    ));
    archive(&store, &staged(1, 1)).await;
    store.bury(&Scope::All, id(1), START).await.unwrap();
    let health = store.health().await.unwrap();
    assert!(told(&health, "synchronous_commit is off"), "{health:?}");
}

fn told(health: &Health, found: &str) -> bool {
    health
        .findings
        .iter()
        .any(|finding| finding.found.starts_with(found))
}

#[tokio::test]
async fn a_read_only_server_is_a_danger_and_refuses_writes_as_unavailable() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    let config = config_on(&server);
    archive(&connect(&config).await, &staged(1, 1)).await;
    server.execute("ALTER SYSTEM SET default_transaction_read_only = on");
    server.restart();
    let store = connect(&config).await;
    let health = store.health().await.unwrap();
    assert!(told(&health, "transactions are read-only"), "{health:?}");
    let error = store.bury(&Scope::All, id(1), START).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(store.get(&Scope::All, id(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_server_whose_connections_are_all_taken_is_unavailable() {
    let server = PostgresServer::start_with(&[
        ("fsync", "off"),
        ("max_connections", "8"),
        ("superuser_reserved_connections", "0"),
        // Its workers are connections too.
        ("autovacuum", "off"),
    ]);
    let config = config_on(&server);
    let store = connect(&config).await;
    archive(&store, &staged(1, 1)).await;
    let others = connect_until_refused(&config).await;
    let health = store.health().await.unwrap();
    assert!(told(&health, "8 of 8 connections"), "{health:?}");
    let error = PgStore::connect(config.clone()).await.unwrap_err();
    assert!(
        matches!(error, ConnectError::Unreachable { .. }),
        "{error:?}"
    );
    // One of them waits behind a lock on the store's only connection, so the other needs a second one.
    let holder = &others[0];
    let schema = config.schema.as_deref().unwrap();
    let hold = format!("BEGIN; LOCK TABLE {schema}.sessions IN EXCLUSIVE MODE");
    holder.batch_execute(&hold).await.unwrap();
    let buries = store.clone();
    let burying = tokio::spawn(async move { buries.bury(&Scope::All, id(1), START).await });
    waits(holder, "INSERT INTO sessions").await;
    let error = store.get(&Scope::All, id(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    holder.batch_execute("COMMIT").await.unwrap();
    assert!(burying.await.unwrap().unwrap());
}

/// Connections past every store, until the server takes no more.
async fn connect_until_refused(config: &PgConfig) -> Vec<tokio_postgres::Client> {
    let mut clients = Vec::new();
    while let Ok((client, connection)) =
        tokio_postgres::connect(&config.url, tokio_postgres::NoTls).await
    {
        tokio::spawn(connection);
        clients.push(client);
    }
    clients
}

#[tokio::test]
async fn the_password_is_in_no_error_and_no_debug_text() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    let url = server.url().replace("postgres@", "ada:s3cret@");
    server.execute("CREATE ROLE ada LOGIN");
    let store = PgStore::connect(PgConfig::new(server.url())).await.unwrap();
    drop(store);
    server.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO ada");
    let store = PgStore::connect(PgConfig::new(&url)).await.unwrap();
    let mut said = vec![format!("{store:?}"), format!("{:?}", PgConfig::new(&url))];
    for url in [
        url.replace("/postgres", "/nowhere"),
        url.replace("ada", "bob"),
        url.replace("s3cret", "s3c@ret"),
        format!("{url}?sslmode=require"),
    ] {
        let error = PgStore::connect(PgConfig::new(url)).await.unwrap_err();
        said.extend(chain(&error));
    }
    server.kill();
    said.extend(chain(
        &PgStore::connect(PgConfig::new(&url)).await.unwrap_err(),
    ));
    said.extend(chain(&store.is_buried(id(1)).await.unwrap_err()));
    for text in said {
        assert!(!text.contains("s3c") && !text.contains("cret"), "{text}");
    }
}

fn chain(error: &dyn Error) -> Vec<String> {
    let mut said = vec![format!("{error:?}"), error.to_string()];
    let mut source = error.source();
    while let Some(beneath) = source {
        said.push(beneath.to_string());
        source = beneath.source();
    }
    said
}
