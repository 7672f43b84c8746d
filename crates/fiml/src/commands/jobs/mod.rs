//! `fiml jobs`: the background jobs, their runs, and a worker of their own.

mod history;
mod list;
mod run;
mod view;
mod work;

use anyhow::Result;
use clap::{Subcommand, builder::PossibleValuesParser};

use crate::{config::Config, output::Output, schedule, telemetry};

/// What can be done with jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show each job, when it runs, its last run and when it is due next
    List,
    /// Show the runs of all jobs or of one, the newest first
    History(history::Args),
    /// Run a job once, now and to the end
    Run {
        /// The job
        #[arg(value_parser = PossibleValuesParser::new(schedule::JOBS))]
        name: String,
        /// Change nothing; say what would be done
        #[arg(long)]
        dry_run: bool,
        /// Forget the figures that were added up by hours and days, and add all up anew; for
        /// `generate_session_metrics`
        #[arg(long, conflicts_with = "dry_run")]
        rebuild: bool,
    },
    /// Run every job whenever it is due, until this is stopped
    Work(telemetry::Args),
}

pub(super) const AFTER_HELP: &str = "\
fiml serve runs the jobs in the background, unless it is started with --no-jobs; fiml jobs \
work does nothing else. However many of either there are, each due run completes once: it is \
claimed with a lease, and taken over by another when its holder dies. A job that was missed \
many times is run once. One that fails is tried again after 30 seconds, then after twice as \
long, five times in all.

  cleanup_expired_sessions      every SESSION_CLEANUP_INTERVAL_MINUTES (60)
  delete_old_archived_sessions  daily; those archived SESSION_RETENTION_DAYS (30) ago or longer
  generate_session_metrics      daily; removes figures of sessions that were created
                                SESSION_METRICS_RETENTION_DAYS (400) ago or longer

Every run is kept for SESSION_JOB_RUNS_RETENTION_DAYS (30).";

pub(crate) async fn run(command: Command, config: &Config, output: &Output) -> Result<()> {
    match command {
        Command::List => list::run(config, output).await,
        Command::History(args) => history::run(args, config, output).await,
        Command::Run {
            name,
            dry_run,
            rebuild,
        } => run::run(&name, dry_run, rebuild, config, output).await,
        Command::Work(args) => work::run(&args, config, output).await,
    }
}
