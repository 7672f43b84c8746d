//! Everything that is configured, proven before anything is done; [`Settings`] says where it comes from.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fiml_session_core::{Invalid, Policy};

use crate::{
    policy, providers::MarketSettings, schedule::JobSettings, servers::Servers, settings::Settings,
    telemetry::TelemetrySettings,
};

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
    /// What to say of variables of the environment that look like settings and are none.
    pub(crate) strangers: Vec<String>,
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
        let flag = flags.data.clone().map(|data| ("--data", data));
        let named = flag.or_else(|| Some(("FIML_DATA", settings.path("FIML_DATA")?)));
        if let Some((name, _)) = named.as_ref().filter(|_| servers.is_some()) {
            let problem = "names a file, and REDIS_URL and DATABASE_URL name servers";
            let limit = "to be left out where servers are named";
            bail!(Invalid::malformed(*name, problem, limit));
        }
        let data = match named {
            Some((name, data)) => a_file(name, data)?,
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
            strangers: settings.strangers(),
        })
    }
}

/// The path of a file, which may not be there yet; `name` is what an error blames.
fn a_file(name: &str, path: PathBuf) -> Result<PathBuf, Invalid> {
    if !path.is_dir() {
        return Ok(path);
    }
    let problem = format!("is {}, which is a folder", path.display());
    let file = path.join("sessions.db");
    let limit = format!("the path of a file, such as {}", file.display());
    Err(Invalid::malformed(name, problem, limit))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_a_printed_command_is_one_word_to_the_shell() {
        assert_eq!(in_a_shell(Path::new("/a/b-c.db")), "/a/b-c.db");
        assert_eq!(
            in_a_shell(Path::new("/my data/it's.db")),
            r"'/my data/it'\''s.db'"
        );
    }
}
