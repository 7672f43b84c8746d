//! How far an export has come, for whoever waits at a terminal.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// How long an export goes on before it says anything, and between two words.
const PATIENCE: Duration = Duration::from_millis(500);

/// Counts sessions, and tells the count on stderr where that is a terminal.
pub(super) struct Progress {
    sessions: u64,
    told: Option<Instant>,
    has_told: bool,
}

impl Progress {
    /// Counts, and tells where `may_tell` and somebody looks.
    pub(super) fn new(may_tell: bool) -> Self {
        let tells = may_tell && io::stderr().is_terminal();
        Self {
            sessions: 0,
            told: tells.then(Instant::now),
            has_told: false,
        }
    }

    pub(super) fn add(&mut self, sessions: usize) {
        self.sessions += sessions as u64;
        let is_due = |told: Instant| told.elapsed() >= PATIENCE;
        if self.told.is_some_and(is_due) {
            self.told = Some(Instant::now());
            self.has_told = true;
            // A terminal that takes no progress is no reason to end.
            let _ = write!(io::stderr(), "\r{} sessions", self.sessions);
        }
    }

    pub(super) const fn sessions(&self) -> u64 {
        self.sessions
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.has_told {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
