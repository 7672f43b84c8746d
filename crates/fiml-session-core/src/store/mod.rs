//! The ports: what any store must promise, one port a file.
//!
//! Each bullet of a method's contract is one named test in `fiml-testkit`.

mod active;
mod archive;
mod census;
mod error;
mod figure_reading;
mod filter;
mod health;
mod jobs;
mod metrics;
mod rollup;
mod run;
mod scope;
mod step;
mod upkeep;

pub use active::{ActiveStore, Quarantined, Removal, Reservation};
pub use archive::{
    ArchiveStore, ArchivedHeader, RestoreToken, StageOutcome, StagedSession, Unsettled,
    UnsettledState,
};
pub use census::{ActiveCensus, Census};
pub use error::{BoxError, StoreError};
pub use figure_reading::{FigureReading, RollupMismatch};
pub use filter::{Cursor, Page, SessionFilter};
pub use health::{Finding, Health, Severity, StoreHealth};
pub use jobs::{Claim, HeldRun, JobStore, RunClaim};
pub use metrics::{MetricsFilter, MetricsStore};
pub use rollup::{Rollup, RollupKey, Stretch};
pub use run::{JobName, JobRun, RunCursor, RunOutcome, RunPage, RunReport, RunState, RunToken};
pub use scope::Scope;
pub use step::Step;
pub use upkeep::ArchiveUpkeep;
