//! Tells the condition of the file.

use std::path::Path;

use async_trait::async_trait;
use diesel::{RunQueryDsl, sql_types::Text};
use fiml_session_core::store::{Finding, Health, Severity, StoreError, StoreHealth};
use tracing::instrument;

use crate::{config::Synchronous, connect::SqliteStore, sql::Composed};

#[async_trait]
impl StoreHealth for SqliteStore {
    #[instrument(level = "debug", skip_all)]
    async fn health(&self) -> Result<Health, StoreError> {
        let version: String = self
            .read(|conn| Ok(Composed::<Text>::new("SELECT sqlite_version()").get_result(conn)?))
            .await?;
        let findings = [durability(self.synchronous()), privacy(self.path())];
        Ok(Health {
            store: "the data file",
            version: format!("SQLite {version}"),
            clock: None,
            findings: findings.into_iter().flatten().collect(),
        })
    }
}

fn durability(synchronous: Synchronous) -> Option<Finding> {
    match synchronous {
        Synchronous::Full => None,
        Synchronous::Normal => Some(Finding {
            severity: Severity::Warning,
            found: "the loss of power may undo the last commits".to_owned(),
            remedy: "keep the file with Synchronous::Full".to_owned(),
        }),
    }
}

#[cfg(unix)]
fn privacy(path: &Path) -> Option<Finding> {
    let metadata = std::fs::metadata(path).ok()?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    (mode & 0o077 != 0).then(|| Finding {
        severity: Severity::Warning,
        found: format!("other users of this machine may open the file: its mode is {mode:04o}"),
        remedy: format!("chmod 600 {}", path.display()),
    })
}

/// Who may open it is the folder's matter there.
#[cfg(not(unix))]
const fn privacy(_path: &Path) -> Option<Finding> {
    None
}
