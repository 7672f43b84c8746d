//! Opens the database.

use std::{
    fmt,
    sync::{Arc, Once},
    time::Duration,
};

use deadpool::managed::{Pool, PoolConfig, QueueMode};
use tokio::sync::OnceCell;

use crate::{
    config::PgConfig,
    connection::Connector,
    error::ConnectError,
    migrate::{bring_up_to_date, refuse_encoding},
};

/// Keeps archived sessions and metrics in PostgreSQL.
///
/// Several stores, in one process or in many, may share a database. Calls run in tasks of their own, so a
/// caller that is cancelled leaves no half-used connection behind.
#[derive(Clone)]
pub struct PgStore {
    pub(crate) pool: Pool<Connector>,
    /// Whether the schema is known to be that of this program.
    is_open: Arc<OnceCell<()>>,
    /// Whether it was said why calls cannot open the database.
    pub(crate) complained: Arc<Once>,
}

impl fmt::Debug for PgStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgStore")
            .field("config", &self.connector().config)
            .finish_non_exhaustive()
    }
}

impl PgStore {
    /// Opens the database and brings it to the schema of this program.
    ///
    /// Any number of stores may do so at once. The database must exist; see
    /// [`PgStore::create_database`].
    pub async fn connect(config: PgConfig) -> Result<Self, ConnectError> {
        let store = Self::unconnected(config).await?;
        store.open().await?;
        Ok(store)
    }

    /// A store whose calls open the database as soon as it answers, and are
    /// [`Unavailable`](fiml_session_core::store::StoreError::Unavailable) until then.
    pub async fn unconnected(config: PgConfig) -> Result<Self, ConnectError> {
        let connector = Connector::new(config).await?;
        let place = connector.place().to_owned();
        let mut limits = PoolConfig::new(connector.config.pool_size.get());
        // The connection that was used last is the least likely to have been closed since.
        limits.queue_mode = QueueMode::Lifo;
        let pool = Pool::builder(connector).config(limits).build();
        Ok(Self {
            pool: pool.map_err(|source| ConnectError::at(&place, source))?,
            is_open: Arc::default(),
            complained: Arc::new(Once::new()),
        })
    }

    /// Opens the database and brings it to the schema of this program, where no call has yet.
    pub async fn open(&self) -> Result<(), ConnectError> {
        let within = self.connector().config.batch_timeout;
        self.open_to_lock_within(|| within).await
    }

    /// The same, with another limit on the wait for somebody else who migrates, asked for once it begins.
    pub(crate) async fn open_to_lock_within(
        &self,
        within: impl Fn() -> Duration + Send + Sync,
    ) -> Result<(), ConnectError> {
        let opened = self.is_open.get_or_try_init(async || {
            let connector = self.connector();
            let mut conn = connector.open_to_lock_within(within()).await?;
            refuse_encoding(&mut conn, connector).await?;
            bring_up_to_date(conn, connector).await
        });
        opened.await.map(drop)
    }

    pub(crate) fn connector(&self) -> &Connector {
        self.pool.manager()
    }
}
