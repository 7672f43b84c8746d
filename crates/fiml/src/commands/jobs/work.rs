//! `fiml jobs work`: a worker that runs what is due.

use anyhow::Result;
use serde_json::json;

use crate::{
    config::Config,
    output::{Output, span},
    schedule, signal, telemetry, wiring,
};

pub(super) async fn run(args: &telemetry::Args, config: &Config, output: &Output) -> Result<()> {
    let stop = signal::to_end()?;
    let exposed = args.place(config)?;
    let opened = wiring::open(config).await?;
    let (opened, page) = telemetry::expose(opened, config, exposed).await?;
    let scheduler = schedule::scheduler(&opened, config)?;
    let jobs = scheduler.start();
    let place = page.as_ref().map(telemetry::Page::url);
    output.answer(
        &json!({"working_on": config.place(), "jobs": schedule::JOBS, "metrics": place}),
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
    if let Some(page) = page {
        page.close().await;
    }
    Ok(())
}
