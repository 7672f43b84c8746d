//! Making, moving, checking and dropping the tables.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use common::{archive, config, connect, raw, staged};
use fiml_session_core::store::{ArchiveStore, ArchiveUpkeep, MetricsStore, Scope, StoreHealth};
use fiml_store_pg::{ConnectError, PgConfig, PgStore};
use fiml_testkit::{
    fixtures::{MANY, START, id},
    servers::{shared_postgres, unique},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_that_meet_on_an_empty_database_all_open_it() {
    for _ in 0..3 {
        let config = config();
        let opening = (1..=4).map(|n| {
            let config = config.clone();
            tokio::spawn(async move {
                let store = connect(&config).await;
                archive(&store, &staged(n, 1)).await;
            })
        });
        for opened in opening.collect::<Vec<_>>() {
            opened.await.unwrap();
        }
        let report = PgStore::verify(config).await.unwrap();
        assert!(report.is_sound(), "{report:?}");
        assert_eq!(
            (report.archived, report.measured, report.sampled),
            (4, 4, 4)
        );
    }
}

/// What the schema holds: columns, indexes and constraints, each in a line.
fn shape(config: &PgConfig) -> String {
    raw(
        config,
        "SELECT line FROM (\
            SELECT table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable AS line \
            FROM information_schema.columns WHERE table_schema = '{}' \
            UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = '{}' \
            UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
            WHERE connamespace = to_regnamespace('{}')) AS lines \
         WHERE line NOT LIKE '%diesel%' ORDER BY line",
    )
}

#[tokio::test]
async fn migrations_run_up_down_and_up_again() {
    let config = config();
    let (from, known) = PgStore::migrate(config.clone(), None).await.unwrap();
    assert_eq!(from, 0);
    let whole = shape(&config);
    assert!(
        whole.contains("session_metrics counters bytea NO"),
        "{whole}"
    );
    for version in (0..known).rev() {
        let moved = PgStore::migrate(config.clone(), Some(version))
            .await
            .unwrap();
        assert_eq!(moved, (version + 1, version));
    }
    assert_eq!(shape(&config), "");
    for version in 1..=known {
        let moved = PgStore::migrate(config.clone(), Some(version))
            .await
            .unwrap();
        assert_eq!(moved, (version - 1, version));
    }
    assert_eq!(shape(&config), whole);
    assert_eq!(
        PgStore::migrate(config, None).await.unwrap(),
        (known, known)
    );
}

#[tokio::test]
async fn a_version_that_there_is_not_is_refused_with_those_that_there_are() {
    let config = config();
    for wanted in [-1, 1_000] {
        let error = PgStore::migrate(config.clone(), Some(wanted)).await;
        let error = error.unwrap_err();
        assert!(matches!(error, ConnectError::NoVersion { .. }), "{error:?}");
    }
    assert!(
        !PgStore::drop_tables(config).await.unwrap(),
        "nothing was made"
    );
}

