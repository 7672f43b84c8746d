//! Where every setting comes from: the command line, then the environment, then a settings file.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `FIML_DATA` | the file that holds the sessions (`--data`) | `sessions.db` in the user's data folder |
//! | `FIML_PRICES` | a price file or a folder of them (`--prices`) | none |
//! | `FIML_HTTP` | the address on which `fiml serve` serves HTTP (`--http`) | none: stdin and stdout |
//! | `FIML_LOG` | what is logged to stderr, in `tracing` filter syntax | `warn`; nothing with `--json` |
//! | `REDIS_URL` | the Redis or Redis Cluster that holds live sessions, instead of the file | none |
//! | `DATABASE_URL` | the PostgreSQL that holds archived sessions; set with `REDIS_URL` or not at all | none |
//! | `REDIS_KEY_PREFIX` | what every key of this deployment begins with | `fiml` |
//! | `NO_COLOR`, `TERM` | charts in the terminal are plain ASCII where one is set, or `dumb` | none |
//! | `DATABASE_SCHEMA` | the schema that holds the tables of this deployment | that of the database user |
//!
//! Those of the rules sessions live by are listed in [`policy`], those of the background jobs in [`schedule`],
//! those of telemetry in [`telemetry`], those of providers of prices in [`providers`].
//!
//! The settings file is named by `--env-file`, or is `.env` in the user's configuration folder; one that
//! merely lies in the working directory is never read.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use fiml_session_core::{Invalid, Policy};

use crate::{
    policy,
    providers::{self, MarketSettings},
    schedule::{self, JobSettings},
    servers::Servers,
    telemetry::{self, TelemetrySettings},
    traces,
};

/// Every variable that is read, beside those of the policy, jobs, telemetry and providers; no other is looked
/// at.
const NAMES: [&str; 10] = [
    "FIML_DATA",
    "FIML_PRICES",
    "FIML_HTTP",
    "FIML_LOG",
    "REDIS_URL",
    "DATABASE_URL",
    "REDIS_KEY_PREFIX",
    "DATABASE_SCHEMA",
    "NO_COLOR",
    "TERM",
];

/// Everything that is configured, proven.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The file that holds the sessions where no servers do; its folder holds the demonstration's prices.
    pub(crate) data: PathBuf,
    /// The servers that hold the sessions instead.
    pub(crate) servers: Option<Servers>,
    /// What to put behind `fiml` in a shell to reach the same file again, with the same settings.
    pub(crate) again: String,
    /// The user's price file or folder.
    pub(crate) prices: Option<PathBuf>,
    /// The providers of prices.
    pub(crate) market: MarketSettings,
    /// The address on which MCP is served over HTTP, where somebody says.
    pub(crate) http: Option<String>,
    /// What is logged, where somebody says.
    pub(crate) log: Option<String>,
    /// Whether somebody wants ASCII alone.
    pub(crate) plain: bool,
    /// The rules sessions live by.
    pub(crate) policy: Policy,
    /// When background jobs run.
    pub(crate) jobs: JobSettings,
    /// Who is told what is done here.
    pub(crate) telemetry: TelemetrySettings,
}

impl Config {
    /// Where the sessions are, as errors and answers name it.
    pub(crate) fn place(&self) -> String {
        match &self.servers {
            Some(servers) => servers.to_string(),
            None => self.data.display().to_string(),
        }
    }
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
        let servers = settings.servers()?;
        if servers.is_some() && flags.data.is_some() {
            bail!(
                "--data names a file, and REDIS_URL and DATABASE_URL name servers: leave one of them out"
            );
        }
        let data = match flags.data.clone().or_else(|| settings.path("FIML_DATA")) {
            Some(data) => data,
            None => folders
                .context("there is no home folder to keep sessions in: name a file with --data FILE or FIML_DATA")?
                .data_dir()
                .join("sessions.db"),
        };
        let named = [("--env-file", &flags.env_file), ("--data", &flags.data)];
        let again = named.into_iter().filter_map(|(flag, path)| {
            let path = path.as_deref()?;
            Some(format!(" {flag} {}", in_a_shell(path)))
        });
        Ok(Self {
            data,
            servers,
            again: again.collect(),
            prices: flags
                .prices
                .clone()
                .or_else(|| settings.path("FIML_PRICES")),
            market: MarketSettings::read(&settings)?,
            http: settings.get("FIML_HTTP")?.map(ToOwned::to_owned),
            log: settings.get("FIML_LOG")?.map(ToOwned::to_owned),
            plain: settings.get("NO_COLOR")?.is_some() || settings.get("TERM")? == Some("dumb"),
            policy: policy::read(&settings)?,
            jobs: JobSettings::read(&settings)?,
            telemetry: TelemetrySettings::read(&settings)?,
        })
    }
}

