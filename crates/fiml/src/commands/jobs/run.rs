//! `fiml jobs run`: a job, now.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use fiml_jobs::{GenerateSessionMetrics, RunError};
use fiml_session_core::Invalid;
use serde::Serialize;

use crate::{commands::jobs::view::counts, config::Config, output::Output, schedule, wiring};

#[derive(Serialize)]
struct Answer<'a> {
    job: &'a str,
    dry_run: bool,
    #[serde(flatten)]
    counts: &'a BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'a str>,
}

pub(super) async fn run(
    name: &str,
    dry: bool,
    rebuild: bool,
    config: &Config,
    output: &Output,
) -> Result<()> {
    if rebuild && name != GenerateSessionMetrics::NAME {
        let problem = format!("is for another job than {name}");
        let refused = Invalid::malformed("--rebuild", problem, GenerateSessionMetrics::NAME);
        return Err(refused.into());
    }
    let opened = wiring::stored(config).await?;
    if rebuild {
        opened.upkeep.forget_rollups().await?;
    }
    let scheduler = schedule::scheduler(&opened, config)?;
    let report = scheduler.run_now(&name.parse()?, dry).await;
    let report = report.map_err(|error| match error {
        // What the job met, as if it had been called: its code says what can be done.
        RunError::Failed { source, .. } => anyhow::Error::from_boxed(source),
        other => other.into(),
    })?;
    let warning = report.warning.as_deref();
    // Where nothing was to be done, nothing can have gone wrong.
    let problem = warning.filter(|_| !dry);
    let failure = problem.map(|problem| anyhow!("{problem}; FIML_LOG=info says more"));
    let answer = Answer {
        job: name,
        dry_run: dry,
        counts: &report.counts,
        warning,
    };
    output.report(failure, &answer, || {
        let done = counts(&report.counts);
        match (dry, warning) {
            (false, _) => format!("{name}: {done}"),
            (true, None) => format!("{name} would do: {done}; nothing was changed"),
            (true, Some(more)) => format!("{name} would do: {done} ({more}); nothing was changed"),
        }
    })
}
