//! Brings the tables to the schema of this program, or back.

use diesel::{
    connection::SimpleConnection,
    migration::{Migration, MigrationSource},
    pg::Pg,
    sql_types::{Bool, Text},
};
use diesel_async::{
    AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    async_connection_wrapper::AsyncConnectionWrapper,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use fiml_session_core::store::BoxError;
use tokio::task::spawn_blocking;

use crate::{
    connection::Connector,
    error::{ConnectError, Failure, failed},
    sql::Composed,
};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Where diesel writes down which migrations ran.
pub(crate) const LEDGER: &str = "__diesel_schema_migrations";

/// What is said of a schema that this program made, so that it may remove it again.
const MADE_BY_US: &str = "FIML sessions";

/// What the tables of a schema say about their version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SchemaVersion {
    /// How many of this program's migrations have run.
    pub(crate) found: i64,
    /// How many there are.
    pub(crate) known: i64,
    /// How many others have run.
    pub(crate) unknown: i64,
}

impl SchemaVersion {
    pub(crate) const fn is_current(&self) -> bool {
        self.found == self.known && self.unknown == 0
    }

    pub(crate) fn refuse_newer(&self, place: &str) -> Result<(), ConnectError> {
        if self.unknown == 0 {
            return Ok(());
        }
        // A newer version of this program runs all of this one's first.
        if self.found < self.known {
            return Err(ConnectError::NotOurs {
                place: place.to_owned(),
                table: LEDGER.to_owned(),
            });
        }
        Err(ConnectError::Newer {
            place: place.to_owned(),
            found: self.found + self.unknown,
            known: self.known,
        })
    }
}

fn known_versions() -> Result<Vec<String>, BoxError> {
    let migrations: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations()?;
    let versions = migrations
        .iter()
        .map(|known| known.name().version().to_string());
    Ok(versions.collect())
}

/// What the tables say about their version, within the time of a call.
pub(crate) async fn ask_version(
    conn: &mut AsyncPgConnection,
    connector: &Connector,
) -> Result<SchemaVersion, ConnectError> {
    let asked = async {
        let version = schema_version(conn).await;
        version.map_err(|error| ConnectError::asking(connector.place(), error))
    };
    connector.answer(asked).await
}

pub(crate) async fn schema_version(conn: &mut AsyncPgConnection) -> Result<SchemaVersion, Failure> {
    let known = known_versions().map_err(failed)?;
    let ran: Vec<String> = if exists(conn, LEDGER).await? {
        let versions =
            Composed::<Text>::new().sql("SELECT version FROM __diesel_schema_migrations");
        versions.load(conn).await?
    } else {
        Vec::new()
    };
    let found = ran.iter().filter(|version| known.contains(version)).count();
    Ok(SchemaVersion {
        found: i64::try_from(found).map_err(failed)?,
        known: i64::try_from(known.len()).map_err(failed)?,
        unknown: i64::try_from(ran.len() - found).map_err(failed)?,
    })
}

/// Whether a table can be seen, in the schema that the tables lie in.
pub(crate) async fn exists(
    conn: &mut AsyncPgConnection,
    table: &str,
) -> Result<bool, diesel::result::Error> {
    // Not by `to_regclass`: behind the schema, the search path may lead to another program's.
    let query = Composed::<Bool>::new()
        .sql(
            "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema() \
             AND tablename = ",
        )
        .text(table)
        .sql(")");
    query.get_result(conn).await
}

/// Fails where the database could not keep every text.
pub(crate) async fn refuse_encoding(
    conn: &mut AsyncPgConnection,
    connector: &Connector,
) -> Result<(), ConnectError> {
    let asked = async {
        let query = Composed::<Text>::new().sql("SELECT current_setting('server_encoding')");
        let found: Result<String, _> = query.get_result(conn).await;
        found.map_err(|error| ConnectError::asking(connector.place(), error))
    };
    let found = connector.answer(asked).await?;
    if found == "UTF8" {
        return Ok(());
    }
    let place = connector.place().to_owned();
    Err(ConnectError::Encoding { place, found })
}

/// Runs what is pending; safe where many meet on an empty database, cheap where nothing is pending.
pub(crate) async fn bring_up_to_date(
    mut conn: AsyncPgConnection,
    connector: &Connector,
) -> Result<(), ConnectError> {
    let version = ask_version(&mut conn, connector).await?;
    version.refuse_newer(connector.place())?;
    if version.is_current() {
        return Ok(());
    }
    move_to(conn, connector, version.known).await
}

