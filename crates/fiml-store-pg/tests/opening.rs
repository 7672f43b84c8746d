//! Opening a database whose server stops, or where somebody else is at work.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use std::{future::Future, pin::Pin, time::Duration};

use common::{beside, config, config_on, connect, raw, waits};
use fiml_session_core::store::{ArchiveStore, Scope, StoreError, StoreHealth};
use fiml_store_pg::{ConnectError, PgConfig, PgStore};
use fiml_testkit::{
    fixtures::id,
    servers::{PostgresServer, shared_postgres, unique},
};

/// Longer than any test: what does not fail at once hangs.
const FOR_EVER: Duration = Duration::from_hours(1);

type Opening = Pin<Box<dyn Future<Output = Result<(), ConnectError>> + Send>>;

/// Every way to a database, none of which may wait for ever.
fn openings(config: &PgConfig) -> [(&'static str, Opening); 6] {
    let (a, b, c) = (config.clone(), config.clone(), config.clone());
    let (d, e, f) = (config.clone(), config.clone(), config.clone());
    [
        (
            "connect",
            Box::pin(async { PgStore::connect(a).await.map(drop) }),
        ),
        (
            "create",
            Box::pin(async { PgStore::create_database(b).await.map(drop) }),
        ),
        (
            "version",
            Box::pin(async { PgStore::schema_version(c).await.map(drop) }),
        ),
        (
            "verify",
            Box::pin(async { PgStore::verify(d).await.map(drop) }),
        ),
        (
            "migrate",
            Box::pin(async { PgStore::migrate(e, None).await.map(drop) }),
        ),
        (
            "drop",
            Box::pin(async { PgStore::drop_tables(f).await.map(drop) }),
        ),
    ]
}

/// Pauses the server as soon as the opening waits there; what came of it.
async fn pause_under(
    server: &PostgresServer,
    holder: &tokio_postgres::Client,
    waits_for: &str,
    opening: Opening,
) -> Result<(), ConnectError> {
    let mut opening = tokio::spawn(opening);
    tokio::select! {
        // Slow as it may be, the answer is the same.
        opened = &mut opening => return opened.unwrap(),
        () = waits(holder, waits_for) => {}
    }
    server.pause();
    let opened = opening.await.unwrap();
    server.resume();
    opened
}

#[tokio::test]
async fn a_server_that_stops_after_the_handshake_is_unreachable() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    let mut config = config_on(&server);
    connect(&config).await;
    config.timeout = Duration::from_secs(2);
    config.batch_timeout = Duration::from_secs(3);
    let holder = beside(&config).await;
    let hold = "LOCK TABLE __diesel_schema_migrations IN ACCESS EXCLUSIVE MODE";
    holder.batch_execute(hold).await.unwrap();
    for (name, opening) in openings(&config) {
        let error = pause_under(&server, &holder, "FROM __diesel_schema_migrations", opening).await;
        let error = error.unwrap_err();
        assert!(
            matches!(error, ConnectError::Unreachable { .. }),
            "{name}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_stops_while_another_migrates_is_unreachable() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    let mut config = config_on(&server);
    config.timeout = Duration::from_secs(2);
    config.batch_timeout = Duration::from_secs(3);
    let holder = beside(&config).await;
    holder.batch_execute(&migrating(&config)).await.unwrap();
    for (name, opening) in openings(&config) {
        if !["connect", "create", "migrate"].contains(&name) {
            continue;
        }
        let error = pause_under(&server, &holder, "pg_advisory_lock", opening).await;
        let error = error.unwrap_err();
        assert!(
            matches!(error, ConnectError::Unreachable { .. }),
            "{name}: {error:?}"
        );
    }
}

/// What somebody does who migrates the configuration's schema.
fn migrating(config: &PgConfig) -> String {
    let schema = config.schema.as_deref().unwrap();
    format!("SELECT pg_advisory_lock(hashtextextended('fiml.migrate.{schema}', 0))")
}

#[tokio::test]
async fn calls_that_wait_for_another_who_migrates_leave_nobody_waiting() {
    let mut config = config();
    config.timeout = Duration::from_millis(500);
    config.batch_timeout = FOR_EVER;
    let holder = beside(&config).await;
    holder.batch_execute(&migrating(&config)).await.unwrap();
    let store = PgStore::unconnected(config.clone()).await.unwrap();
    for _ in 0..3 {
        let error = store.get(&Scope::All, id(1)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    }
    let waiting = "SELECT count(*) FROM pg_locks AS asked JOIN pg_locks AS held \
         USING (locktype, classid, objid, objsubid) \
         WHERE locktype = 'advisory' AND NOT asked.granted AND held.pid = pg_backend_pid()";
    while holder
        .query_one(waiting, &[])
        .await
        .unwrap()
        .get::<_, i64>(0)
        > 0
    {
        tokio::task::yield_now().await;
    }
    drop(holder);
    while store.get(&Scope::All, id(1)).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_schema_that_was_found_is_locked_like_one_that_was_named() {
    let named = config();
    let schema = named.schema.as_deref().unwrap();
    raw(&named, "CREATE SCHEMA {}");
    let mut found = PgConfig::new(format!("{}?options=-csearch_path%3D{schema}", named.url));
    found.batch_timeout = Duration::from_secs(1);
    let holder = beside(&named).await;
    holder.batch_execute(&migrating(&named)).await.unwrap();
    let error = PgStore::connect(found.clone()).await.unwrap_err();
    assert!(
        matches!(error, ConnectError::Unreachable { .. }),
        "{error:?}"
    );
    drop(holder);
    found.batch_timeout = FOR_EVER;
    PgStore::connect(found).await.unwrap();
    assert!(PgStore::verify(named).await.unwrap().is_sound());
}

#[tokio::test]
async fn what_does_not_pass_by_itself_is_not_called_unavailable() {
    let name = unique("latin");
    shared_postgres().execute(&format!(
        "CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    ));
    let newer = config();
    connect(&newer).await;
    raw(
        &newer,
        "INSERT INTO {}.__diesel_schema_migrations (version) VALUES ('21000101000000')",
    );
    let theirs = config();
    raw(&theirs, "CREATE SCHEMA {}");
    raw(&theirs, "CREATE TABLE {}.sessions (id text)");
    for config in [
        PgConfig::new(shared_postgres().url_of(&name)),
        PgConfig::new(shared_postgres().url_of(&unique("nowhere"))),
        newer,
        theirs,
    ] {
        let store = PgStore::unconnected(config).await.unwrap();
        for _ in 0..2 {
            let error = store.get(&Scope::All, id(1)).await.unwrap_err();
            assert!(matches!(error, StoreError::Backend { .. }), "{error:?}");
            assert!(!store.health().await.unwrap_err().is_transient());
        }
    }
}
