//! Checks a file, and drops it.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use diesel::{
    connection::SimpleConnection,
    prelude::*,
    sql_types::{BigInt, Text},
    sqlite::SqliteConnection,
};
use fiml_session_core::store::StoreError;
use tokio::task::spawn_blocking;

use crate::{
    connect::{SqliteStore, check_kind, open_file},
    error::{ConnectError, Failure},
    migrate::{Origin, SCHEMA_VERSION, origin},
    sql::Composed,
};

/// What a check of a file found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// The schema version of the file.
    pub schema_version: i64,
    /// The schema version of this program.
    pub known_version: i64,
    /// How many live sessions it holds.
    pub sessions: u64,
    /// How many archived sessions it holds, without those on their way between tiers.
    pub archived: u64,
    /// What SQLite's own check complains about.
    pub damages: Vec<String>,
    /// Rows that refer to one that is not there, by table.
    pub orphans: Vec<String>,
    /// How many live sessions have counters that disagree with their history.
    pub miscounted: u64,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.schema_version == self.known_version
            && self.damages.is_empty()
            && self.orphans.is_empty()
            && self.miscounted == 0
    }
}

impl SqliteStore {
    /// Reads the whole file and says what is wrong with it.
    pub async fn verify(&self) -> Result<VerifyReport, StoreError> {
        self.read(verify_in_txn).await
    }

    /// Removes a file with everything in it; false where there is none.
    ///
    /// Only a file of ours that nobody uses is removed.
    pub async fn drop_database(path: impl Into<PathBuf>) -> Result<bool, ConnectError> {
        let path = path.into();
        let named = path.clone();
        let dropped = spawn_blocking(move || drop_file(path)).await;
        dropped.map_err(|source| ConnectError::at(named, source))?
    }
}

const MISCOUNTED: &str = "SELECT count(*) FROM sessions s WHERE s.total_queries <> \
     (SELECT count(*) FROM queries q WHERE q.session = s.row_id) OR s.total_queries <> \
     (SELECT coalesce(max(q.seq), 0) FROM queries q WHERE q.session = s.row_id)";

fn verify_in_txn(conn: &mut SqliteConnection) -> Result<VerifyReport, Failure> {
    let number = |conn: &mut _, sql| -> QueryResult<u64> {
        let number: i64 = Composed::<BigInt>::new(sql).get_result(conn)?;
        Ok(number.unsigned_abs())
    };
    let texts = |conn: &mut _, sql| Composed::<Text>::new(sql).load::<String>(conn);
    let schema_version = match origin(conn)? {
        Origin::Ours { version } => version,
        Origin::Empty | Origin::Foreign => 0,
    };
    let mut damages = texts(conn, "PRAGMA integrity_check")?;
    damages.retain(|damage| damage != "ok");
    Ok(VerifyReport {
        schema_version,
        known_version: SCHEMA_VERSION,
        sessions: number(conn, "SELECT count(*) FROM sessions")?,
        archived: number(
            conn,
            "SELECT count(*) FROM archived_sessions WHERE unsettled IS NULL",
        )?,
        damages,
        orphans: texts(conn, "SELECT \"table\" FROM pragma_foreign_key_check")?,
        miscounted: number(conn, MISCOUNTED)?,
    })
}

fn drop_file(path: PathBuf) -> Result<bool, ConnectError> {
    if matches!(fs::metadata(&path), Err(error) if error.kind() == io::ErrorKind::NotFound) {
        return Ok(false);
    }
    let path = check_kind(path)?;
    let at = |error: diesel::result::Error| ConnectError::at(path.clone(), error);
    let mut conn = open_file(&path)?;
    if !matches!(origin(&mut conn).map_err(at)?, Origin::Ours { .. }) {
        return Err(ConnectError::NotOurs { path });
    }
    // Leaving the log needs the file for oneself alone, so this fails while anybody uses it.
    let wait = Duration::from_secs(1).as_millis();
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {wait}; PRAGMA journal_mode = DELETE"
    ))
    .map_err(at)?;
    drop(conn);
    for file in [path.clone(), beside(&path, "-wal"), beside(&path, "-shm")] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ConnectError::at(file, error));
            }
            _ => {}
        }
    }
    Ok(true)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
