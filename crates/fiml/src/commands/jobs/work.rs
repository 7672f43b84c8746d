//! `fiml jobs work`: a worker that runs what is due.

use anyhow::Result;
use serde_json::json;

use crate::{
    config::Config,
    output::{Output, span},
    schedule, signal, wiring,
};

pub(super) async fn run(config: &Config, output: &Output) -> Result<()> {
    let stop = signal::to_end()?;
    let opened = wiring::open(config).await?;
    let scheduler = schedule::scheduler(&opened, config)?;
    let jobs = scheduler.start();
    output.answer(
        &json!({"working_on": config.place(), "jobs": schedule::JOBS}),
        || {
            let every = span(config.jobs.cleanup_interval());
            format!(
                "working on {}, cleaning up every {every}; stop with Ctrl-C",
                config.place()
            )
        },
    )?;
    stop.await;
    jobs.stop().await;
    Ok(())
}
