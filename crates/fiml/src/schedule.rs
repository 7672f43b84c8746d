//! The background jobs: their settings, and the scheduler that runs them.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `SESSION_CLEANUP_INTERVAL_MINUTES` | how often expired sessions are archived; from a second (0.0167) to 366 days | 60 |
//! | `SESSION_RETENTION_DAYS` | how long archived sessions are kept, from their archiving on | 30 |
//! | `SESSION_JOB_RUNS_RETENTION_DAYS` | how long runs of jobs are kept; the newest of each job always is | 30 |
//! | `SESSION_JOB_LEASE_SECONDS` | how long whoever runs a job may be silent before another takes it over; 1 to 3600, and more than the replicas' clocks differ by | 60 |

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use anyhow::Result;
use fiml_jobs::{
    CleanupExpiredSessions, DEFAULT_KEEP_RUNS, DEFAULT_LEASE, DEFAULT_RETENTION,
    DeleteOldArchivedSessions, GenerateSessionMetrics, JobRegistry, RunningJobs, Schedule,
    Scheduler, SchedulerConfig,
};
use fiml_session_core::{Invalid, SystemClock};

use crate::{config::Config, settings::Settings, wiring::Opened};

/// Every variable that is read here.
pub(crate) const NAMES: [&str; 4] = [CLEANUP, RETENTION, RUNS_RETENTION, LEASE];

const CLEANUP: &str = "SESSION_CLEANUP_INTERVAL_MINUTES";
const RETENTION: &str = "SESSION_RETENTION_DAYS";
const RUNS_RETENTION: &str = "SESSION_JOB_RUNS_RETENTION_DAYS";
const LEASE: &str = "SESSION_JOB_LEASE_SECONDS";

const DAY: Duration = Duration::from_hours(24);
/// A hundred years.
const LONGEST: Duration = Duration::from_hours(36_525 * 24);

/// Every job there is, as commands and records name them.
pub(crate) const JOBS: [&str; 3] = [
    CleanupExpiredSessions::NAME,
    DeleteOldArchivedSessions::NAME,
    GenerateSessionMetrics::NAME,
];

/// When jobs run, and for how long things are kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JobSettings {
    cleanup: Schedule,
    retention: Duration,
    keep_runs: Duration,
    lease: Duration,
}

impl JobSettings {
    /// How long archived sessions are kept.
    pub(crate) const fn retention(&self) -> Duration {
        self.retention
    }

    /// Those of these settings.
    pub(crate) fn read(settings: &Settings) -> Result<Self, Invalid> {
        let minute = Duration::from_mins(1);
        let interval = Schedule::SHORTEST..=Schedule::LONGEST;
        let limit = "a number of minutes, from a second (0.0167) to 366 days (527040)";
        let hour = Schedule::HOURLY.interval();
        let cleanup = span(settings, CLEANUP, minute, interval, limit, hour)?;
        let (second, seconds) = (Duration::from_secs(1), "a number of seconds, 1 to 3600");
        let range = second..=Duration::from_hours(1);
        Ok(Self {
            cleanup: Schedule::every(cleanup)?,
            retention: days(settings, RETENTION, DEFAULT_RETENTION)?,
            keep_runs: days(settings, RUNS_RETENTION, DEFAULT_KEEP_RUNS)?,
            lease: span(settings, LEASE, second, range, seconds, DEFAULT_LEASE)?,
        })
    }
}

impl JobSettings {
    /// How often expired sessions are archived.
    pub(crate) const fn cleanup_interval(&self) -> Duration {
        self.cleanup.interval()
    }
}

/// For how long something is kept, given as a number of days.
pub(crate) fn days(
    settings: &Settings,
    name: &str,
    default: Duration,
) -> Result<Duration, Invalid> {
    let limit = "a number of days above 0, at most a hundred years (36525)";
    let range = Duration::from_micros(1)..=LONGEST;
    span(settings, name, DAY, range, limit, default)
}

/// A span given as a number of units.
fn span(
    settings: &Settings,
    name: &str,
    unit: Duration,
    range: RangeInclusive<Duration>,
    limit: &str,
    default: Duration,
) -> Result<Duration, Invalid> {
    let Some(text) = settings.get(name)? else {
        return Ok(default);
    };
    let seconds = text.parse().map(|units: f64| units * unit.as_secs_f64());
    let span = seconds
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    span.filter(|span| range.contains(span))
        .ok_or_else(|| Invalid::malformed(name, format!("is {text:?}"), limit))
}

/// The scheduler of every job on these stores.
pub(crate) fn scheduler(opened: &Opened, config: &Config) -> Result<Scheduler> {
    let (sessions, settings) = (opened.sessions(config), &config.jobs);
    let archive = Arc::clone(&opened.stores.archive);
    let upkeep = || Arc::clone(&opened.upkeep);
    let jobs = JobRegistry::new()
        .with(CleanupExpiredSessions::new(sessions.clone()).on(settings.cleanup))?
        .with(DeleteOldArchivedSessions::new(
            archive,
            upkeep(),
            settings.retention,
        ))?
        .with(GenerateSessionMetrics::new(sessions, upkeep()))?;
    let scheduling = SchedulerConfig {
        lease: settings.lease,
        keep_runs: settings.keep_runs,
        ..SchedulerConfig::new(holder())
    };
    let store = Arc::clone(&opened.jobs);
    Ok(Scheduler::new(
        jobs,
        store,
        Arc::new(SystemClock),
        scheduling,
    ))
}

/// Begins to run the jobs in the background, unless there are to be none.
pub(crate) fn start(opened: &Opened, config: &Config, none: bool) -> Result<Option<RunningJobs>> {
    if none {
        return Ok(None);
    }
    Ok(Some(scheduler(opened, config)?.start()))
}

/// This process, in words for people.
fn holder() -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let machine = match machine.trim() {
        "" => "this machine",
        name => name,
    };
    format!("process {} on {machine}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<JobSettings, Invalid> {
        JobSettings::read(&Settings::from_pairs(&[(name, value)]))
    }

    #[test]
    fn intervals_and_spans_may_be_fractions() {
        let usual = JobSettings::read(&Settings::default()).unwrap();
        assert_eq!(usual.cleanup, Schedule::HOURLY);
        assert_eq!(usual.retention, 30 * DAY);
        let often = read(CLEANUP, "0.0167").unwrap().cleanup;
        assert!(often.interval() < Duration::from_secs(2), "{often:?}");
        assert_eq!(read(RETENTION, "0.5").unwrap().retention, DAY / 2);
        assert_eq!(read(LEASE, "2").unwrap().lease, Duration::from_secs(2));
    }

    #[test]
    fn a_bad_setting_is_refused_by_name_and_limit() {
        for name in NAMES {
            for value in ["x", "0", "-1", "NaN", "inf", "1e300", "1 h"] {
                let refused = read(name, value).unwrap_err();
                assert_eq!(refused.argument, name, "{value}");
                assert!(refused.limit.contains("a number of"), "{refused:?}");
            }
        }
    }
}