#[tokio::test]
async fn checking_an_empty_database_makes_nothing() {
    let config = config();
    let report = PgStore::verify(config.clone()).await.unwrap();
    assert_eq!((report.schema_version, report.is_sound()), (0, false));
    assert_eq!(shape(&config), "");
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_both_versions() {
    let config = config();
    connect(&config).await;
    raw(
        &config,
        "INSERT INTO {}.__diesel_schema_migrations (version) VALUES ('21000101000000')",
    );
    let error = PgStore::connect(config.clone()).await.unwrap_err();
    assert!(
        matches!(error, ConnectError::Newer { found, known, .. } if found == known + 1),
        "{error:?}"
    );
    for error in [
        PgStore::migrate(config.clone(), Some(0)).await.unwrap_err(),
        PgStore::drop_tables(config.clone()).await.unwrap_err(),
        PgStore::schema_version(config.clone()).await.unwrap_err(),
    ] {
        assert!(matches!(error, ConnectError::Newer { .. }), "{error:?}");
        assert!(error.to_string().contains("DATABASE_SCHEMA"), "{error}");
    }
    let report = PgStore::verify(config).await.unwrap();
    assert_eq!(report.schema_version, report.known_version);
    assert!(!report.is_current && !report.is_sound(), "{report:?}");
}

#[tokio::test]
async fn the_migrations_of_another_program_are_not_taken_for_ours() {
    let config = config();
    let known = PgStore::schema_version(config.clone()).await.unwrap();
    assert_eq!(known.0, 0, "there are no tables");
    connect(&config).await;
    let version = PgStore::schema_version(config.clone()).await.unwrap();
    assert_eq!(version, (known.1, known.1));
    raw(
        &config,
        "UPDATE {}.__diesel_schema_migrations SET version = '9' || version",
    );
    let report = PgStore::verify(config.clone()).await.unwrap();
    assert_eq!(report.schema_version, 0);
    assert!(!report.is_current && !report.is_sound(), "{report:?}");
    for error in [
        PgStore::connect(config.clone()).await.unwrap_err(),
        PgStore::schema_version(config.clone()).await.unwrap_err(),
        PgStore::migrate(config, None).await.unwrap_err(),
    ] {
        assert!(matches!(error, ConnectError::NotOurs { .. }), "{error:?}");
        assert!(error.to_string().contains("DATABASE_SCHEMA"), "{error}");
    }
}

#[tokio::test]
async fn the_tables_of_another_program_are_refused_and_left_alone() {
    let config = config();
    let schema = config.schema.clone().unwrap();
    raw(&config, "CREATE SCHEMA {}");
    raw(&config, "CREATE TABLE {}.sessions (id text)");
    let error = PgStore::connect(config.clone()).await.unwrap_err();
    assert!(matches!(error, ConnectError::NotOurs { .. }), "{error:?}");
    assert!(error.to_string().contains("sessions"), "{error}");
    assert!(!PgStore::drop_tables(config.clone()).await.unwrap());
    assert_eq!(
        raw(&config, "SELECT count(*) FROM {}.sessions"),
        "0",
        "{schema}"
    );
}

#[tokio::test]
async fn dropping_removes_what_this_program_made_and_nothing_else() {
    let made = config();
    connect(&made).await;
    let exists = "SELECT count(*) FROM pg_namespace WHERE nspname = '{}'";
    assert_eq!(raw(&made, exists), "1");
    assert!(PgStore::drop_tables(made.clone()).await.unwrap());
    assert_eq!(raw(&made, exists), "0");
    assert!(!PgStore::drop_tables(made).await.unwrap(), "a second time");

    let theirs = config();
    raw(&theirs, "CREATE SCHEMA {}");
    connect(&theirs).await;
    assert!(PgStore::drop_tables(theirs.clone()).await.unwrap());
    assert_eq!(shape(&theirs), "");
    assert_eq!(raw(&theirs, exists), "1", "somebody else made it");

    let shared = config();
    connect(&shared).await;
    raw(&shared, "CREATE TABLE {}.notes (text text)");
    assert!(PgStore::drop_tables(shared.clone()).await.unwrap());
    assert_eq!(shape(&shared), "notes text text YES");
}

#[tokio::test]
async fn a_database_is_made_where_there_is_none() {
    let mut config = PgConfig::new(shared_postgres().url_of(&unique("made")));
    let error = PgStore::connect(config.clone()).await.unwrap_err();
    assert!(
        matches!(error, ConnectError::NoDatabase { .. }),
        "{error:?}"
    );
    assert!(PgStore::create_database(config.clone()).await.unwrap());
    assert!(
        !PgStore::create_database(config.clone()).await.unwrap(),
        "a second time"
    );
    archive(&connect(&config).await, &staged(1, 2)).await;
    config.schema = Some("beside".to_owned());
    assert_eq!(
        connect(&config)
            .await
            .get(&Scope::All, id(1))
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn a_database_in_another_encoding_is_refused() {
    let name = unique("latin");
    shared_postgres().execute(&format!(
        "CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    ));
    let config = PgConfig::new(shared_postgres().url_of(&name));
    for error in [
        PgStore::connect(config.clone()).await.unwrap_err(),
        PgStore::create_database(config.clone()).await.unwrap_err(),
        PgStore::migrate(config, None).await.unwrap_err(),
    ] {
        assert!(
            matches!(&error, ConnectError::Encoding { found, .. } if found == "LATIN1"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_check_names_what_is_damaged_and_counts_orphans() {
    let config = config();
    let store = connect(&config).await;
    for n in 1..=4 {
        archive(&store, &staged(n, 2)).await;
    }
    store.bury(&Scope::All, id(4), START).await.unwrap();
    assert!(PgStore::verify(config.clone()).await.unwrap().is_sound());
    let first = id(1).uuid();
    raw(
        &config,
        &format!("UPDATE {{}}.sessions SET version = 3 WHERE id = '{first}'"),
    );
    let second = id(2).uuid();
    raw(
        &config,
        &format!("UPDATE {{}}.sessions SET snapshot = 'x' WHERE id = '{second}'"),
    );
    let fourth = id(4).uuid();
    raw(
        &config,
        &format!(
            "UPDATE {{}}.session_metrics SET session_id = '{fourth}' WHERE session_id = '{first}'"
        ),
    );
    let report = PgStore::verify(config).await.unwrap();
    assert_eq!(report.damaged, [id(2), id(1)]);
    assert_eq!((report.archived, report.buried, report.orphans), (3, 1, 1));
    assert!(!report.is_sound());
}

#[tokio::test]
async fn health_says_what_would_lose_writes() {
    // The shared server runs without fsync.
    let health = common::fresh().await.health().await.unwrap();
    assert!(health.version.starts_with(char::is_numeric), "{health:?}");
    assert!(health.clock.is_some());
    let found: Vec<_> = health
        .findings
        .iter()
        .map(|finding| finding.found.as_str())
        .collect();
    assert!(found[0].starts_with("fsync is off"), "{found:?}");
    assert_eq!(found.len(), 1, "{found:?}");
}

#[tokio::test]
async fn figures_of_many_sessions_add_up() {
    let store = common::fresh().await;
    let sessions: Vec<_> = (1..=2_000).map(|n| staged(n, 2)).collect();
    for batch in sessions.chunks(500) {
        store.stage(batch, START).await.unwrap();
    }
    let mut expected = fiml_session_core::MetricsDigest::default();
    for staged in &sessions {
        expected.add(staged.metrics.as_ref().unwrap(), START);
    }
    let (any, none) = (Default::default(), Default::default());
    let digest = store.digest(&Scope::All, &any, &none, START).await.unwrap();
    assert_eq!(digest, expected);
}

/// As an older version left them, and as a hand that went past the store did.
#[tokio::test]
async fn figures_without_sums_are_found_and_added_up() {
    let config = config();
    let store = connect(&config).await;
    let sessions: Vec<_> = (1..=50).map(|n| staged(n, 2)).collect();
    store.stage(&sessions, START).await.unwrap();
    let late = fiml_session_core::Timestamp::MAX;
    let (any, none) = (Default::default(), Default::default());
    let before = store.digest(&Scope::All, &any, &none, late).await.unwrap();
    assert_eq!(before.sessions, 50);
    drop(store);
    let known = PgStore::schema_version(config.clone()).await.unwrap().1;
    PgStore::migrate(config.clone(), Some(2)).await.unwrap();
    PgStore::migrate(config.clone(), Some(known)).await.unwrap();
    let store = connect(&config).await;
    let after = store.digest(&Scope::All, &any, &none, late).await.unwrap();
    assert_eq!(after, before);
    let one_type_in_one_hour = 2;
    let rolled_up = store.roll_up(late, MANY).await.unwrap();
    assert_eq!(rolled_up, one_type_in_one_hour);
    raw(&config, "DELETE FROM {}.metrics_rollups");
    store.forget_rollups().await.unwrap();
    let rolled_up = store.roll_up(late, MANY).await.unwrap();
    assert_eq!(rolled_up, one_type_in_one_hour);
    let anew = store.digest(&Scope::All, &any, &none, late).await.unwrap();
    assert_eq!(anew, before);
}
