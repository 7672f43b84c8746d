//! Makes the database.

use diesel_async::SimpleAsyncConnection;

use crate::{
    config::PgConfig,
    connect::PgStore,
    connection::Connector,
    error::ConnectError,
    migrate::{bring_up_to_date, refuse_encoding},
};

/// The databases that every server has, one of which lets us in.
const EVERYWHERE: [&str; 2] = ["postgres", "template1"];

impl PgStore {
    /// Makes the database where there is none, and the tables in it; true where the database is new.
    ///
    /// The user must be allowed to make databases only where there is none.
    pub async fn create_database(config: PgConfig) -> Result<bool, ConnectError> {
        let connector = Connector::new(config).await?;
        let (mut conn, is_new) = match connector.open_for_maintenance().await {
            Err(ConnectError::NoDatabase { .. }) => {
                let is_new = create(&connector).await?;
                (connector.open_for_maintenance().await?, is_new)
            }
            opened => (opened?, false),
        };
        refuse_encoding(&mut conn, &connector).await?;
        bring_up_to_date(conn, &connector).await?;
        Ok(is_new)
    }
}

/// False where somebody else was faster.
async fn create(connector: &Connector) -> Result<bool, ConnectError> {
    let mut opened = Err(ConnectError::at(connector.place(), "no database was tried"));
    for database in EVERYWHERE {
        opened = connector.at_database(database).open_for_maintenance().await;
        if !matches!(opened, Err(ConnectError::NoDatabase { .. })) {
            break;
        }
    }
    let mut conn = opened?;
    let name = connector.address.database.replace('"', "\"\"");
    let make = format!("CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0");
    let making = async { Ok(conn.batch_execute(&make).await) };
    let Err(error) = connector.batch_answer(making).await? else {
        return Ok(true);
    };
    match connector.open_for_maintenance().await {
        Ok(_) => Ok(false),
        Err(_) => Err(ConnectError::asking(connector.place(), error)),
    }
}
