//! `fiml report`: a page with pictures of a period.

mod chart;
mod figure;
mod over_time;
mod page;
mod shares;

use std::{io::Write, path::PathBuf};

use anyhow::{Context, Result};
use fiml_analytics::{SessionAnalytics, SessionSeries, SessionStats, StatsRequest, Step};
use fiml_session_core::{Timestamp, store::Scope};
use serde::Serialize;

use crate::{
    commands::{place::PendingFile, selection::Selection},
    config::Config,
    output::Output,
    wiring,
};

pub(super) const AFTER_HELP: &str = "\
The page is one file that asks for nothing outside it. docs/analytics.md says what every figure means.";

/// Which sessions, and where the page goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// The file to write
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    output: PathBuf,
    /// Replace a file that is there already
    #[arg(long)]
    force: bool,
}

/// What the page tells.
struct Report {
    at: Timestamp,
    stats: SessionStats,
    /// The same figures of the period before.
    previous: SessionStats,
    /// By the hour or day; none where the period is longer than a series may be.
    series: Option<SessionSeries>,
}

/// What was written.
#[derive(Debug, Serialize)]
struct Written<'a> {
    file: &'a std::path::Path,
    sessions: u64,
    bytes: u64,
}

pub(crate) async fn run(args: Args, config: &Config, output: &Output) -> Result<()> {
    let store = wiring::stored_sessions(config).await?;
    let at = store.now();
    let analytics = SessionAnalytics::new(store);
    let report = read(&analytics, &args.selection.request(), at).await?;
    let page = page::render(&report)?;
    let file = PendingFile::begin(&args.output, args.force)?;
    let mut to = file.writer()?;
    to.write_all(page.as_bytes())
        .with_context(|| format!("cannot write {}", args.output.display()))?;
    let written = Written {
        file: &args.output,
        sessions: report.stats.total_sessions,
        bytes: file.publish()?,
    };
    output.answer(&written, || {
        format!("{} written; open it in a browser", args.output.display())
    })
}

async fn read(
    analytics: &SessionAnalytics,
    request: &StatsRequest,
    at: Timestamp,
) -> Result<Report> {
    let stats = analytics.get_session_stats(&Scope::All, request).await?;
    let previous = analytics
        .get_previous_session_stats(&Scope::All, request)
        .await?;
    let series = match step(stats.period_days) {
        Some(step) => Some(
            analytics
                .get_session_series(&Scope::All, request, step)
                .await?,
        ),
        None => None,
    };
    Ok(Report {
        at,
        stats,
        previous,
        series,
    })
}

/// How far the points of pictures over time lie apart.
const fn step(days: u32) -> Option<Step> {
    match days as usize {
        0..=2 => Some(Step::Hour),
        // A period touches one day more than it is long.
        days if days < SessionSeries::MAX_POINTS => Some(Step::Day),
        _ => None,
    }
}
