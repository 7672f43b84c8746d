#![doc = include_str!("../README.md")]

mod attempt;
mod by_hand;
mod cleanup_expired_sessions;
mod delete_old_archived_sessions;
mod generate_session_metrics;
mod job;
mod pace;
mod registry;
mod schedule;
mod scheduler;

pub use by_hand::{JobOverview, RunError};
pub use cleanup_expired_sessions::CleanupExpiredSessions;
pub use delete_old_archived_sessions::{DEFAULT_RETENTION, DeleteOldArchivedSessions};
pub use generate_session_metrics::GenerateSessionMetrics;
pub use job::{Job, JobContext, JobReport};
pub use registry::{JobRegistry, RegisteredJob};
pub use schedule::Schedule;
pub use scheduler::{
    DEFAULT_KEEP_RUNS, DEFAULT_LEASE, DEFAULT_STOP_WITHIN, MAX_ATTEMPTS, RunningJobs, Scheduler,
    SchedulerConfig,
};
