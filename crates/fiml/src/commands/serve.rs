//! `fiml serve`: MCP on stdin and stdout.

use anyhow::Result;
use fiml_mcp::serve_stdio;

use crate::{config::Config, wiring};

pub(super) const AFTER_HELP: &str = "\
Give a client this command. Claude Code, for example:

  claude mcp add fiml -- fiml serve --prices prices.csv

Most others take the same as JSON:

  {\"mcpServers\": {\"fiml\": {\"command\": \"fiml\", \"args\": [\"serve\", \"--prices\", \"prices.csv\"]}}}

Clients of the specification of 2026-07-28 and those that open with initialize are both served. Several
servers may share one file. The server ends when its stdin does.";

pub(crate) async fn run(config: &Config) -> Result<()> {
    let market = wiring::market(config.prices.as_deref()).await?;
    let server = wiring::server(market, wiring::sessions(config).await?)?;
    tracing::info!(data = %config.data.display(), "serving MCP on stdin and stdout");
    serve_stdio(server).await?;
    Ok(())
}
