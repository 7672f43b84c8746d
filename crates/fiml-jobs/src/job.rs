//! What a job is.

use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

use fiml_session_core::{Clock, Timestamp, store::BoxError};
use tokio::sync::watch;

use crate::schedule::Schedule;

/// Work that is done every so often.
///
/// A run may be repeated, killed at any point, and overlap with one in another process: a holder that was
/// paused for longer than its lease goes on beside the one that took over. So what a job does must come to
/// the same however often it is done, and each of its steps must be sound by itself.
pub trait Job: Debug + Send + Sync + 'static {
    /// Its name in commands and records: 1 to 64 of a-z, 0-9 and `_`, the first a letter.
    fn name(&self) -> &str;

    /// What it does, in one line.
    fn summary(&self) -> &str;

    /// When it is due.
    fn schedule(&self) -> Schedule;

    /// Does what there is to do, in batches; between two of them it asks
    /// [`is_stopping`](JobContext::is_stopping). In a dry run it changes nothing and reports what it would do.
    fn run(&self, context: &JobContext)
    -> impl Future<Output = Result<JobReport, BoxError>> + Send;
}

/// What a run is told.
#[derive(Debug, Clone)]
pub struct JobContext {
    clock: Arc<dyn Clock>,
    is_dry_run: bool,
    stopping: watch::Receiver<bool>,
}

impl JobContext {
    /// A run by hand, which nobody stops.
    #[must_use]
    pub fn by_hand(clock: Arc<dyn Clock>) -> Self {
        // Without its sender it says for ever what it said first.
        Self::new(clock, watch::channel(false).1)
    }

    pub(crate) fn new(clock: Arc<dyn Clock>, stopping: watch::Receiver<bool>) -> Self {
        Self {
            clock,
            is_dry_run: false,
            stopping,
        }
    }

    /// The same, to change nothing.
    #[must_use]
    pub fn dry(self) -> Self {
        Self {
            is_dry_run: true,
            ..self
        }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether nothing is to be changed.
    #[must_use]
    pub const fn is_dry_run(&self) -> bool {
        self.is_dry_run
    }

    /// Whether the run is to end after the batch under way; it is dropped where it does not within a bound.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}

/// What a run did, or in a dry run would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobReport {
    /// How many of what, by name.
    pub counts: BTreeMap<String, u64>,
    /// What somebody should look at although the run did not fail.
    pub warning: Option<String>,
    /// Whether there is more to do: it was stopped, and goes on as a further attempt.
    pub is_unfinished: bool,
}

impl JobReport {
    /// A report with one more count.
    #[must_use]
    pub fn counting(mut self, name: &str, count: u64) -> Self {
        self.counts.insert(name.to_owned(), count);
        self
    }
}
