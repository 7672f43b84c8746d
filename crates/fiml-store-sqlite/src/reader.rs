//! The connections that read beside the writer.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::{connection::Connection, sqlite::SqliteConnection};
use fiml_session_core::store::StoreError;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{
    config::SqliteConfig,
    connect::open_to_read,
    error::{Failure, failed, panicked, unavailable},
};

/// A pool that opens connections as they are first needed.
pub(crate) struct Readers {
    pool: Arc<Pool>,
    permits: Arc<Semaphore>,
}

struct Pool {
    config: Arc<SqliteConfig>,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl Readers {
    pub(crate) fn new(config: Arc<SqliteConfig>) -> Self {
        let permits = Arc::new(Semaphore::new(config.readers.get()));
        let idle = Mutex::default();
        Self {
            pool: Arc::new(Pool { config, idle }),
            permits,
        }
    }

    /// Runs the work in one read transaction, so that all it reads is of one state.
    pub(crate) async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(unavailable)?;
        let pool = Arc::clone(&self.pool);
        let done = spawn_blocking(move || {
            let done = pool.read(work);
            drop(permit);
            done
        });
        done.await
            .unwrap_or_else(|error| match error.try_into_panic() {
                Ok(panic) => Err(panicked(&*panic)),
                Err(error) => Err(failed(error)),
            })
    }
}

impl Pool {
    fn read<T>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let mut conn = match self.idle().pop() {
            Some(conn) => conn,
            None => open_to_read(&self.config).map_err(unavailable)?,
        };
        let done = conn.transaction(work);
        // After an error, or a panic, the connection is not trusted again.
        if done.is_ok() {
            self.idle().push(conn);
        }
        done.map_err(StoreError::from)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
