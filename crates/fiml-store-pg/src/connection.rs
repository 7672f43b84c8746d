//! Makes connections and looks after them.

use std::{sync::Arc, time::Duration};

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use diesel::ConnectionError;
use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection, pooled_connection::PoolableConnection,
};
use tokio::task::spawn_blocking;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{address::Address, config::PgConfig, error::ConnectError, tls::encryption};

/// Makes connections to one database.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) address: Address,
    pub(crate) config: Arc<PgConfig>,
    tls: MakeRustlsConnect,
}

impl Connector {
    pub(crate) async fn new(config: PgConfig) -> Result<Self, ConnectError> {
        let address = Address::parse(&config)?;
        let trust = address.trust.clone();
        // It reads files.
        let tls = spawn_blocking(move || encryption(&trust)).await;
        let tls = tls.map_err(|source| ConnectError::at(&address.place, source))??;
        Ok(Self {
            address,
            config: Arc::new(config),
            tls,
        })
    }

    pub(crate) fn place(&self) -> &str {
        &self.address.place
    }

    /// The same server, another database.
    pub(crate) fn at_database(&self, database: &str) -> Self {
        Self {
            address: self.address.at_database(database),
            ..self.clone()
        }
    }

    /// A connection for a store's calls.
    async fn open(&self) -> Result<AsyncPgConnection, ConnectError> {
        let within = milliseconds(statement_timeout(self.config.timeout));
        self.open_with(&format!("SET statement_timeout TO {within}"))
            .await
    }

    /// A connection that may run for as long as it takes once it has the locks that it needs.
    pub(crate) async fn open_for_maintenance(&self) -> Result<AsyncPgConnection, ConnectError> {
        self.open_to_lock_within(self.config.batch_timeout).await
    }

    /// The same, with another limit on the wait for each lock.
    pub(crate) async fn open_to_lock_within(
        &self,
        within: Duration,
    ) -> Result<AsyncPgConnection, ConnectError> {
        let within = milliseconds(within);
        self.open_with(&format!(
            "SET lock_timeout TO {within}; SET statement_timeout TO 0"
        ))
        .await
    }

    async fn open_with(&self, limits: &str) -> Result<AsyncPgConnection, ConnectError> {
        self.answer(Box::pin(self.open_and_set(limits))).await
    }

    /// What the server answers, within the time of a call.
    pub(crate) async fn answer<T>(
        &self,
        asked: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, ConnectError> {
        self.answer_within(self.config.timeout, asked).await
    }

    /// What the server answers, within the time of a call over many sessions.
    pub(crate) async fn batch_answer<T>(
        &self,
        asked: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, ConnectError> {
        self.answer_within(self.config.batch_timeout, asked).await
    }

    /// The server's own limits hold only for as long as it runs.
    async fn answer_within<T>(
        &self,
        within: Duration,
        asked: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, ConnectError> {
        let answer = tokio::time::timeout(within, asked).await;
        answer.unwrap_or_else(|elapsed| Err(ConnectError::unreachable(self.place(), elapsed)))
    }

    async fn open_and_set(&self, limits: &str) -> Result<AsyncPgConnection, ConnectError> {
        let connected = self.address.driver.connect(self.tls.clone()).await;
        let (client, connection) =
            connected.map_err(|error| ConnectError::connecting(self.place(), error))?;
        let conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await;
        let mut conn = conn.map_err(|error| match error {
            ConnectionError::CouldntSetupConfiguration(error) => {
                ConnectError::asking(self.place(), error)
            }
            error => ConnectError::at(self.place(), error),
        })?;
        let mut settings = limits.to_owned();
        if let Some(schema) = &self.address.schema {
            settings.push_str(&format!("; SET search_path TO \"{schema}\""));
        }
        // A client that has gone silent must not hold its locks for ever.
        let idle = milliseconds(self.config.batch_timeout);
        settings.push_str(&format!(
            "; SET idle_in_transaction_session_timeout TO {idle}; {DURABLE}"
        ));
        conn.batch_execute(&settings)
            .await
            .map_err(|error| ConnectError::asking(self.place(), error))?;
        // Not every user may; then errors are told apart by what else the driver says of them.
        let _spoken = conn.batch_execute(IN_ENGLISH).await;
        Ok(conn)
    }
}

/// Where the server, the database or the user is set to acknowledge before anything lies on a disk.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') = 'off'";

const IN_ENGLISH: &str = "SELECT set_config('lc_messages', 'C', false) \
     WHERE current_setting('lc_messages') !~ '^(C|POSIX|en)'";

/// The server gives up a little before the caller does, so that the caller learns that nothing was done.
pub(crate) fn statement_timeout(within: Duration) -> Duration {
    within.mul_f64(0.9)
}

/// As the server takes them, where zero would mean no limit.
pub(crate) fn milliseconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis())
        .unwrap_or(i32::MAX)
        .max(1)
}

impl Manager for Connector {
    type Type = AsyncPgConnection;
    type Error = ConnectError;

    async fn create(&self) -> Result<AsyncPgConnection, ConnectError> {
        self.open().await
    }

    async fn recycle(
        &self,
        conn: &mut AsyncPgConnection,
        _metrics: &Metrics,
    ) -> RecycleResult<ConnectError> {
        if conn.is_broken() {
            return Err(RecycleError::message("the connection is closed"));
        }
        Ok(())
    }
}
