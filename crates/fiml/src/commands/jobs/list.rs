//! `fiml jobs list`: each job, its schedule, its last run and when it is due next.

use anyhow::Result;
use fiml_jobs::JobOverview;
use fiml_session_core::{Clock, SystemClock, Timestamp};
use serde::Serialize;

use crate::{
    commands::jobs::view::{RunView, counts},
    config::Config,
    output::{Output, minute, span, table},
    schedule, wiring,
};

#[derive(Serialize)]
struct Answer<'a> {
    jobs: Vec<JobView<'a>>,
}

#[derive(Serialize)]
struct JobView<'a> {
    name: &'a str,
    summary: &'a str,
    every_seconds: f64,
    next_due: Timestamp,
    last_run: Option<RunView<'a>>,
}

pub(super) async fn run(config: &Config, output: &Output) -> Result<()> {
    let opened = wiring::stored(config).await?;
    let overview = schedule::scheduler(&opened, config)?.overview().await?;
    let at = SystemClock.now();
    let view = |of: &JobOverview| of.last_run.as_ref().map(|run| run.report.counts.clone());
    let did: Vec<_> = overview.iter().map(view).collect();
    let jobs = overview.iter().map(|found| JobView {
        name: found.job.name().as_str(),
        summary: found.job.summary(),
        every_seconds: found.job.schedule().interval().as_secs_f64(),
        next_due: found.next_due,
        last_run: found.last_run.as_ref().map(|run| RunView::of(run, at)),
    });
    let answer = Answer {
        jobs: jobs.collect(),
    };
    output.answer(&answer, || {
        let rows = overview.iter().zip(&answer.jobs).zip(&did);
        let rows = rows.map(|((found, job), did)| {
            let none = || "-".to_owned();
            let last = job.last_run.as_ref();
            vec![
                job.name.to_owned(),
                span(found.job.schedule().interval()),
                found
                    .last_run
                    .as_ref()
                    .map_or_else(none, |run| minute(run.started_at)),
                last.map_or_else(none, |run| run.state.to_owned()),
                did.as_ref().map_or_else(none, counts),
                if job.next_due <= at {
                    "now".to_owned()
                } else {
                    minute(job.next_due)
                },
            ]
        });
        let header = [
            "job",
            "every",
            "last run (UTC)",
            "state",
            "did",
            "next due (UTC)",
        ];
        table(&header, rows)
    })
}
