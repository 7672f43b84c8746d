//! `fiml db`: what holds the sessions: the file, or the tables of the archive.

mod file;
mod tables;

use anyhow::Result;
use clap::Subcommand;

use crate::{config::Config, output::Output};

/// What can be done with it.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the file, or the database and its tables; what is there already is kept and brought up to date
    Create,
    /// Check it: readable, whole, of this version; nothing is changed
    Verify,
    /// Bring it to a schema version
    Migrate {
        /// The version: the newest where none is given, 0 for no tables; only PostgreSQL goes back
        #[arg(long, value_name = "VERSION")]
        to: Option<i64>,
        /// Do not ask before going back, which drops what later versions added
        #[arg(long)]
        yes: bool,
    },
    /// Remove the file with every session in it, or the tables with every archived session
    Drop {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn run(command: Command, config: &Config, output: &Output) -> Result<()> {
    match &config.servers {
        Some(servers) => tables::run(command, servers, output).await,
        None => file::run(command, config, output).await,
    }
}
