//! The end of a server: whether it has begun, and what is still under way.

use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

/// Whether the end has begun, told to every request; a handle.
#[derive(Debug, Clone, Default)]
pub(super) struct Ending {
    begun: CancellationToken,
    calls: TaskTracker,
}

impl Ending {
    pub(super) fn begin(&self) {
        self.begun.cancel();
        self.calls.close();
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Resolves once the end has begun.
    pub(super) async fn begun(&self) {
        self.begun.cancelled().await;
    }

    /// Counts as a call under way until it is dropped.
    pub(super) fn call(&self) -> TaskTrackerToken {
        self.calls.token()
    }

    /// Resolves once the end has begun and no call is under way.
    pub(super) async fn done(&self) {
        self.calls.wait().await;
    }
}