/// A path as a shell takes it from the line, whatever folder it stands in then.
pub(crate) fn in_a_shell(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+:,@%=".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The environment, with the settings file beneath it.
#[derive(Debug, Default)]
pub(crate) struct Settings(BTreeMap<String, OsString>);

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
                settings.insert(name, value.into());
            }
        }
        settings.extend(environment());
        Ok(Self(settings))
    }

    /// A setting that is text; an empty one counts as not set.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, Invalid> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let Some(text) = value.to_str() else {
            let problem = format!("is {value:?}, which is not UTF-8");
            return Err(Invalid::malformed(name, problem, "text in UTF-8"));
        };
        Ok(Some(text.trim()).filter(|text| !text.is_empty()))
    }

    /// A setting that is a path, which may be any bytes; an empty one counts as not set.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let value = self.0.get(name).map(OsString::as_os_str);
        value
            .filter(|value| !value.as_encoded_bytes().trim_ascii().is_empty())
            .map(OsStr::to_owned)
            .map(PathBuf::from)
    }

    /// A setting that is a value of some kind, in words the limit of it.
    pub(crate) fn parse<T: std::str::FromStr>(
        &self,
        name: &str,
        default: T,
        limit: &str,
    ) -> Result<T, Invalid> {
        match self.get(name)? {
            None => Ok(default),
            Some(text) => text
                .parse()
                .map_err(|_| Invalid::malformed(name, format!("is {text:?}"), limit)),
        }
    }

    fn servers(&self) -> Result<Option<Servers>> {
        match (self.get("REDIS_URL")?, self.get("DATABASE_URL")?) {
            (None, None) => Ok(None),
            (Some(_), None) => bail!(
                "REDIS_URL is set and DATABASE_URL is not: set it to the PostgreSQL that holds archived sessions, or unset REDIS_URL"
            ),
            (None, Some(_)) => bail!(
                "DATABASE_URL is set and REDIS_URL is not: set it to the Redis that holds live sessions, or unset DATABASE_URL"
            ),
            (Some(redis_url), Some(database_url)) => Ok(Some(Servers {
                redis_url: redis_url.to_owned(),
                key_prefix: self.get("REDIS_KEY_PREFIX")?.map(ToOwned::to_owned),
                database_url: database_url.to_owned(),
                schema: self.get("DATABASE_SCHEMA")?.map(ToOwned::to_owned),
            })),
        }
    }
}

/// Ours of the variables of the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the environment is read"
)]
fn environment() -> impl Iterator<Item = (String, OsString)> {
    let ours = |name: &str| Some((name.to_owned(), std::env::var_os(name)?));
    let names = NAMES.iter().chain(&policy::NAMES).chain(&schedule::NAMES);
    let names = names.chain(telemetry::NAMES).chain(traces::NAMES).copied();
    names.chain(providers::NAMES).filter_map(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Settings {
        pub(crate) fn from_pairs(pairs: &[(&str, &str)]) -> Self {
            let pairs = pairs.iter();
            let pairs = pairs.map(|(name, value)| ((*name).to_owned(), value.into()));
            Self(pairs.collect())
        }
    }

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings::from_pairs(pairs)
    }

    #[test]
    fn a_path_in_a_printed_command_is_one_word_to_the_shell() {
        assert_eq!(in_a_shell(Path::new("/a/b-c.db")), "/a/b-c.db");
        assert_eq!(
            in_a_shell(Path::new("/my data/it's.db")),
            r"'/my data/it'\''s.db'"
        );
    }

    #[test]
    fn one_url_alone_names_the_other() {
        for (set, missing) in [("REDIS_URL", "DATABASE_URL"), ("DATABASE_URL", "REDIS_URL")] {
            let error = settings(&[(set, "some://host")]).servers().unwrap_err();
            let expected = format!("{set} is set and {missing} is not");
            assert!(error.to_string().contains(&expected), "{error}");
        }
    }

    #[test]
    fn servers_are_shown_without_what_is_secret() {
        for (redis, database) in [
            (
                "rediss://ann:s3cret@a:1,rediss://ann:s3cret@b:2/0",
                "postgres://ann:s3cret@c:3/fiml",
            ),
            ("redis://:s3,cret@a:1", "postgres://ann:s3,cret@c:3/fiml"),
            (
                "redis://a:1?password=s3cret",
                "postgres://ann@c/fiml?password=s3@cret",
            ),
            ("redis://:s3c@re/t@a:1", "postgres://ann:s3c@re/t@c/fiml"),
        ] {
            let servers = settings(&[("REDIS_URL", redis), ("DATABASE_URL", database)]);
            let shown = format!("{:?}", servers.servers().unwrap().unwrap());
            for secret in ["s3", "cret", "ann", "re/t"] {
                assert!(!shown.contains(secret), "{redis} {database}: {shown}");
            }
        }
    }
}
