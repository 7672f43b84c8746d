//! What is SQLite's own about opening, checking and dropping a file.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use std::{fs, num::NonZeroUsize, sync::Arc};

use common::{at, new_session, query, raw};
use fiml_session_core::{
    Limits, SessionChange,
    store::{ActiveStore, Scope, StoreError},
};
use fiml_store_sqlite::{ConnectError, SqliteConfig, SqliteStore};

async fn refusal(config: SqliteConfig) -> ConnectError {
    let error = SqliteStore::connect(config.clone()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(config.path.to_str().unwrap()), "{text}");
    error
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        "not a database",
        &"not a database at all, but long enough for a header ".repeat(200),
    ] {
        let path = folder.path().join("notes.txt");
        fs::write(&path, text).unwrap();
        let error = refusal(SqliteConfig::new(&path)).await;
        assert!(
            matches!(error, ConnectError::NotADatabase { .. }),
            "{error:?}"
        );
        assert!(SqliteStore::drop_database(&path).await.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    raw(&path, "CREATE TABLE notes (text TEXT)");
    let before = fs::read(&path).unwrap();
    let error = refusal(SqliteConfig::new(&path)).await;
    assert!(matches!(error, ConnectError::NotOurs { .. }), "{error:?}");
    let error = SqliteStore::drop_database(&path).await.unwrap_err();
    assert!(matches!(error, ConnectError::NotOurs { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_folder_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(SqliteConfig::new(folder.path().join("no/such/sessions.db"))).await;
    assert!(
        matches!(error, ConnectError::MissingFolder { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_folder_is_not_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(SqliteConfig::new(folder.path())).await;
    assert!(matches!(error, ConnectError::NotAFile { .. }), "{error:?}");
}

#[tokio::test]
async fn a_read_only_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    drop(
        SqliteStore::connect(SqliteConfig::new(&path))
            .await
            .unwrap(),
    );
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let error = refusal(SqliteConfig::new(&path)).await;
    assert!(matches!(error, ConnectError::ReadOnly { .. }), "{error:?}");
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    drop(
        SqliteStore::connect(SqliteConfig::new(&path))
            .await
            .unwrap(),
    );
    raw(&path, "PRAGMA user_version = 99");
    let error = refusal(SqliteConfig::new(&path)).await;
    assert!(
        matches!(
            error,
            ConnectError::Newer {
                found: 99,
                known: 4,
                ..
            }
        ),
        "{error:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_and_its_companions_are_for_nobody_else() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::connect(SqliteConfig::new(folder.path().join("s.db"))).await;
    let store = store.unwrap();
    store.insert(&new_session(1)).await.unwrap();
    let mut seen = Vec::new();
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        seen.push(file.file_name());
    }
    seen.sort();
    assert_eq!(seen, ["s.db", "s.db-shm", "s.db-wal"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_that_meet_on_a_new_file_all_open_it() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sessions.db");
        let opening = (0..8).map(|n| {
            let config = SqliteConfig::new(&path);
            tokio::spawn(async move {
                let store = SqliteStore::connect(config).await.unwrap();
                store.insert(&new_session(n)).await.unwrap();
                store
            })
        });
        let mut stores = Vec::new();
        for opening in opening.collect::<Vec<_>>() {
            stores.push(opening.await.unwrap());
        }
        let report = stores[0].verify().await.unwrap();
        assert!(report.is_sound(), "{report:?}");
        assert_eq!(report.sessions, 8);
    }
}

#[tokio::test]
async fn a_full_file_says_so_keeps_what_it_has_and_goes_on_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = SqliteConfig::new(folder.path().join("sessions.db"));
    config.max_page_count = Some(120);
    let session = new_session(1);
    let (id, limits) = (session.session.id, Limits::default());
    let append = |store: Arc<SqliteStore>, n| {
        let (batch, limits) = (
            SessionChange::QueryAdded { query: query(n) }.into(),
            limits.clone(),
        );
        async move { store.apply(&Scope::All, id, &batch, &limits, at(10)).await }
    };
    let mut kept = 0;
    {
        let store = Arc::new(SqliteStore::connect(config.clone()).await.unwrap());
        store.insert(&session).await.unwrap();
        let error = loop {
            match append(Arc::clone(&store), kept).await {
                Ok(applied) => kept = applied.unwrap().total_queries,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert!(kept > 10);
        let report = store.verify().await.unwrap();
        assert!(report.is_sound(), "{report:?}");
        let found = store.get(&Scope::All, id).await.unwrap().unwrap();
        assert_eq!(found.state.history.total_queries(), kept);
    }
    config.max_page_count = None;
    let store = Arc::new(SqliteStore::connect(config).await.unwrap());
    let applied = append(Arc::clone(&store), 0).await.unwrap().unwrap();
    assert_eq!(applied.total_queries, kept + 1);
    assert!(store.verify().await.unwrap().is_sound());
}

#[tokio::test]
async fn a_file_left_by_a_killed_process_opens_with_everything_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = SqliteStore::connect(SqliteConfig::new(&path))
        .await
        .unwrap();
    store.insert(&new_session(7)).await.unwrap();
    // What a killed process leaves behind: the file and its log, neither closed nor written back.
    let left = tempfile::tempdir().unwrap();
    for file in ["sessions.db", "sessions.db-wal"] {
        fs::copy(folder.path().join(file), left.path().join(file)).unwrap();
    }
    let config = SqliteConfig::new(left.path().join("sessions.db"));
    let again = SqliteStore::connect(config).await.unwrap();
    let found = again.snapshot(new_session(7).session.id).await.unwrap();
    assert_eq!(found, Some(new_session(7)));
    assert!(again.verify().await.unwrap().is_sound());
}

#[tokio::test]
async fn a_dropped_store_leaves_one_file_that_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = SqliteStore::connect(SqliteConfig::new(&path))
        .await
        .unwrap();
    store.insert(&new_session(1)).await.unwrap();
    drop(store);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let store = SqliteStore::connect(SqliteConfig::new(&path))
        .await
        .unwrap();
    assert_eq!(store.verify().await.unwrap().sessions, 1);
}

#[tokio::test]
async fn a_database_is_dropped_unless_somebody_uses_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    assert!(!SqliteStore::drop_database(&path).await.unwrap());
    let store = SqliteStore::connect(SqliteConfig::new(&path))
        .await
        .unwrap();
    let error = SqliteStore::drop_database(&path).await.unwrap_err();
    assert!(matches!(error, ConnectError::InUse { .. }), "{error:?}");
    store.insert(&new_session(1)).await.unwrap();
    drop(store);
    assert!(SqliteStore::drop_database(&path).await.unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_damaged_row_blames_its_session_and_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = SqliteStore::connect(SqliteConfig::new(&path))
        .await
        .unwrap();
    for n in 1..=2 {
        store.insert(&new_session(n)).await.unwrap();
    }
    let damaged = new_session(1).session.id;
    raw(&path, "UPDATE entries SET value = '{' WHERE session = 1");
    let error = store.snapshot(damaged).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Corrupt { id: Some(id), .. } if id == damaged),
        "{error:?}"
    );
    assert!(
        store
            .snapshot(new_session(2).session.id)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .quarantine(damaged, "unreadable", at(1))
            .await
            .unwrap()
    );
    let due = store
        .expired(at(1_000_000), NonZeroUsize::MIN)
        .await
        .unwrap();
    assert_eq!(due, [new_session(2).session.id]);
    assert!(store.remove(&Scope::All, damaged).await.unwrap());
}
