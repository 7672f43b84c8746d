//! `fiml serve`: MCP on stdin and stdout.

use anyhow::{Result, bail};
use fiml_mcp::serve_stdio;
use fiml_session_core::store::{Health, Severity, StoreError};

use crate::{config::Config, exit::NotDurable, wiring};

/// How to serve.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Refuse to start where a crash of a server would lose what was acknowledged
    #[arg(long)]
    require_durable: bool,
}

pub(super) const AFTER_HELP: &str = "\
Give a client this command. Claude Code, for example:

  claude mcp add fiml -- fiml serve --prices prices.csv

Most others take the same as JSON:

  {\"mcpServers\": {\"fiml\": {\"command\": \"fiml\", \"args\": [\"serve\", \"--prices\", \"prices.csv\"]}}}

Clients of the specification of 2026-07-28 and those that open with initialize are both served. Several
servers may share one file, or one Redis and PostgreSQL. The server ends when its stdin does.";

pub(crate) async fn run(args: &Args, config: &Config) -> Result<()> {
    let market = wiring::market(config.prices.as_deref()).await?;
    let opened = wiring::open(config).await?;
    let dangers = warn(opened.condition().await);
    if args.require_durable && !dangers.is_empty() {
        bail!(NotDurable::error(dangers.join("; ")));
    }
    let server = wiring::server(market, opened.sessions(config))?;
    tracing::info!(place = config.place(), "serving MCP on stdin and stdout");
    serve_stdio(server).await?;
    Ok(())
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
