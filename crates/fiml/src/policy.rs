//! The rules sessions live by, as they are set.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `SESSION_DEFAULT_TTL_HOURS` | how long a session lives where nobody says | 24 |
//! | `SESSION_MAX_TTL_HOURS` | the longest life, from creation and from each extension | 168 |
//! | `SESSION_MAX_QUERIES_PER_SESSION` | queries in a session | 1000 |
//! | `SESSION_ARCHIVE_GRACE_SECONDS` | how long past its expiry a session waits for the cleanup | 60 |
//! | `SESSION_ENABLE_ANALYTICS` | whether metrics are written and statistics answered | true |
//! | `SESSION_METRICS_RETENTION_DAYS` | how long the figures of archived sessions are kept, from the creation of the session on | 400 |

use std::{num::NonZeroU64, time::Duration};

use anyhow::{Result, bail};
use fiml_session_core::{Invalid, Policy, hours};

use crate::{schedule::days, settings::Settings};

/// Every variable that is read here.
pub(crate) const NAMES: [&str; 6] = [
    DEFAULT_TTL,
    MAX_TTL,
    MAX_QUERIES,
    ARCHIVE_GRACE,
    ENABLE_ANALYTICS,
    METRICS_RETENTION,
];

const DEFAULT_TTL: &str = "SESSION_DEFAULT_TTL_HOURS";
const MAX_TTL: &str = "SESSION_MAX_TTL_HOURS";
const MAX_QUERIES: &str = "SESSION_MAX_QUERIES_PER_SESSION";
const ARCHIVE_GRACE: &str = "SESSION_ARCHIVE_GRACE_SECONDS";
const ENABLE_ANALYTICS: &str = "SESSION_ENABLE_ANALYTICS";
const METRICS_RETENTION: &str = "SESSION_METRICS_RETENTION_DAYS";

/// Those of these settings.
pub(crate) fn read(settings: &Settings) -> Result<Policy> {
    let mut policy = Policy::default();
    policy.default_ttl = span(settings, DEFAULT_TTL, policy.default_ttl)?;
    policy.limits.max_ttl = span(settings, MAX_TTL, policy.limits.max_ttl)?;
    if policy.default_ttl > policy.limits.max_ttl {
        bail!(Invalid::malformed(
            DEFAULT_TTL,
            format!("is above {MAX_TTL}"),
            format!(
                "at most {} hours ({MAX_TTL})",
                policy.limits.max_ttl.as_secs_f64() / 3_600.0
            ),
        ));
    }
    let queries = settings.parse(
        MAX_QUERIES,
        NonZeroU64::new(policy.limits.max_queries).unwrap_or(NonZeroU64::MIN),
        "a whole number of queries, at least 1",
    )?;
    policy.limits.max_queries = queries.get();
    let grace = policy.archive_grace.as_secs();
    let grace = settings.parse(ARCHIVE_GRACE, grace, "a whole number of seconds")?;
    policy.archive_grace = Duration::from_secs(grace);
    policy.enable_analytics = settings.parse(ENABLE_ANALYTICS, true, "true or false")?;
    policy.metrics_retention = days(settings, METRICS_RETENTION, policy.metrics_retention)?;
    Ok(policy)
}

fn span(settings: &Settings, name: &str, default: Duration) -> Result<Duration, Invalid> {
    let limit = "a number of hours above 0";
    let value: f64 = settings.parse(name, f64::NAN, limit)?;
    match settings.get(name)? {
        None => Ok(default),
        Some(text) => {
            hours(name, value).map_err(|_| Invalid::malformed(name, format!("is {text:?}"), limit))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_the_policy() {
        let policy = read(&Settings::from_pairs(&[
            (DEFAULT_TTL, "0.5"),
            (MAX_TTL, "48"),
            (MAX_QUERIES, "2000"),
            (ENABLE_ANALYTICS, "false"),
            (METRICS_RETENTION, "0.5"),
        ]));
        let policy = policy.unwrap();
        assert_eq!(policy.default_ttl, Duration::from_mins(30));
        assert_eq!(policy.limits.max_ttl, Duration::from_hours(48));
        assert_eq!(policy.limits.max_queries, 2_000);
        assert!(!policy.enable_analytics);
        assert_eq!(policy.metrics_retention, Duration::from_hours(12));
    }

    #[test]
    fn a_bad_setting_is_refused_by_name() {
        for (name, value) in [
            (DEFAULT_TTL, "0"),
            (DEFAULT_TTL, "200"),
            (MAX_TTL, "-1"),
            (MAX_QUERIES, "0"),
            (MAX_QUERIES, "1e3"),
            (ARCHIVE_GRACE, "x"),
            (ENABLE_ANALYTICS, "yes"),
            (METRICS_RETENTION, "0"),
            (METRICS_RETENTION, "1e300"),
        ] {
            let error = read(&Settings::from_pairs(&[(name, value)])).unwrap_err();
            assert!(
                format!("{error:#}").contains(name),
                "{name}={value}: {error:#}"
            );
        }
    }
}
