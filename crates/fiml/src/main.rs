//! The session memory of financial-analysis agents: an MCP server, a command line and a demonstration.
//!
//! This is the only place where concrete stores are chosen and the environment is read.

mod address;
mod chart;
mod commands;
mod config;
mod exit;
mod failures;
mod output;
mod policy;
mod providers;
mod schedule;
mod servers;
mod settings;
mod signal;
mod telemetry;
#[cfg_attr(not(feature = "otlp"), path = "no_traces.rs")]
mod traces;
mod wiring;

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use mimalloc::MiMalloc;

use crate::{commands::Command, config::Flags, output::Output};

/// What one thread allocates for a call another one often frees; the allocator of the C library makes them wait
/// for each other there.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The session memory of financial-analysis agents.
///
/// Sessions live in one file that needs no server; with `REDIS_URL` and `DATABASE_URL` set, live ones in
/// Redis and archived ones in PostgreSQL. Start with `fiml demo`; give an MCP client the command
/// `fiml serve`; look at what is stored with `fiml sessions list`.
#[derive(Debug, Parser)]
#[command(name = "fiml", version, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    /// Print JSON for programs instead of tables for people
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  failed for a reason not listed here
  2  an argument or a setting was refused
  3  there is no such session, symbol or file
  4  the session does not take the change: expired, archived, full, or changed by somebody else
  5  the store or a provider did not answer, is full, or did not confirm; the call may be repeated
  6  what was acknowledged may be lost, in a crash or otherwise (doctor, serve --require-durable)

Settings are read from the command line, then from the environment (FIML_DATA, FIML_PRICES, \
FIML_HTTP, FIML_METRICS, FIML_LOG, REDIS_URL with DATABASE_URL, REDIS_KEY_PREFIX, \
DATABASE_SCHEMA and SESSION_DEFAULT_TTL_HOURS, SESSION_MAX_TTL_HOURS, \
SESSION_MAX_QUERIES_PER_SESSION, SESSION_ARCHIVE_GRACE_SECONDS, SESSION_ENABLE_ANALYTICS, \
SESSION_CLEANUP_INTERVAL_MINUTES, SESSION_RETENTION_DAYS, SESSION_METRICS_RETENTION_DAYS, \
SESSION_JOB_RUNS_RETENTION_DAYS, SESSION_JOB_LEASE_SECONDS, FIML_PROVIDERS, FIML_YAHOO_TERMS, \
FIML_FINNHUB_KEY, FIML_CONTACT, FIML_COINBASE_URL and the like), \
then from a settings file.";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut output = Output::new(cli.json);
    match run(cli, &mut output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            exit::Details::of(&error).exit_code()
        }
    }
}

fn run(cli: Cli, output: &mut Output) -> anyhow::Result<()> {
    let config = config::Config::load(&cli.flags).map_err(failures::Refused::error)?;
    // What programs read on stderr is one error and nothing else.
    let usual = if output.is_json() { "off" } else { USUAL_LOG };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let traces = traces::Traces::start(&config.telemetry.traces, runtime.handle())?;
    let log = config.log.as_deref().unwrap_or(usual);
    output::log_to_stderr(log, traces.as_ref())?;
    for stranger in &config.strangers {
        tracing::warn!("{stranger}");
    }
    let done = runtime.block_on(commands::run(cli.command, &config, output));
    if let Some(traces) = traces {
        traces.end();
    }
    // A thread that reads a terminal cannot be interrupted, and nobody waits for what it reads.
    runtime.shutdown_timeout(Duration::from_millis(500));
    done.map_err(|error| exit::in_place(error, &config))
}

/// What is logged where nobody says: warnings, and where `fiml serve` listens. rmcp calls it an error that
/// a client left before its answer came.
const USUAL_LOG: &str = "warn,rmcp::service=off,fiml::listening=info";
