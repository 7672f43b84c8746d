//! The connection to a single server, given up where it has gone silent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::{
    Client, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use crate::departures::Departures;

/// A connection that many calls share.
///
/// The driver makes one that broke anew, but keeps one that says nothing more, such as behind a lost route,
/// where its end never arrives. So whoever has waited in vain gives it up, and the next call makes another.
#[derive(Clone)]
pub(crate) struct Single(Arc<Shared>);

struct Shared {
    client: Client,
    settings: ConnectionManagerConfig,
    current: Mutex<Arc<Departures>>,
}

impl Single {
    pub(crate) async fn connect(
        client: Client,
        settings: ConnectionManagerConfig,
    ) -> RedisResult<Self> {
        let link = ConnectionManager::new_with_config(client.clone(), settings.clone()).await?;
        Ok(Self(Arc::new(Shared {
            client,
            settings,
            current: Mutex::new(Arc::new(Departures::from(link))),
        })))
    }

    /// The connection of the day.
    pub(crate) fn current(&self) -> Arc<Departures> {
        Arc::clone(&self.held())
    }

    /// Lets go of a connection, unless somebody else has already; calls under way on it are not disturbed.
    pub(crate) fn give_up(&self, silent: &Arc<Departures>) {
        let mut held = self.held();
        if !Arc::ptr_eq(&held, silent) {
            return;
        }
        let settings = self.0.settings.clone();
        if let Ok(fresh) = self.0.client.get_connection_manager_lazy(settings) {
            tracing::warn!("Redis has gone silent on a connection; another one is made");
            *held = Arc::new(Departures::from(fresh));
        }
    }

    fn held(&self) -> MutexGuard<'_, Arc<Departures>> {
        let held = self.0.current.lock();
        // One pointer takes the place of another; there is no half of that.
        held.unwrap_or_else(PoisonError::into_inner)
    }
}
