//! How long sessions live and how large they may grow.

use std::time::Duration;

use serde_json::Value;

use crate::{
    change::{ChangeBatch, SessionChange, StateMap},
    history::QueryRecord,
    text::{Invalid, check_name, check_object, check_text, check_value},
};

const HOUR: Duration = Duration::from_hours(1);

/// The rules that a service runs by; every field may be changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// How long a session lives where the caller does not say; 24 hours.
    pub default_ttl: Duration,
    /// How long past its expiry a session stays before the sweep archives it; 60 seconds, so that clocks
    /// that differ a little do no harm.
    pub archive_grace: Duration,
    /// Whether metrics are written and statistics answered.
    pub enable_analytics: bool,
    /// How long the figures of archived sessions are kept, from the creation of their session on; 400 days.
    pub metrics_retention: Duration,
    /// How large a session may grow.
    pub limits: Limits,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            default_ttl: 24 * HOUR,
            archive_grace: Duration::from_secs(60),
            enable_analytics: true,
            metrics_retention: 400 * 24 * HOUR,
            limits: Limits::default(),
        }
    }
}

/// How large a session may grow; checked before anything is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The longest life, from creation and from each extension; 168 hours.
    pub max_ttl: Duration,
    /// Queries in a session; 1,000.
    pub max_queries: u64,
    /// Queries and entries of a session as JSON; 16 MiB.
    pub max_session_bytes: u64,
    /// Entries in each map; 256.
    pub max_entries: u64,
    /// A value of a map as JSON; 256 KiB.
    pub max_value_bytes: usize,
    /// The parameters of a query as JSON; 16 KiB.
    pub max_parameters_bytes: usize,
    /// The summary of a query, and its error; 2 KiB each.
    pub max_summary_bytes: usize,
    /// How deep arrays and objects may nest; 64.
    pub max_depth: usize,
    /// Assets of a session; 100.
    pub max_assets: usize,
    /// Tags of a session; 32.
    pub max_tags: usize,
}

/// The longest key of a map, query type and source, in bytes.
pub const MAX_KEY_BYTES: usize = 128;

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_ttl: 168 * HOUR,
            max_queries: 1_000,
            max_session_bytes: 16 << 20,
            max_entries: 256,
            max_value_bytes: 256 << 10,
            max_parameters_bytes: 16 << 10,
            max_summary_bytes: 2 << 10,
            max_depth: 64,
            max_assets: 100,
            max_tags: 32,
        }
    }
}

impl Limits {
    /// Checks everything about a batch that can be checked without the session.
    pub fn check(&self, batch: &ChangeBatch) -> Result<(), Invalid> {
        batch.changes.iter().try_for_each(|change| match change {
            SessionChange::QueryAdded { query } => self.check_query(query),
            SessionChange::EntrySet { map, key, value } => self.check_entry(*map, key, value),
            SessionChange::EntryRemoved { .. }
            | SessionChange::TagsAdded { .. }
            | SessionChange::TagsRemoved { .. }
            | SessionChange::Extended { .. }
            | SessionChange::Ended => Ok(()),
        })
    }

    fn check_query(&self, query: &QueryRecord) -> Result<(), Invalid> {
        check_name("query_type", &query.query_type, MAX_KEY_BYTES)?;
        check_object(
            "parameters",
            &query.parameters,
            self.max_depth,
            self.max_parameters_bytes,
        )?;
        check_text(
            "result_summary",
            &query.result_summary,
            self.max_summary_bytes,
        )?;
        if let Some(source) = &query.source {
            check_name("source", source, MAX_KEY_BYTES)?;
        }
        if let Some(error) = &query.error {
            check_text("error", error, self.max_summary_bytes)?;
        }
        match query.execution_time_ms {
            Some(ms) if !ms.is_finite() || !(0.0..=MAX_EXECUTION_MS).contains(&ms) => {
                Err(Invalid::malformed(
                    "execution_time_ms",
                    format!("is {ms}"),
                    "0 to 31,536,000,000 milliseconds",
                ))
            }
            _ => Ok(()),
        }
    }

    fn check_entry(&self, map: StateMap, key: &str, value: &Value) -> Result<(), Invalid> {
        check_name(&format!("{map} key"), key, MAX_KEY_BYTES)?;
        let argument = format!("{map}.{key}");
        check_value(&argument, value, self.max_depth, self.max_value_bytes)
    }
}

/// A year: an answer that took longer is a mistake of the caller.
const MAX_EXECUTION_MS: f64 = 31_536_000_000.0;

/// A span of so many hours, which may be fractional but must be more than zero.
///
/// Anything longer than `u32::MAX` hours counts as that long: it is far above every cap.
pub fn hours(argument: &str, hours: f64) -> Result<Duration, Invalid> {
    let refused = || {
        Invalid::malformed(
            argument,
            format!("is {hours}"),
            "a number of hours above 0; fractions are allowed, and what is above the maximum is capped",
        )
    };
    if hours.is_nan() || hours <= 0.0 {
        return Err(refused());
    }
    let seconds = (hours * 3_600.0).min(f64::from(u32::MAX) * 3_600.0);
    let span = Duration::try_from_secs_f64(seconds).map_err(|_| refused())?;
    // A life of less than a microsecond would be over before it is stored.
    if span < Duration::from_micros(1) {
        return Err(refused());
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_refused_unless_positive_and_never_panic() {
        for bad in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY, 1e-300] {
            assert!(hours("ttl_hours", bad).is_err(), "{bad}");
        }
        assert_eq!(hours("ttl_hours", 0.5).unwrap(), Duration::from_secs(1_800));
        for huge in [1e15, 1e308, f64::INFINITY] {
            assert!(hours("ttl_hours", huge).unwrap() > Limits::default().max_ttl);
        }
    }

    #[test]
    fn a_query_is_refused_with_the_name_of_its_offending_part() {
        let limits = Limits::default();
        let query = |edit: fn(&mut QueryRecord)| {
            let mut query = QueryRecord::new("price");
            edit(&mut query);
            let batch = ChangeBatch::from(SessionChange::QueryAdded { query });
            limits.check(&batch).unwrap_err().argument
        };
        assert_eq!(query(|q| q.query_type.clear()), "query_type");
        assert_eq!(
            query(|q| q.result_summary = "x".repeat(2_049)),
            "result_summary"
        );
        assert_eq!(
            query(|q| q.execution_time_ms = Some(-1.0)),
            "execution_time_ms"
        );
        assert_eq!(
            query(|q| {
                q.parameters.insert("a".into(), "x".repeat(16 << 10).into());
            }),
            "parameters"
        );
    }
}
