//! One run of a background job, as it is recorded.

use std::{collections::BTreeMap, fmt, num::NonZeroUsize, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{clock::Timestamp, id::SessionId, text::Invalid};

/// A job's name: 1 to 64 of a-z, 0-9 and `_`, the first a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobName(String);

impl JobName {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for JobName {
    type Error = Invalid;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let letters = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
        let begins = name.bytes().next().is_some_and(|c| c.is_ascii_lowercase());
        if begins && name.len() <= Self::MAX_BYTES && name.bytes().all(letters) {
            return Ok(Self(name));
        }
        Err(Invalid::malformed(
            "job",
            format!("is {:?}", name.chars().take(80).collect::<String>()),
            "1 to 64 of a-z, 0-9 and _, the first a letter",
        ))
    }
}

impl From<JobName> for String {
    fn from(name: JobName) -> Self {
        name.0
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one hold on a run; whoever has it may end the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RunToken(pub Uuid);

impl RunToken {
    /// A token that nobody else has.
    #[must_use]
    pub fn at(instant: Timestamp) -> Self {
        Self(SessionId::at(instant).uuid())
    }
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunReport {
    /// How many of what, by name.
    pub counts: BTreeMap<String, u64>,
    /// Why the last attempt failed or was given up; none where it succeeded.
    pub error: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// It did all there was to do.
    Succeeded,
    /// It failed as often as it is tried.
    Failed,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Somebody is running it, or died doing so; from this instant on another may take it over.
    Held {
        /// The end of the lease.
        until: Timestamp,
    },
    /// An attempt ended before the run was done; it is tried again from this instant on.
    Postponed {
        /// When.
        until: Timestamp,
    },
    /// It is over.
    Finished {
        /// How.
        outcome: RunOutcome,
        /// When.
        at: Timestamp,
    },
}

impl RunState {
    /// Its name, where runs are kept and shown; with its [instant](Self::instant) it is the whole state.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held { .. } => "held",
            Self::Postponed { .. } => "postponed",
            Self::Finished { outcome, .. } => match outcome {
                RunOutcome::Succeeded => "succeeded",
                RunOutcome::Failed => "failed",
            },
        }
    }

    /// Until when it is held or postponed, or when it ended.
    #[must_use]
    pub const fn instant(self) -> Timestamp {
        match self {
            Self::Held { until } | Self::Postponed { until } => until,
            Self::Finished { at, .. } => at,
        }
    }

    /// The state of this name and instant; none where there is no such name.
    #[must_use]
    pub fn named(name: &str, instant: Timestamp) -> Option<Self> {
        let (until, at) = (instant, instant);
        let finished = |outcome| Self::Finished { outcome, at };
        let states = [
            Self::Held { until },
            Self::Postponed { until },
            finished(RunOutcome::Succeeded),
            finished(RunOutcome::Failed),
        ];
        states.into_iter().find(|state| state.name() == name)
    }

    /// Whether it is over.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Finished { .. })
    }
}

/// A run of a job at a tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRun {
    /// The job.
    pub job: JobName,
    /// When it was due; of a run by hand, when it began.
    pub tick: Timestamp,
    /// How often it was begun, 1 at first.
    pub attempt: u32,
    /// Who began the last attempt, in words for people.
    pub holder: String,
    /// When the last attempt began.
    pub started_at: Timestamp,
    /// Where it stands.
    pub state: RunState,
    /// What its last attempt to end did.
    pub report: RunReport,
}

/// A place in the list of runs, which goes from the newest tick to the oldest, and within a tick from the
/// last job name to the first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunCursor {
    /// The tick of the run at this place.
    pub tick: Timestamp,
    /// Its job.
    pub job: JobName,
}

impl RunCursor {
    /// The place of a run.
    #[must_use]
    pub fn of(run: &JobRun) -> Self {
        Self {
            tick: run.tick,
            job: run.job.clone(),
        }
    }
}

impl fmt::Display for RunCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{}", self.tick.micros(), self.job)
    }
}

impl FromStr for RunCursor {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_at_checked(16).and_then(|(micros, job)| {
            let tick = Timestamp::from_micros(i64::from_str_radix(micros, 16).ok()?);
            let job = job.parse().ok()?;
            Some(Self { tick, job })
        });
        // Only the one spelling that we give out.
        parts
            .filter(|cursor| cursor.to_string() == text)
            .ok_or_else(|| {
                let limit = "next_cursor of the page before, unchanged";
                Invalid::malformed("cursor", "is not a cursor", limit)
            })
    }
}

/// A stretch of the list of runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPage {
    /// The place it begins behind, or none for the beginning.
    pub after: Option<RunCursor>,
    /// How many runs it has at most.
    pub limit: NonZeroUsize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_name_is_one_word_of_small_letters() {
        assert!("cleanup_expired_sessions2".parse::<JobName>().is_ok());
        assert!("a".repeat(64).parse::<JobName>().is_ok());
        for bad in ["", "A", "_a", "2a", "a-b", "a b", "ä", &"a".repeat(65)] {
            let refused = bad.parse::<JobName>().unwrap_err();
            assert_eq!(refused.argument, "job", "{bad}");
        }
    }

    #[test]
    fn a_cursor_has_one_spelling() {
        let cursor = RunCursor {
            tick: Timestamp::from_micros(4_102_444_800_000_000),
            job: "sweep".parse().unwrap(),
        };
        let text = cursor.to_string();
        assert_eq!(text.parse(), Ok(cursor));
        for bad in ["", "ä", "x", &text.to_uppercase(), &format!("+{text}")] {
            assert!(bad.parse::<RunCursor>().is_err(), "{bad}");
        }
    }
}
