//! Where every setting comes from: the command line, then the environment, then a settings file.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `FIML_DATA` | the file that holds the sessions (`--data`) | `sessions.db` in the user's data folder |
//! | `FIML_PRICES` | a price file or a folder of them (`--prices`) | none |
//! | `FIML_LOG` | what is logged to stderr, in `tracing` filter syntax | `warn` |
//! | `SESSION_DEFAULT_TTL_HOURS` | how long a session lives where nobody says | 24 |
//! | `SESSION_MAX_TTL_HOURS` | the longest life, from creation and from each extension | 168 |
//! | `SESSION_MAX_QUERIES_PER_SESSION` | queries in a session | 1000 |
//! | `SESSION_ARCHIVE_GRACE_SECONDS` | how long past its expiry a session waits for the cleanup | 60 |
//! | `SESSION_ENABLE_ANALYTICS` | whether metrics are written and statistics answered | true |
//! | `REDIS_URL`, `DATABASE_URL` | two tiers instead of one file; refused by this version | none |
//!
//! The settings file is named by `--env-file`, or is `.env` in the user's configuration folder; one that
//! merely lies in the working directory is never read.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use fiml_session_core::{Policy, hours};

/// Everything that is configured, proven.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The file that holds the sessions.
    pub(crate) data: PathBuf,
    /// What to put behind `fiml` to reach the same file again.
    pub(crate) again: String,
    /// The user's price file or folder.
    pub(crate) prices: Option<PathBuf>,
    /// What is logged.
    pub(crate) log: String,
    /// The rules sessions live by.
    pub(crate) policy: Policy,
}

/// What the command line says about settings.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Flags {
    /// The file that holds the sessions.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "The file that holds the sessions [env: FIML_DATA] [default: sessions.db in your data folder]"
    )]
    pub(crate) data: Option<PathBuf>,
    /// The user's prices.
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        help = "A CSV of your own prices, or a folder of them [env: FIML_PRICES]"
    )]
    pub(crate) prices: Option<PathBuf>,
    /// The settings file.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "A file of settings, NAME=VALUE a line [default: .env in your configuration folder]"
    )]
    pub(crate) env_file: Option<PathBuf>,
}

impl Config {
    /// Reads the flags, the environment and the settings file.
    pub(crate) fn load(flags: &Flags) -> Result<Self> {
        let folders = directories::ProjectDirs::from("", "", "fiml");
        let settings = Settings::load(flags.env_file.as_deref(), folders.as_ref())?;
        settings.refuse_two_tiers()?;
        let data = match flags.data.clone().or_else(|| settings.get("FIML_DATA").map(Into::into)) {
            Some(data) => data,
            None => folders
                .context("there is no home folder to keep sessions in: name a file with --data FILE or FIML_DATA")?
                .data_dir()
                .join("sessions.db"),
        };
        let again = match &flags.data {
            Some(data) => format!(" --data {}", data.display()),
            None => String::new(),
        };
        Ok(Self {
            data,
            again,
            prices: flags
                .prices
                .clone()
                .or_else(|| settings.get("FIML_PRICES").map(Into::into)),
            log: settings.get("FIML_LOG").unwrap_or("warn").to_owned(),
            policy: settings.policy()?,
        })
    }
}

/// The environment, with the settings file beneath it.
#[derive(Debug, Default)]
struct Settings(BTreeMap<String, String>);

impl Settings {
    fn load(named: Option<&Path>, folders: Option<&directories::ProjectDirs>) -> Result<Self> {
        let mut settings = BTreeMap::new();
        let usual = folders.map(|folders| folders.config_dir().join(".env"));
        let file = named
            .map(Path::to_owned)
            .or_else(|| usual.filter(|file| file.is_file()));
        if let Some(file) = file {
            let lines = dotenvy::from_path_iter(&file)
                .with_context(|| format!("cannot read the settings file {}", file.display()))?;
            for line in lines {
                let (name, value) =
                    line.with_context(|| format!("in the settings file {}", file.display()))?;
                settings.insert(name, value);
            }
        }
        settings.extend(std::env::vars());
        Ok(Self(settings))
    }

    /// A setting; an empty one counts as not set.
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    fn parse<T: std::str::FromStr>(&self, name: &str, default: T, limit: &str) -> Result<T> {
        match self.get(name) {
            None => Ok(default),
            Some(text) => match text.parse() {
                Ok(value) => Ok(value),
                Err(_) => bail!("{name} is {text:?}; it must be {limit}"),
            },
        }
    }

