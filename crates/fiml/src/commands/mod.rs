//! The commands, one a file.

mod db;
mod demo;
mod doctor;
mod export;
mod jobs;
mod place;
mod providers;
mod quote;
mod remedy;
mod report;
mod selection;
mod serve;
mod sessions;
mod stats;

use std::str::FromStr;

use anyhow::Result;
use clap::Subcommand;
use fiml_session_core::Invalid;

use crate::{config::Config, output::Output};

/// What `fiml` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a comparative and a portfolio analysis with real closing prices, narrated
    Demo,
    /// Serve MCP: on stdin and stdout, for a client that starts this command, or over HTTP
    #[command(after_help = serve::AFTER_HELP)]
    Serve(serve::Args),
    /// Look at sessions, extend, archive or delete them
    #[command(subcommand)]
    Sessions(sessions::Command),
    /// Print statistics of the sessions created in a period
    Stats(stats::Args),
    /// Write what is stored to a file or to stdout, for other programs
    #[command(subcommand, after_help = export::AFTER_HELP)]
    Export(export::Command),
    /// Write a page with pictures of the sessions created in a period
    #[command(after_help = report::AFTER_HELP)]
    Report(report::Args),
    /// Say what assets cost, from whom and as of when
    #[command(after_help = quote::AFTER_HELP)]
    Quote(quote::Args),
    /// List the providers of prices: their state, limits and last error, and what to set
    #[command(after_help = providers::AFTER_HELP)]
    Providers(providers::Args),
    /// Make, check, migrate or remove what holds the sessions
    #[command(subcommand)]
    Db(db::Command),
    /// Say whether everything is in order with what holds the sessions, and what to change
    #[command(after_help = doctor::AFTER_HELP)]
    Doctor,
    /// Look at the background jobs and their runs, run one now, or work them all
    #[command(subcommand, after_help = jobs::AFTER_HELP)]
    Jobs(jobs::Command),
}

/// Runs a command to its end.
pub(crate) async fn run(command: Command, config: &Config, output: &Output) -> Result<()> {
    match command {
        Command::Demo => demo::run(config, output).await,
        Command::Serve(args) => serve::run(&args, config).await,
        Command::Sessions(command) => sessions::run(command, config, output).await,
        Command::Stats(args) => stats::run(args, config, output).await,
        Command::Export(command) => export::run(command, config, output).await,
        Command::Report(args) => report::run(args, config, output).await,
        Command::Quote(args) => quote::run(args, config, output).await,
        Command::Providers(args) => providers::run(&args, config, output).await,
        Command::Db(command) => db::run(command, config, output).await,
        Command::Doctor => doctor::run(config, output).await,
        Command::Jobs(command) => jobs::run(command, config, output).await,
    }
}

/// An argument that the core proves; where it is refused, with the limit that it broke.
fn argument<T: FromStr<Err = Invalid>>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|refused: Invalid| format!("it must be {}", refused.limit))
}
