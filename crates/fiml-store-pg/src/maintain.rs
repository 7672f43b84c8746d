//! Moves the tables between versions, and drops them.

use crate::{
    config::PgConfig,
    connect::PgStore,
    connection::Connector,
    error::ConnectError,
    migrate::{LEDGER, ask_version, exists, lock, move_to, refuse_encoding, remove_traces},
};

impl PgStore {
    /// Brings the tables to a schema version, the newest where none is given; what it was, and what it is.
    ///
    /// Going down drops what later versions added, with what it holds; version 0 is no tables at all.
    pub async fn migrate(config: PgConfig, to: Option<i64>) -> Result<(i64, i64), ConnectError> {
        let connector = Connector::new(config).await?;
        let mut conn = connector.open_for_maintenance().await?;
        refuse_encoding(&mut conn, &connector).await?;
        let version = ask_version(&mut conn, &connector).await?;
        let wanted = to.unwrap_or(version.known);
        move_to(conn, &connector, wanted).await?;
        Ok((version.found, wanted))
    }

    /// Removes the tables with every session in them, and the schema if this program made it and nothing
    /// else lies in it; never the database. False where there were no tables.
    ///
    /// It waits for calls that are under way, not for stores that are open: their next calls fail.
    pub async fn drop_tables(config: PgConfig) -> Result<bool, ConnectError> {
        let connector = Connector::new(config).await?;
        let asking = |error| ConnectError::asking(connector.place(), error);
        let mut conn = connector.open_for_maintenance().await?;
        let version = ask_version(&mut conn, &connector).await?;
        let ledger = async { exists(&mut conn, LEDGER).await.map_err(asking) };
        if !connector.answer(ledger).await? {
            return Ok(false);
        }
        move_to(conn, &connector, 0).await?;
        let mut conn = connector.open_for_maintenance().await?;
        let removing = async {
            lock(&mut conn, &connector).await?;
            let schema = connector.address.schema.as_deref();
            remove_traces(&mut conn, schema).await.map_err(asking)
        };
        connector.batch_answer(removing).await?;
        Ok(version.found > 0)
    }
}
