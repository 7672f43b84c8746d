//! Runs as people and programs see them.

use std::{collections::BTreeMap, time::Duration};

use fiml_session_core::{
    Timestamp,
    store::{JobRun, RunState},
};
use serde::Serialize;

use crate::output::span;

/// A run as programs read it.
#[derive(Debug, Serialize)]
pub(super) struct RunView<'a> {
    job: &'a str,
    tick: Timestamp,
    attempt: u32,
    holder: &'a str,
    started_at: Timestamp,
    pub(super) state: &'static str,
    finished_at: Option<Timestamp>,
    duration_seconds: Option<f64>,
    until: Option<Timestamp>,
    counts: &'a BTreeMap<String, u64>,
    error: Option<&'a str>,
}

impl<'a> RunView<'a> {
    /// The run as it stands at an instant.
    pub(super) fn of(run: &'a JobRun, at: Timestamp) -> Self {
        let (state, finished_at, until) = match run.state {
            RunState::Held { until } if at < until => ("running", None, Some(until)),
            // Its holder is dead or paused; whoever looks next takes it over.
            RunState::Held { until } => ("silent", None, Some(until)),
            RunState::Postponed { until } => ("waiting", None, Some(until)),
            RunState::Finished { at, .. } => (run.state.name(), Some(at), None),
        };
        Self {
            job: run.job.as_str(),
            tick: run.tick,
            attempt: run.attempt,
            holder: &run.holder,
            started_at: run.started_at,
            state,
            finished_at,
            duration_seconds: finished_at.map(|at| at.since(run.started_at).as_secs_f64()),
            until,
            counts: &run.report.counts,
            error: run.report.error.as_deref(),
        }
    }

    /// How long it took, for people.
    pub(super) fn took(&self) -> String {
        match self.duration_seconds {
            Some(seconds) if seconds < 60.0 => format!("{seconds:.1} s"),
            Some(seconds) => span(Duration::from_secs_f64(seconds)),
            None => "-".to_owned(),
        }
    }
}

/// What was counted, in one line.
pub(super) fn counts(counts: &BTreeMap<String, u64>) -> String {
    if counts.is_empty() {
        return "-".to_owned();
    }
    let counts = counts.iter().map(|(name, count)| format!("{count} {name}"));
    counts.collect::<Vec<_>>().join(", ")
}
