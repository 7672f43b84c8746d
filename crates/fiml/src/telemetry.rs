//! What operators see from outside: the page for Prometheus, and what is told of calls.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `FIML_METRICS` | the address on which `/metrics` is served (`--metrics`), by the first process that takes it | none |
//!
//! Those of traces are listed in [`traces`].

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Result;
use fiml_mcp::{CallObserver, HttpConfig, McpServer, TraceContext, http, serve_http};
use fiml_session_core::{Invalid, SystemClock, error_chain, store::JobName};
use fiml_telemetry::{Sources, Telemetry};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tracing::Span;

use crate::{
    address::{bind, loopback},
    config::Config,
    schedule,
    settings::Settings,
    traces,
    wiring::Opened,
};

const METRICS: &str = "FIML_METRICS";

/// Every variable that is read here.
pub(crate) const NAMES: &[&str] = &[METRICS];

/// Who is told what is done here.
#[derive(Debug, Clone)]
pub(crate) struct TelemetrySettings {
    metrics: Option<String>,
    /// Where traces go.
    pub(crate) traces: traces::Endpoint,
}

impl TelemetrySettings {
    /// Those of these settings.
    pub(crate) fn read(settings: &Settings) -> Result<Self, Invalid> {
        let metrics = settings.get(METRICS)?.map(ToOwned::to_owned);
        let traces = traces::Endpoint::read(settings)?;
        Ok(Self { metrics, traces })
    }
}

/// Where Prometheus finds what is done.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Where to serve metrics.
    #[arg(
        long,
        value_name = "ADDRESS",
        help = "Serve /metrics for Prometheus on this address of this machine, such as 127.0.0.1:9464; port 0 takes a free one [env: FIML_METRICS, for the first process that takes it]"
    )]
    metrics: Option<String>,
}

impl Args {
    /// Where to serve metrics, if anywhere.
    pub(crate) fn place(&self, config: &Config) -> Result<Option<Place>> {
        let flag = self.metrics.as_ref().map(|text| ("--metrics", text));
        let set = config.telemetry.metrics.as_ref();
        let named = flag.or_else(|| set.map(|text| (METRICS, text)));
        let place = named.map(|(name, text)| {
            Ok(Place {
                address: loopback(name, text, 9464)?,
                is_shared: self.metrics.is_none(),
            })
        });
        place.transpose()
    }
}

/// Where to serve metrics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    address: SocketAddr,
    /// Whether other processes may read the same setting: an address is for one of them.
    is_shared: bool,
}

impl Place {
    /// Listens there; on nothing where another process of the same settings may have come first.
    async fn listen(self) -> Result<Option<TcpListener>> {
        match bind(self.address).await {
            Ok(listener) => Ok(Some(listener)),
            Err(error) if self.is_shared && is_taken(&error) => {
                tracing::warn!(
                    "this process serves no metrics: {}. FIML_METRICS is for the first process that takes \
                     it; to watch another as well, give it --metrics with a port of its own",
                    error_chain(error.as_ref())
                );
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

fn is_taken(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::AddrInUse)
}

/// The page for Prometheus, served beside everything else.
#[derive(Debug)]
pub(crate) struct Page {
    telemetry: Telemetry,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Page {
    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/metrics", self.address)
    }

    /// Stops serving it.
    pub(crate) async fn close(self) {
        drop(self.stop);
        if let Err(error) = self.serving.await {
            tracing::warn!("the page for Prometheus broke: {error}");
        }
    }
}

/// The same stores, observed, and the page that tells of it; nothing where there is no place for it.
pub(crate) async fn expose(
    opened: Opened,
    config: &Config,
    place: Option<Place>,
) -> Result<(Opened, Option<Page>)> {
    let listener = match place {
        Some(place) => place.listen().await?,
        None => None,
    };
    let Some(listener) = listener else {
        return Ok((opened, None));
    };
    let jobs = schedule::JOBS.iter().map(|name| name.parse());
    let telemetry = Telemetry::new(Sources {
        // One file plays both roles.
        health: ["active", "archive"]
            .into_iter()
            .zip(opened.health.iter().cycle().cloned())
            .collect(),
        census: Arc::clone(&opened.census),
        runs: Arc::clone(&opened.jobs),
        jobs: jobs.collect::<Result<Vec<JobName>, _>>()?,
        clock: Arc::new(SystemClock),
        archive_grace: config.policy.archive_grace,
    });
    let opened = Opened {
        stores: telemetry.stores(opened.stores),
        upkeep: telemetry.upkeep(opened.upkeep),
        jobs: telemetry.jobs(opened.jobs),
        ..opened
    };
    let page = serve(listener, telemetry)?;
    tracing::info!(target: "fiml::listening", "serving metrics at {}", page.url());
    Ok((opened, Some(page)))
}

fn serve(listener: TcpListener, telemetry: Telemetry) -> Result<Page> {
    let address = listener.local_addr()?;
    let limits = HttpConfig::default();
    let scraped = telemetry.clone();
    let read = move || {
        let scraped = scraped.clone();
        async move { scraped.scrape().await }
    };
    let router = http::page("/metrics", Telemetry::MEDIA_TYPE, read, &limits);
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        if let Err(error) = serve_http(listener, router, &limits, stopped).await {
            tracing::error!("metrics are not served any more: {error}");
        }
    });
    Ok(Page {
        telemetry,
        address,
        stop,
        serving,
    })
}

/// The same server, its calls observed where somebody looks.
pub(crate) fn observed(server: McpServer, page: Option<&Page>) -> McpServer {
    let calls = Calls(page.map(|page| page.telemetry.clone()));
    server.observed(Arc::new(calls))
}

/// Tells of the calls of tools.
#[derive(Debug)]
struct Calls(Option<Telemetry>);

impl CallObserver for Calls {
    fn begins(&self, span: &Span, trace: TraceContext<'_>) {
        traces::join(span, trace);
    }

    fn ended(&self, tool: &'static str, outcome: &'static str, took: Duration) {
        if let Some(telemetry) = &self.0 {
            telemetry.tool_called(tool, outcome, took);
        }
    }
}
