//! Where every setting comes from: the command line, then the environment, then a settings file.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `FIML_DATA` | the file that holds the sessions (`--data`), where no servers do | `sessions.db` in the user's data folder |
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
//!
//! A name of ours that is no setting is most likely a slip. In the settings file it is refused; in the environment,
//! which other programs share, it is told.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};
use fiml_session_core::Invalid;
use strsim::damerau_levenshtein;

use crate::{policy, providers, schedule, servers::Servers, telemetry, traces};

/// Every variable that is read, beside those of the policy, jobs, telemetry and providers.
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

/// What the names of our own begin with.
const OURS: &str = "FIML_";
/// What some of ours begin with, and some of desktops and shells.
const SHARED: &str = "SESSION_";

/// Every setting there is.
fn known() -> impl Iterator<Item = &'static str> {
    let names = NAMES.iter().chain(&policy::NAMES).chain(&schedule::NAMES);
    let names = names.chain(telemetry::NAMES).chain(traces::NAMES);
    names.chain(&providers::NAMES).copied()
}

/// The environment, with the settings file beneath it.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    values: BTreeMap<String, OsString>,
    strangers: Vec<String>,
}

impl Settings {
    /// Those of the file that is named, or of the usual one where it is there, and of the environment.
    pub(crate) fn load(
        named: Option<&Path>,
        folders: Option<&directories::ProjectDirs>,
    ) -> Result<Self> {
        let usual = folders.map(|folders| folders.config_dir().join(".env"));
        let file = named
            .map(Path::to_owned)
            .or_else(|| usual.filter(|file| file.is_file()));
        let mut settings = Self::default();
        if let Some(file) = file {
            let text = fs::read_to_string(&file)
                .with_context(|| format!("cannot read the settings file {}", file.display()))?;
            let text = text.trim_start_matches('\u{feff}');
            settings.values = of_file(text)
                .with_context(|| format!("in the settings file {}", file.display()))?;
        }
        for (name, value) in environment() {
            if known().any(|known| known == name) {
                settings.values.insert(name, value);
            } else if !value.is_empty() {
                settings.strangers.extend(stranger(&name));
            }
        }
        Ok(settings)
    }

    /// What to say of variables of the environment that look like settings and are none.
    pub(crate) fn strangers(self) -> Vec<String> {
        self.strangers
    }

