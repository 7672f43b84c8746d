//! What a process that is to die is told, as JSON in its only argument.

use std::time::Duration;

use fiml_session_core::{SessionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::whereabouts::Whereabouts;

/// What it works on, until when and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Orders {
    /// Where the sessions are.
    pub place: Whereabouts,
    /// The instant at which its clock stands.
    pub at: Timestamp,
    /// The longest life of a session.
    pub longest_life: Duration,
    /// Whether it writes figures.
    pub enable_analytics: bool,
    /// How long figures are kept.
    pub figures_kept: Duration,
    /// How long archived sessions are kept.
    pub sessions_kept: Duration,
    /// Where it dies or is held up, as [`Doom`](crate::doom::Doom) has it.
    pub doom: String,
    /// What it does until then.
    pub work: Work,
    /// The sessions it is given.
    pub sessions: Vec<SessionId>,
}

/// What such a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// Cleans up, over and over.
    Sweep,
    /// Extends each of its sessions, which brings archived ones back, over and over.
    Extend,
    /// Deletes each of its sessions once.
    Delete,
    /// Runs `cleanup_expired_sessions` once.
    CleanUp,
    /// Runs `delete_old_archived_sessions` once.
    DeleteOld,
    /// Runs `generate_session_metrics` once.
    GenerateMetrics,
}

impl Orders {
    /// As one word of a command line.
    #[must_use]
    pub fn word(&self) -> String {
        serde_json::to_string(self).expect("paths and addresses are UTF-8")
    }
}
