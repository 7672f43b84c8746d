//! A place where calls wait until a test lets them on, and where it sees them come and go.

use std::time::Duration;

use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

/// After how long a test gives up on a call that does not come, or does not go.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Hold {
    closed: watch::Sender<bool>,
    come: Semaphore,
    gone: Semaphore,
}

impl Hold {
    pub(crate) fn open() -> Self {
        Self {
            closed: watch::Sender::new(false),
            come: Semaphore::new(0),
            gone: Semaphore::new(0),
        }
    }

    /// From now on calls wait.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Lets those that wait on, and all to come.
    pub(crate) fn release(&self) {
        self.closed.send_replace(false);
    }

    /// Resolves when one more call has come to wait.
    pub(crate) async fn one_has_come(&self) {
        take_one(&self.come).await;
    }

    /// Resolves when one more call that waited was dropped.
    pub(crate) async fn one_was_dropped(&self) {
        take_one(&self.gone).await;
    }

    /// How many calls that waited were dropped and not asked for.
    pub(crate) fn dropped(&self) -> usize {
        self.gone.available_permits()
    }

    /// What a call does here.
    pub(crate) async fn pass(&self) {
        if !*self.closed.borrow() {
            return;
        }
        let leaving = Leaving(&self.gone);
        self.come.add_permits(1);
        let mut closed = self.closed.subscribe();
        closed.wait_for(|closed| !closed).await.expect("it is ours");
        std::mem::forget(leaving);
    }
}

async fn take_one(semaphore: &Semaphore) {
    let one = timeout(PATIENCE, semaphore.acquire()).await;
    one.expect("it comes").expect("never closed").forget();
}

/// A call that waits; dropped only where the whole call is.
struct Leaving<'a>(&'a Semaphore);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}
