//! `fiml jobs work`: a worker that runs what is due.

use anyhow::{Context, Result};
use serde_json::json;

use crate::{
    config::Config,
    output::{Output, span},
    schedule, wiring,
};

pub(super) async fn run(config: &Config, output: &Output) -> Result<()> {
    let stop = told_to_end()?;
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

/// Completes once the process is told to end, by Ctrl-C or by whoever started it.
#[cfg(unix)]
fn told_to_end() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let listen = |kind| signal(kind).context("cannot listen for signals");
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Completes once the process is told to end by Ctrl-C.
#[cfg(not(unix))]
fn told_to_end() -> Result<impl Future<Output = ()>> {
    Ok(async {
        // Where nobody can tell, it goes on until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