    fn refuse_two_tiers(&self) -> Result<()> {
        match (self.get("REDIS_URL"), self.get("DATABASE_URL")) {
            (None, None) => Ok(()),
            (Some(_), None) => bail!("REDIS_URL is set and DATABASE_URL is not; unset REDIS_URL"),
            (None, Some(_)) => {
                bail!("DATABASE_URL is set and REDIS_URL is not; unset DATABASE_URL")
            }
            (Some(_), Some(_)) => bail!(
                "this version keeps sessions in one file; unset REDIS_URL and DATABASE_URL, and name the file with --data or FIML_DATA"
            ),
        }
    }

    fn policy(&self) -> Result<Policy> {
        let mut policy = Policy::default();
        policy.default_ttl = self.hours("SESSION_DEFAULT_TTL_HOURS", policy.default_ttl)?;
        policy.limits.max_ttl = self.hours("SESSION_MAX_TTL_HOURS", policy.limits.max_ttl)?;
        if policy.default_ttl > policy.limits.max_ttl {
            bail!(
                "SESSION_DEFAULT_TTL_HOURS is above SESSION_MAX_TTL_HOURS; it must be at most that"
            );
        }
        policy.limits.max_queries = self.parse(
            "SESSION_MAX_QUERIES_PER_SESSION",
            policy.limits.max_queries,
            "a whole number of queries",
        )?;
        if policy.limits.max_queries == 0 {
            bail!("SESSION_MAX_QUERIES_PER_SESSION is 0; it must be at least 1");
        }
        let grace = policy.archive_grace.as_secs();
        let grace = self.parse(
            "SESSION_ARCHIVE_GRACE_SECONDS",
            grace,
            "a whole number of seconds",
        )?;
        policy.archive_grace = Duration::from_secs(grace);
        let enable = self.parse("SESSION_ENABLE_ANALYTICS", true, "true or false");
        policy.enable_analytics = enable?;
        Ok(policy)
    }

    fn hours(&self, name: &str, default: Duration) -> Result<Duration> {
        match self.get(name) {
            None => Ok(default),
            Some(text) => {
                let value: f64 = self.parse(name, 0.0, "a number of hours above 0")?;
                hours(name, value).with_context(|| format!("{name} is {text:?}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        Settings(pairs.collect())
    }

    #[test]
    fn settings_become_the_policy() {
        let policy = settings(&[
            ("SESSION_DEFAULT_TTL_HOURS", "0.5"),
            ("SESSION_MAX_TTL_HOURS", "48"),
            ("SESSION_MAX_QUERIES_PER_SESSION", "2000"),
            ("SESSION_ENABLE_ANALYTICS", "false"),
        ]);
        let policy = policy.policy().unwrap();
        assert_eq!(policy.default_ttl, Duration::from_mins(30));
        assert_eq!(policy.limits.max_ttl, Duration::from_hours(48));
        assert_eq!(policy.limits.max_queries, 2_000);
        assert!(!policy.enable_analytics);
    }

    #[test]
    fn a_bad_setting_is_refused_by_name() {
        for (name, value) in [
            ("SESSION_DEFAULT_TTL_HOURS", "0"),
            ("SESSION_DEFAULT_TTL_HOURS", "200"),
            ("SESSION_MAX_TTL_HOURS", "-1"),
            ("SESSION_MAX_QUERIES_PER_SESSION", "0"),
            ("SESSION_MAX_QUERIES_PER_SESSION", "1e3"),
            ("SESSION_ARCHIVE_GRACE_SECONDS", "x"),
            ("SESSION_ENABLE_ANALYTICS", "yes"),
        ] {
            let error = settings(&[(name, value)]).policy().unwrap_err();
            assert!(
                format!("{error:#}").contains(name),
                "{name}={value}: {error:#}"
            );
        }
    }

    #[test]
    fn one_url_alone_names_the_other() {
        let error = settings(&[("REDIS_URL", "redis://localhost")])
            .refuse_two_tiers()
            .unwrap_err();
        assert!(error.to_string().contains("DATABASE_URL"));
        let error = settings(&[("DATABASE_URL", "postgres://localhost")]).refuse_two_tiers();
        assert!(error.unwrap_err().to_string().contains("REDIS_URL"));
    }
}
