//! The series of one process, and the decorators that fill them.

use std::{fmt, sync::Arc, time::Duration};

use fiml_session_core::{
    Stores,
    store::{ArchiveUpkeep, JobStore},
};
use prometheus_client::{
    encoding::prometheus_text,
    metrics::{counter::Counter, family::Family, histogram::Histogram, info::Info},
    registry::Registry,
};

use crate::{
    active::ObservedActive,
    archive::ObservedArchive,
    jobs::{ObservedJobs, RunSeries},
    metrics::ObservedMetrics,
    operations::OperationSeries,
    readings::{Readings, Sources},
    sessions::SessionSeries,
    upkeep::ObservedUpkeep,
};

/// Up to where calls of tools are counted together, in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 10.0];

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// Counts and times what one process does; a handle, of which clones share everything.
#[derive(Clone)]
pub struct Telemetry(Arc<Inner>);

struct Inner {
    registry: Registry,
    operations: OperationSeries,
    sessions: SessionSeries,
    runs: RunSeries,
    calls: Family<Labels<2>, Counter>,
    call_seconds: Family<Labels<1>, Histogram, fn() -> Histogram>,
    readings: Readings,
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("readings", &self.0.readings)
            .finish_non_exhaustive()
    }
}

impl Telemetry {
    /// The media type of [`Telemetry::scrape`].
    pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// Nothing counted yet, over these sources.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        let mut registry = Registry::default();
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("fiml_build", "What is running", version);
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let (calls, call_seconds) = (Family::default(), Family::new_with_constructor(histogram));
        registry.register(
            "fiml_tool_calls",
            "Calls of MCP tools that were answered, by tool and outcome",
            Family::clone(&calls),
        );
        registry.register(
            "fiml_tool_call_seconds",
            "How long calls of MCP tools took, however they ended",
            Family::clone(&call_seconds),
        );
        Self(Arc::new(Inner {
            operations: OperationSeries::register(&mut registry),
            sessions: SessionSeries::register(&mut registry),
            runs: RunSeries::register(&mut registry, &sources.jobs),
            calls,
            call_seconds,
            readings: Readings::register(&mut registry, sources),
            registry,
        }))
    }

    /// The same stores, observed.
    #[must_use]
    pub fn stores(&self, stores: Stores) -> Stores {
        let Inner {
            operations,
            sessions,
            ..
        } = &*self.0;
        let active = ObservedActive::new(stores.active, operations, sessions.clone());
        let archive = ObservedArchive::new(stores.archive, operations, sessions.clone());
        Stores {
            active: Arc::new(active),
            archive: Arc::new(archive),
            metrics: Arc::new(ObservedMetrics::new(stores.metrics, operations)),
        }
    }

    /// The same runs of jobs, observed.
    #[must_use]
    pub fn jobs(&self, jobs: Arc<dyn JobStore>) -> Arc<dyn JobStore> {
        let (operations, runs) = (&self.0.operations, self.0.runs.clone());
        Arc::new(ObservedJobs::new(jobs, operations, runs))
    }

    /// The same upkeep, observed.
    #[must_use]
    pub fn upkeep(&self, upkeep: Arc<dyn ArchiveUpkeep>) -> Arc<dyn ArchiveUpkeep> {
        Arc::new(ObservedUpkeep::new(upkeep, &self.0.operations))
    }

    /// Counts a call of a tool: `success`, or the code of its error.
    pub fn tool_called(&self, tool: &'static str, outcome: &'static str, took: Duration) {
        let (tool, outcome) = (("tool", tool), ("outcome", outcome));
        self.0.calls.get_or_create(&[tool, outcome]).inc();
        self.0
            .call_seconds
            .get_or_create(&[tool])
            .observe(took.as_secs_f64());
    }

    /// Everything in the text format of Prometheus; what the stores hold was read at most five seconds
    /// before.
    pub async fn scrape(&self) -> String {
        self.0.readings.refresh().await;
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.0.registry)
            .expect("a String takes everything, and every series can be encoded");
        text
    }
}
