//! `fiml jobs history`: what ran, the newest first.

use std::num::NonZeroUsize;

use anyhow::Result;
use clap::{builder::PossibleValuesParser, value_parser};
use fiml_session_core::{
    Clock, SystemClock,
    store::{JobName, RunCursor, RunPage},
};
use serde::Serialize;

use crate::{
    commands::{
        argument,
        jobs::view::{RunView, counts},
    },
    config::Config,
    failures::Refused,
    output::{Output, minute, table},
    schedule, wiring,
};

/// Which runs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those of this job
    #[arg(value_parser = PossibleValuesParser::new(schedule::JOBS))]
    name: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u16).range(1..=200))]
    limit: u16,
    /// Go on behind the page before: the cursor that it ended with
    #[arg(long, value_name = "CURSOR", value_parser = argument::<RunCursor>)]
    cursor: Option<RunCursor>,
}

#[derive(Serialize)]
struct Answer<'a> {
    runs: Vec<RunView<'a>>,
    next_cursor: Option<String>,
}

pub(super) async fn run(args: Args, config: &Config, output: &Output) -> Result<()> {
    let job: Option<JobName> = args
        .name
        .map(|name| name.parse())
        .transpose()
        .map_err(|refused: fiml_session_core::Invalid| Refused::error(refused.into()))?;
    let opened = wiring::stored(config).await?;
    let limit = usize::from(args.limit);
    // One more, to know whether there is a further page.
    let page = RunPage {
        after: args.cursor,
        limit: NonZeroUsize::MIN.saturating_add(limit),
    };
    let mut runs = opened.jobs.list_runs(job.as_ref(), &page).await?;
    let more = runs.len() > limit;
    runs.truncate(limit);
    let last = runs.last().filter(|_| more);
    let at = SystemClock.now();
    let answer = Answer {
        runs: runs.iter().map(|run| RunView::of(run, at)).collect(),
        next_cursor: last.map(|run| RunCursor::of(run).to_string()),
    };
    output.answer(&answer, || {
        if runs.is_empty() {
            return "no job has run yet; fiml serve and fiml jobs work run what is due".to_owned();
        }
        let rows = runs.iter().zip(&answer.runs).map(|(run, view)| {
            vec![
                minute(run.started_at),
                run.job.to_string(),
                view.state.to_owned(),
                view.took(),
                run.attempt.to_string(),
                counts(&run.report.counts),
                run.holder.clone(),
                run.report.error.clone().unwrap_or_default(),
            ]
        });
        let header = [
            "started (UTC)",
            "job",
            "state",
            "took",
            "attempt",
            "did",
            "by",
            "error",
        ];
        let text = table(&header, rows);
        match &answer.next_cursor {
            Some(cursor) => format!("{text}\n\nmore with --cursor {cursor}"),
            None => text,
        }
    })
}
