//! Brings a file to the schema of this program.

use std::path::Path;

use diesel::{
    prelude::*,
    sql_types::{BigInt, Bool},
    sqlite::SqliteConnection,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use fiml_session_core::store::BoxError;

use crate::{error::ConnectError, sql::Composed};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The schema that this program knows, as `PRAGMA user_version` says it; one per migration. A file that is open has it.
pub const SCHEMA_VERSION: i64 = 4;
/// What `PRAGMA application_id` says of our files: "FIML".
const APPLICATION_ID: i64 = 0x4649_4d4c;

/// Whose file it is, as its header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody's: nothing was ever stored in it.
    Empty,
    /// Ours, of this schema version.
    Ours { version: i64 },
    /// Another program's.
    Foreign,
}

pub(crate) fn origin(conn: &mut SqliteConnection) -> QueryResult<Origin> {
    // One state of the file: another process may be making its schema just now.
    conn.transaction(origin_in_txn)
}

fn origin_in_txn(conn: &mut SqliteConnection) -> QueryResult<Origin> {
    let number = |conn: &mut _, pragma| Composed::<BigInt>::new(pragma).get_result::<i64>(conn);
    let application = number(conn, "PRAGMA application_id")?;
    let version = number(conn, "PRAGMA user_version")?;
    if application == APPLICATION_ID {
        return Ok(Origin::Ours { version });
    }
    let holds = Composed::<Bool>::new("SELECT EXISTS (SELECT 1 FROM sqlite_schema)");
    let holds: bool = holds.get_result(conn)?;
    Ok(if holds || application != 0 || version != 0 {
        Origin::Foreign
    } else {
        Origin::Empty
    })
}

/// Fails where the file is another program's.
pub(crate) fn refuse_foreign(
    conn: &mut SqliteConnection,
    path: &Path,
) -> Result<Origin, ConnectError> {
    match origin(conn).map_err(|error| ConnectError::at(path.to_owned(), error))? {
        Origin::Foreign => Err(ConnectError::NotOurs {
            path: path.to_owned(),
        }),
        known => Ok(known),
    }
}

/// Runs what is pending; safe where several processes meet on a new file, cheap where nothing is pending.
pub(crate) fn migrate(conn: &mut SqliteConnection, path: &Path) -> Result<(), ConnectError> {
    if is_current(conn, path)? {
        return Ok(());
    }
    // One transaction around them all: whoever comes second finds nothing pending.
    conn.immediate_transaction(|conn| {
        if is_current(conn, path).map_err(Stop::Refused)? {
            return Ok(());
        }
        conn.run_pending_migrations(MIGRATIONS)
            .map(drop)
            .map_err(Stop::Broken)
    })
    .map_err(|stop| match stop {
        Stop::Refused(error) => error,
        Stop::Broken(source) => ConnectError::at(path.to_owned(), source),
    })
}

fn is_current(conn: &mut SqliteConnection, path: &Path) -> Result<bool, ConnectError> {
    match refuse_foreign(conn, path)? {
        Origin::Ours { version } if version > SCHEMA_VERSION => Err(ConnectError::Newer {
            path: path.to_owned(),
            found: version,
            known: SCHEMA_VERSION,
        }),
        found => Ok(found
            == Origin::Ours {
                version: SCHEMA_VERSION,
            }),
    }
}

enum Stop {
    Refused(ConnectError),
    Broken(BoxError),
}

impl From<diesel::result::Error> for Stop {
    fn from(error: diesel::result::Error) -> Self {
        Self::Broken(error.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use diesel::{
        connection::SimpleConnection, migration::MigrationSource, sql_types::Text, sqlite::Sqlite,
    };

    use super::*;

    fn fresh() -> SqliteConnection {
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        migrate(&mut conn, Path::new("memory")).unwrap();
        conn
    }

    fn rows(conn: &mut SqliteConnection, sql: &'static str) -> BTreeSet<String> {
        let rows: Vec<String> = Composed::<Text>::new(sql).load(conn).unwrap();
        rows.into_iter().collect()
    }

    #[test]
    fn migrations_run_up_down_and_up_again() {
        let tables = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL";
        let mut conn = fresh();
        let before = rows(&mut conn, tables);
        conn.revert_all_migrations(MIGRATIONS).unwrap();
        let empty = "SELECT name FROM sqlite_schema WHERE name NOT LIKE '%diesel%'";
        assert_eq!(rows(&mut conn, empty), BTreeSet::new());
        migrate(&mut conn, Path::new("memory")).unwrap();
        assert_eq!(rows(&mut conn, tables), before);
    }

    #[test]
    fn every_migration_raises_the_schema_version_by_one() {
        let count = MigrationSource::<Sqlite>::migrations(&MIGRATIONS).unwrap();
        assert_eq!(count.len() as i64, SCHEMA_VERSION);
        let mut conn = fresh();
        let version = SCHEMA_VERSION;
        assert_eq!(origin(&mut conn).unwrap(), Origin::Ours { version });
        conn.revert_last_migration(MIGRATIONS).unwrap();
        let version = SCHEMA_VERSION - 1;
        assert_eq!(origin(&mut conn).unwrap(), Origin::Ours { version });
    }

    #[test]
    fn queries_survive_every_migration_of_their_table() {
        let mut conn = fresh();
        let stored = "PRAGMA foreign_keys = OFF; INSERT INTO queries (session, seq, record) \
            VALUES (2, 1, 'a'), (1, 1, 'b'), (2, 2, 'c')";
        conn.batch_execute(stored).unwrap();
        let held = "SELECT session || ' ' || seq || ' ' || record FROM queries";
        let before = rows(&mut conn, held);
        assert_eq!(before.len(), 3);
        for _ in 1..SCHEMA_VERSION {
            conn.revert_last_migration(MIGRATIONS).unwrap();
            assert_eq!(rows(&mut conn, held), before);
        }
        migrate(&mut conn, Path::new("memory")).unwrap();
        assert_eq!(rows(&mut conn, held), before);
    }

    #[test]
    fn every_foreign_key_cascades() {
        let keys = "SELECT t.name || '.' || k.\"from\" || ' ' || k.on_delete FROM sqlite_schema t \
            JOIN pragma_foreign_key_list(t.name) k WHERE t.type = 'table'";
        let keys = rows(&mut fresh(), keys);
        assert_eq!(keys.len(), 7);
        assert!(keys.iter().all(|key| key.ends_with(" CASCADE")), "{keys:?}");
    }

    #[test]
    fn every_column_of_the_schema_is_in_the_migrations() {
        let columns = "SELECT t.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" \
            FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
            WHERE t.type = 'table' AND t.name NOT LIKE '%diesel%'";
        assert_eq!(rows(&mut fresh(), columns), declared());
    }

    /// The columns of `schema.rs`, spoken in SQLite's terms.
    fn declared() -> BTreeSet<String> {
        let (mut table, mut columns) = ("", BTreeSet::new());
        for line in include_str!("schema.rs").lines() {
            if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with(") {")) {
                table = name.trim();
            }
            let Some((name, kind)) = line.trim().trim_end_matches(',').split_once(" -> ") else {
                continue;
            };
            if line.starts_with("diesel") {
                continue;
            }
            let bare = kind.trim_start_matches("Nullable<").trim_end_matches('>');
            let spoken = match bare {
                "BigInt" => "INTEGER",
                "Binary" => "BLOB",
                "Text" => "TEXT",
                other => panic!("{other}"),
            };
            let required = u8::from(bare == kind);
            columns.insert(format!("{table}.{name} {spoken} {required}"));
        }
        columns
    }
}