/// Brings the tables up or down to a version; whoever else does so waits.
pub(crate) async fn move_to(
    mut conn: AsyncPgConnection,
    connector: &Connector,
    wanted: i64,
) -> Result<(), ConnectError> {
    let place = connector.place();
    let at = |source: BoxError| ConnectError::at(place, source);
    let known = known_versions().map_err(at)?.len();
    let known = i64::try_from(known).map_err(|source| at(source.into()))?;
    if !(0..=known).contains(&wanted) {
        return Err(ConnectError::NoVersion { wanted, known });
    }
    let found = connector
        .batch_answer(make_way(&mut conn, connector))
        .await?;
    // Diesel's migrations block, and wait for the connection, which this runtime goes on to serve.
    let moved = spawn_blocking(move || {
        let mut conn = AsyncConnectionWrapper::<AsyncPgConnection>::from(conn);
        let moved = run_or_revert(&mut conn, found, wanted);
        moved.map_err(|error| {
            (
                error,
                SimpleConnection::batch_execute(&mut conn, "").is_err(),
            )
        })
    });
    let moved = moved.await.map_err(|source| at(source.into()))?;
    moved.map_err(|(error, is_lost)| ConnectError::moving(place, error, is_lost))
}

fn run_or_revert(
    conn: &mut impl MigrationHarness<Pg>,
    found: i64,
    wanted: i64,
) -> Result<(), BoxError> {
    for _ in found..wanted {
        conn.run_next_migration(MIGRATIONS)?;
    }
    for _ in wanted..found {
        conn.revert_last_migration(MIGRATIONS)?;
    }
    Ok(())
}

/// Locks others out, and makes sure that the tables may be made or moved; the version that they have.
async fn make_way(
    conn: &mut AsyncPgConnection,
    connector: &Connector,
) -> Result<i64, ConnectError> {
    let place = connector.place();
    lock(conn, connector).await?;
    make_schema(conn, connector).await?;
    // Once more: somebody may have been faster.
    let version = ask_version(conn, connector).await?;
    version.refuse_newer(place)?;
    if version.found > 0 {
        return Ok(version.found);
    }
    for table in ["sessions", "session_metrics", "metrics_rollups", "job_runs"] {
        let exists = exists(conn, table).await;
        if exists.map_err(|error| ConnectError::asking(place, error))? {
            return Err(ConnectError::NotOurs {
                place: place.to_owned(),
                table: table.to_owned(),
            });
        }
    }
    Ok(0)
}

/// One at a time; diesel takes no lock of its own. The end of the connection lets go of it.
pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    connector: &Connector,
) -> Result<(), ConnectError> {
    let schema = connector.address.schema.as_deref().unwrap_or_default();
    // By the schema that the tables lie in, whether it was named or found along the search path.
    let lock = Composed::<()>::new()
        .sql("SELECT pg_advisory_lock(hashtextextended('fiml.migrate.' || coalesce(nullif(")
        .text(schema)
        .sql(", ''), current_schema()::text, ''), 0))");
    let locked = lock.execute(conn).await;
    locked
        .map(drop)
        .map_err(|error| ConnectError::asking(connector.place(), error))
}

async fn make_schema(
    conn: &mut AsyncPgConnection,
    connector: &Connector,
) -> Result<(), ConnectError> {
    let asking = |error| ConnectError::asking(connector.place(), error);
    let Some(schema) = &connector.address.schema else {
        return Ok(());
    };
    let query = Composed::<Bool>::new()
        .sql("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = ")
        .text(schema)
        .sql(")");
    if query.get_result(conn).await.map_err(asking)? {
        return Ok(());
    }
    // Several statements at once are one transaction.
    let make =
        format!("CREATE SCHEMA \"{schema}\"; COMMENT ON SCHEMA \"{schema}\" IS '{MADE_BY_US}'");
    conn.batch_execute(&make).await.map_err(asking)
}

/// Removes the table of migrations and, where this program made it and nothing is left in it, the schema.
pub(crate) async fn remove_traces(
    conn: &mut AsyncPgConnection,
    schema: Option<&str>,
) -> Result<(), diesel::result::Error> {
    // Another program of diesel's may keep its own migrations in it.
    let ours =
        Composed::<Bool>::new().sql("SELECT NOT EXISTS (SELECT 1 FROM __diesel_schema_migrations)");
    if ours.get_result(conn).await? {
        conn.batch_execute("DROP TABLE __diesel_schema_migrations")
            .await?;
    }
    let Some(schema) = schema else {
        return Ok(());
    };
    let removable = Composed::<Bool>::new()
        .sql(
            "SELECT obj_description(n.oid, 'pg_namespace') IS NOT DISTINCT FROM ",
        )
        .text(MADE_BY_US)
        .sql(
            " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.refclassid = 'pg_namespace'::regclass \
             AND d.refobjid = n.oid) FROM pg_namespace n WHERE n.nspname = ",
        )
        .text(schema);
    if removable.get_result(conn).await? {
        conn.batch_execute(&format!("DROP SCHEMA \"{schema}\""))
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_have_a_version_each() {
        let versions = known_versions().unwrap();
        assert!(!versions.is_empty());
        assert!(
            versions.is_sorted_by(|one, next| one < next),
            "{versions:?}"
        );
    }
}
