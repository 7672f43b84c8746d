//! `fiml serve`: MCP on stdin and stdout.

use anyhow::{Result, bail};
use fiml_mcp::serve_stdio;
use fiml_session_core::store::{Health, Severity, StoreError};

use crate::{config::Config, exit::NotDurable, schedule, wiring};

/// How to serve.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Refuse to start where a crash of a server would lose what was acknowledged
    #[arg(long)]
    require_durable: bool,
    /// Run no background jobs here, because fiml jobs work runs them elsewhere
    #[arg(long)]
    no_jobs: bool,
}

pub(super) const AFTER_HELP: &str = "\
Give a client this command. Claude Code, for example:

  claude mcp add fiml -- fiml serve --prices prices.csv

Most others take the same as JSON:

  {\"mcpServers\": {\"fiml\": {\"command\": \"fiml\", \"args\": [\"serve\", \"--prices\", \"prices.csv\"]}}}

Clients of the specification of 2026-07-28 and those that open with initialize are both served. Several
servers may share one file, or one Redis and PostgreSQL. The server ends when its stdin does.

Background jobs run beside it: what is due already is done at once, and each due run once,
however many servers there are. fiml jobs list shows them; --no-jobs leaves them to others.";

pub(crate) async fn run(args: &Args, config: &Config) -> Result<()> {
    let market = wiring::market(config.prices.as_deref()).await?;
    let opened = wiring::open(config).await?;
    let dangers = warn(opened.condition().await);
    if args.require_durable && !dangers.is_empty() {
        bail!(NotDurable::error(dangers.join("; ")));
    }
    let server = wiring::server(market, opened.sessions(config))?;
    let jobs = schedule::start(&opened, config, args.no_jobs)?;
    tracing::info!(place = config.place(), "serving MCP on stdin and stdout");
    let served = serve_stdio(server).await;
    if let Some(jobs) = jobs {
        jobs.stop().await;
    }
    Ok(served?)
}

/// Says what would do harm; what would lose acknowledged writes, or may for all we know, is returned.
fn warn(condition: Vec<Result<Health, StoreError>>) -> Vec<String> {
    let mut dangers = Vec::new();
    for health in condition {
        let health = match health {
            Ok(health) => health,
            Err(error) => {
                let text = format!("{:#}", anyhow::Error::from(error));
                tracing::warn!("its condition is not known: {text}");
                dangers.push(text);
                continue;
            }
        };
        for finding in &health.findings {
            let text = format!("{}: {} ({})", health.store, finding.found, finding.remedy);
            match finding.severity {
                Severity::Note => {}
                Severity::Warning => tracing::warn!("{text}"),
                Severity::Danger => {
                    tracing::error!("{text}");
                    dangers.push(text);
                }
            }
        }
    }
    dangers
}
