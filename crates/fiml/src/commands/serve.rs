//! `fiml serve`: MCP on stdin and stdout, or over HTTP.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Result, bail};
use fiml_mcp::{HttpConfig, McpServer, http, serve_http, serve_stdio};
use fiml_session_core::{
    error_chain,
    store::{Health, Severity, StoreError, StoreHealth},
};

use crate::{
    address::{bind, loopback},
    config::Config,
    failures::NotDurable,
    schedule, signal, telemetry,
    wiring::{self, Opened},
};

/// How to serve.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to serve HTTP.
    #[arg(
        long,
        value_name = "ADDRESS",
        help = "Serve over HTTP on this address of this machine, such as 127.0.0.1:8787 or 8787 alone; port 0 takes a free one [env: FIML_HTTP]"
    )]
    http: Option<String>,
    #[command(flatten)]
    exposed: telemetry::Args,
    /// Refuse to start where a server may lose what it acknowledged
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

Or start it once, and give clients its address:

  fiml serve --http 127.0.0.1:8787 --prices prices.csv
  claude mcp add --transport http fiml http://127.0.0.1:8787/mcp

Over HTTP, /health says that the process is alive and /ready that its stores answer. Anybody who reaches \
the address may read and change every session, so it must be one that only this machine reaches.

Clients of the specification of 2026-07-28 and those that open with initialize are both served. Several \
servers may share one file, or one Redis and PostgreSQL. The server ends when its stdin does, where it \
serves that, and on SIGTERM and ctrl-c; calls that are under way are finished, within ten seconds.

With --metrics 127.0.0.1:9464 Prometheus finds what is done and what waits at \
http://127.0.0.1:9464/metrics; docs/metrics.md says what every series means. Where FIML_METRICS names the \
address for several processes, the first serves it and the others warn and go on.

Background jobs run beside it: what is due already is done at once, and each due run once, \
however many servers there are. fiml jobs list shows them; --no-jobs leaves them to others.";

pub(crate) async fn run(args: &Args, config: &Config) -> Result<()> {
    let flag = args.http.as_ref().map(|text| ("--http", text));
    let set = config.http.as_ref();
    let http = flag.or_else(|| set.map(|text| ("FIML_HTTP", text)));
    let address = http.map(|(name, text)| loopback(name, text, 8787));
    let address = address.transpose()?;
    let exposed = args.exposed.place(config)?;
    let (market, _) = wiring::market(config).await?;
    let opened = wiring::open(config).await?;
    let dangers = warn(opened.condition().await);
    if args.require_durable && !dangers.is_empty() {
        bail!(NotDurable(dangers.join("; ")));
    }
    let (opened, page) = telemetry::expose(opened, config, exposed).await?;
    let server = wiring::server(market, opened.sessions(config), config)?;
    let server = telemetry::observed(server, page.as_ref());
    let jobs = schedule::start(&opened, config, args.no_jobs)?;
    let served = match address {
        Some(address) => over_http(address, &server, opened, config).await,
        None => over_stdio(server, config).await,
    };
    if let Some(jobs) = jobs {
        jobs.stop().await;
    }
    if let Some(page) = page {
        page.close().await;
    }
    served
}

async fn over_stdio(server: McpServer, config: &Config) -> Result<()> {
    // Before anybody hears that it serves, or a signal right after that would kill it.
    let stop = signal::to_end()?;
    tracing::info!(place = config.place(), "serving MCP on stdin and stdout");
    Ok(serve_stdio(server, stop).await?)
}

async fn over_http(
    address: SocketAddr,
    server: &McpServer,
    opened: Opened,
    config: &Config,
) -> Result<()> {
    let stop = signal::to_end()?;
    let listener = bind(address).await?;
    let limits = HttpConfig::default();
    let health = http::health(named(opened.health, config), &limits);
    let router = server.router(&limits).merge(health);
    let router = router.merge(http::elsewhere(&limits));
    let taken = listener.local_addr()?;
    tracing::info!(target: "fiml::listening", "serving MCP at http://{taken}/mcp");
    serve_http(listener, router, &limits, stop).await?;
    Ok(())
}

/// The stores by the names that an operator gave them.
fn named(
    health: Vec<Arc<dyn StoreHealth>>,
    config: &Config,
) -> Vec<(String, Arc<dyn StoreHealth>)> {
    let names: &[_] = match config.servers {
        Some(_) => &["Redis", "PostgreSQL"],
        None => &["the data file"],
    };
    let names = names.iter().map(|&name| name.to_owned());
    names.zip(health).collect()
}

/// Says what would do harm; what would lose acknowledged writes, or may for all we know, is returned.
fn warn(condition: Vec<Result<Health, StoreError>>) -> Vec<String> {
    let mut dangers = Vec::new();
    for health in condition {
        let health = match health {
            Ok(health) => health,
            Err(error) => {
                let text = error_chain(&error);
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