    /// A setting that is text; an empty one counts as not set.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, Invalid> {
        let Some(value) = self.values.get(name) else {
            return Ok(None);
        };
        let Some(text) = value.to_str() else {
            let problem = format!("is {value:?}, which is not UTF-8");
            return Err(Invalid::malformed(name, problem, "text in UTF-8"));
        };
        Ok(Some(text.trim()).filter(|text| !text.is_empty()))
    }

    /// A setting that is a path, which may be any bytes; an empty one counts as not set.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        let value = self.values.get(name).map(OsString::as_os_str);
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

    /// The two servers, where both are named.
    pub(crate) fn servers(&self) -> Result<Option<Servers>> {
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

/// The settings in this text of a file.
fn of_file(text: &str) -> Result<BTreeMap<String, OsString>> {
    let mut values = BTreeMap::new();
    for line in dotenvy::from_read_iter(text.as_bytes()) {
        let (name, value) = line.map_err(|error| unread(text, error))?;
        let is_ours = name.starts_with(OURS) || name.starts_with(SHARED);
        if is_ours && known().all(|known| known != name) {
            let way_out = near(&name).map_or_else(
                || "a setting that fiml --help lists".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            bail!(Invalid::malformed(name, "is no setting", way_out));
        }
        values.insert(name, value.into());
    }
    Ok(values)
}

/// Which line cannot be read; what it says may be secret.
fn unread(text: &str, error: dotenvy::Error) -> anyhow::Error {
    let dotenvy::Error::LineParse(part, _) = error else {
        return error.into();
    };
    let start = part.lines().next().unwrap_or_default();
    let is_bad = |line: &str| dotenvy::from_read_iter(line.as_bytes()).any(|read| read.is_err());
    let mut lines = text.lines();
    let at = lines.position(|line| line.contains(start) && is_bad(line));
    anyhow!(
        "line {} cannot be read: it must be NAME=VALUE, the value between single quotes where it holds a space, a \
         quote or a $",
        at.map_or_else(|| "unknown".to_owned(), |at| (at + 1).to_string())
    )
}

/// What to say of a variable of the environment that is no setting, where it was meant as one.
fn stranger(name: &str) -> Option<String> {
    let near = near(name);
    if near.is_none() && !name.starts_with(OURS) {
        return None;
    }
    let way_out = near.map_or_else(
        || "fiml --help lists them".to_owned(),
        |near| format!("did you mean {near}?"),
    );
    Some(format!(
        "{name} is set, which is no setting and changes nothing; {way_out}"
    ))
}

/// The setting that a name was most likely meant to be: a slip away, or begun with the whole of it.
fn near(name: &str) -> Option<&'static str> {
    let prefix = [OURS, SHARED]
        .into_iter()
        .find(|prefix| name.starts_with(prefix))?;
    let rest = name.len() - prefix.len();
    let ours = || known().filter(|known| known.starts_with(prefix));
    let begun = || ours().find(|known| rest > 3 && known.starts_with(name));
    nearest(name, ours(), (rest / 3).min(3)).or_else(begun)
}

/// The name that another was most likely meant to be, at most so many slips away.
pub(crate) fn nearest<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str>,
    slips: usize,
) -> Option<&'a str> {
    let near = known.map(|known| (damerau_levenshtein(name, known), known));
    let (_, known) = near.filter(|(edits, _)| *edits <= slips).min()?;
    Some(known)
}

/// The variables of the environment whose names are text.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the environment is read"
)]
fn environment() -> impl Iterator<Item = (String, OsString)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Settings {
        pub(crate) fn from_pairs(pairs: &[(&str, &str)]) -> Self {
            let pairs = pairs.iter();
            let pairs = pairs.map(|(name, value)| ((*name).to_owned(), value.into()));
            Self {
                values: pairs.collect(),
                strangers: Vec::new(),
            }
        }
    }

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings::from_pairs(pairs)
    }

    #[test]
    fn a_misspelt_name_is_told_with_the_setting_it_is_near() {
        for (name, meant) in [
            ("FIML_DATTA", "FIML_DATA"),
            ("FIML_PRICE", "FIML_PRICES"),
            ("FIML_PROVIDER", "FIML_PROVIDERS"),
            ("FIML_COINBASE", "FIML_COINBASE_URL"),
            ("SESSION_DEFAULT_TTL_HOUR", "SESSION_DEFAULT_TTL_HOURS"),
            ("SESSION_MAX_TTL", "SESSION_MAX_TTL_HOURS"),
        ] {
            let told = stranger(name).unwrap();
            assert!(told.contains(&format!("did you mean {meant}?")), "{told}");
            let refused = of_file(&format!("{name}=1")).unwrap_err();
            assert!(format!("{refused:#}").contains(name), "{refused:#}");
        }
        assert!(stranger("FIML_X").unwrap().contains("fiml --help"));
    }

    #[test]
    fn what_other_programs_set_troubles_nobody() {
        for name in [
            "SESSION_MANAGER",
            "SESSION_ID",
            "SESSION_SECRET",
            "SESSION_KEY",
            "SESSION_TIMEOUT",
            "REDIS_HOST",
            "PATH",
        ] {
            assert_eq!(stranger(name), None);
        }
        assert!(of_file("DATABASE_HOST=x\nPATH=y").is_ok());
        assert!(of_file("SESSION_SECRET=x").is_err());
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_and_not_shown() {
        let text = "# s3cret and more\nFIML_LOG=info\n\nFIML_FINNHUB_KEY=s3cret and more\n";
        let told = format!("{:#}", of_file(text).unwrap_err());
        assert!(
            told.contains("line 4") && !told.contains("s3cret"),
            "{told}"
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
