#![doc = include_str!("../README.md")]

mod change;
mod clock;
mod error;
mod history;
mod id;
mod memory;
mod metrics;
mod policy;
mod service;
mod session;
mod snapshot;
mod state;
pub mod store;
pub mod text;
mod transition;
mod value_counts;

pub use change::{
    Applied, ChangeBatch, Conditions, ExpectedEntry, IdempotencyKey, SessionChange, StateMap,
};
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use error::{AnalyticsDisabled, ErrorCode, SessionError, error_chain};
pub use history::{AnalysisHistory, QueryRecord, RecentQuery};
pub use id::{Asset, SessionId, Tag, UserId};
pub use memory::MemoryStore;
pub use metrics::{MetricsDigest, SessionMetrics, execution_micros};
pub use policy::{Limits, MAX_KEY_BYTES, Policy, hours};
pub use service::{
    CleanupReport, CreatedSession, ListRequest, NewSession, ScopedStore, SessionPage, SessionStore,
    Stores,
};
pub use session::{Session, SessionHeader, SessionOverview, SessionSummary, SessionType};
pub use snapshot::{RememberedAnswer, SessionSnapshot};
pub use state::{Entries, Entry, SessionState};
pub use text::Invalid;
pub use transition::{HeldEntries, HeldEntry, Refusal, Transition, admit, touched};
pub use value_counts::{ValueCounts, three_digits};
