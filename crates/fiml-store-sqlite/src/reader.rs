//! The connections that read beside the writer.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

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
    idle: Mutex<Connections>,
    /// Those that fail where they would have to wait.
    hasty: Mutex<Connections>,
}

impl Readers {
    pub(crate) fn new(config: Arc<SqliteConfig>) -> Self {
        let permits = Arc::new(Semaphore::new(config.readers.get()));
        Self {
            pool: Arc::new(Pool {
                config,
                idle: Mutex::default(),
                hasty: Mutex::default(),
            }),
            permits,
        }
    }

    /// Like [`Readers::read`], for work that looks up a few rows by their keys.
    ///
    /// It runs where it is called: it takes some microseconds, and handing it to another thread and back
    /// costs more. Whatever keeps it from that, a lock for one, sends it the way of all reads.
    pub(crate) async fn glance<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    {
        if let Some(done) = self.pool.glance(&work) {
            return Ok(done);
        }
        let pool = Arc::clone(&self.pool);
        self.read(move |conn| {
            pool.prepare_to_glance();
            work(conn)
        })
        .await
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
        let mut conn = match locked(&self.idle).pop() {
            Some(conn) => conn,
            None => open_to_read(&self.config, self.config.busy_timeout).map_err(unavailable)?,
        };
        let done = conn.transaction(work);
        // After an error, or a panic, the connection is not trusted again.
        if done.is_ok() {
            locked(&self.idle).push(conn);
        }
        done.map_err(StoreError::from)
    }

    /// What the work found, where it could be done at once; the connection of a failure goes with it.
    fn glance<T>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure>,
    ) -> Option<T> {
        let mut conn = locked(&self.hasty).pop()?;
        let done = conn.transaction(work).ok()?;
        locked(&self.hasty).push(conn);
        Some(done)
    }

    /// Opens a connection for the next glance, which else would open files where nobody may wait.
    fn prepare_to_glance(&self) {
        if locked(&self.hasty).len() < self.config.readers.get()
            && let Ok(conn) = open_to_read(&self.config, Duration::ZERO)
        {
            locked(&self.hasty).push(conn);
        }
    }
}

type Connections = Vec<SqliteConnection>;

fn locked(connections: &Mutex<Connections>) -> MutexGuard<'_, Connections> {
    connections.lock().unwrap_or_else(PoisonError::into_inner)
}
