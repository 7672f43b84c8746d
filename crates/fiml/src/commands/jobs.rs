//! `fiml jobs`: the background jobs, by hand.

use anyhow::{Result, bail};
use clap::{Subcommand, ValueEnum};
use fiml_jobs::CleanupExpiredSessions;

use crate::{config::Config, output::Output, wiring};

/// What can be done with jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a job once, to the end
    Run {
        /// The job
        name: Job,
    },
}

/// The jobs there are.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Job {
    /// Archive every session that has expired
    CleanupExpiredSessions,
}

pub(crate) async fn run(command: Command, config: &Config, output: &Output) -> Result<()> {
    let Command::Run {
        name: Job::CleanupExpiredSessions,
    } = command;
    let report = CleanupExpiredSessions::new(wiring::stored_sessions(config).await?)
        .run()
        .await?;
    let failed = report.quarantined > 0;
    let status = if failed { "error" } else { "success" };
    output.report(status, &report, || {
        let mut text = format!(
            "{}: {} archived, {} set aside in quarantine",
            CleanupExpiredSessions::NAME,
            report.archived,
            report.quarantined
        );
        if report.reconciled > 0 {
            text += &format!(
                ", {} left half-way by an earlier run put right",
                report.reconciled
            );
        }
        text
    })?;
    if failed {
        bail!(
            "{} sessions could not be archived and were set aside in quarantine; FIML_LOG=info says more",
            report.quarantined
        );
    }
    Ok(())
}
