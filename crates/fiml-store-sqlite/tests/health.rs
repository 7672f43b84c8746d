//! What the store says of its own condition.

use fiml_session_core::store::{Severity, StoreHealth};
use fiml_store_sqlite::{SqliteConfig, SqliteStore, Synchronous};

#[tokio::test]
async fn a_file_as_we_make_it_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("sessions.db"));
    let health = SqliteStore::connect(config)
        .await
        .unwrap()
        .health()
        .await
        .unwrap();
    assert!(health.version.starts_with("SQLite 3."), "{health:?}");
    assert_eq!(health.findings, []);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_may_open_and_one_that_fears_the_loss_of_power_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig {
        synchronous: Synchronous::Normal,
        ..SqliteConfig::new(folder.path().join("sessions.db"))
    };
    let path = config.path.clone();
    let store = SqliteStore::connect(config).await.unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&path, open).unwrap();
    let found = store.health().await.unwrap().findings;
    let severities: Vec<_> = found.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Warning, Severity::Warning]);
    assert!(found.iter().any(|finding| finding.found.contains("0644")));
}
