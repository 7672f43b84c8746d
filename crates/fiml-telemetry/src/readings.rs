//! What lies in the stores: read when Prometheus asks, and left out where it cannot be read.

use std::{
    fmt,
    num::NonZeroUsize,
    sync::{Arc, Mutex as StdMutex, PoisonError},
    time::Duration,
};

use fiml_session_core::{
    Clock, Timestamp,
    store::{
        ActiveCensus, Census, JobName, JobStore, RunOutcome, RunPage, RunState, StoreError,
        StoreHealth,
    },
};
use prometheus_client::{
    collector::Collector,
    encoding::DescriptorEncoder,
    metrics::{MetricType, counter::Counter, family::Family},
    registry::Registry,
};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// For how long what was read is told again, so that questions cost the stores little.
const FRESH: Duration = Duration::from_secs(5);
/// How long a store may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Among how many of its newest runs a job's last success is looked for.
const NEWEST: NonZeroUsize = NonZeroUsize::new(10).expect("more than zero");

/// What is read from the stores, which need not be those that are observed.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The stores that must answer, by the name that labels them.
    pub health: Vec<(&'static str, Arc<dyn StoreHealth>)>,
    /// The live sessions.
    pub census: Arc<dyn ActiveCensus>,
    /// The runs of jobs.
    pub runs: Arc<dyn JobStore>,
    /// The jobs whose runs are told.
    pub jobs: Vec<JobName>,
    /// What the time is.
    pub clock: Arc<dyn Clock>,
    /// How long past its expiry a session is not missed in the archive.
    pub archive_grace: Duration,
}

/// What was read, and when.
#[derive(Debug, Default)]
struct Reading {
    up: Vec<(&'static str, bool)>,
    census: Option<(Timestamp, Census)>,
    last_success: Option<Vec<(JobName, Timestamp)>>,
}

/// Reads the sources, and tells what it read last.
#[derive(Debug)]
pub(crate) struct Readings {
    sources: Sources,
    errors: Family<[(&'static str, &'static str); 1], Counter>,
    last: Mutex<Option<Instant>>,
    told: Arc<Told>,
}

#[derive(Debug, Default)]
struct Told(StdMutex<Reading>);

const CENSUS: &str = "sessions";
const RUNS: &str = "jobs";

impl Readings {
    pub(crate) fn register(registry: &mut Registry, sources: Sources) -> Self {
        let readings = Self {
            sources,
            errors: Family::default(),
            last: Mutex::default(),
            told: Arc::default(),
        };
        for source in readings.names() {
            drop(readings.errors.get_or_create(&[("source", source)]));
        }
        registry.register(
            "fiml_scrape_errors",
            "What could not be read for Prometheus, by source; its series are then absent",
            readings.errors.clone(),
        );
        registry.register_collector(Box::new(Arc::clone(&readings.told)));
        readings
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        let stores = self.sources.health.iter().map(|(name, _)| *name);
        stores.chain([CENSUS, RUNS])
    }

    /// Reads again, unless that was done just now; whoever asks meanwhile waits for the same.
    pub(crate) async fn refresh(&self) {
        let mut last = self.last.lock().await;
        if last.is_some_and(|last| last.elapsed() < FRESH) {
            return;
        }
        let reading = self.read().await;
        *self.told.0.lock().unwrap_or_else(PoisonError::into_inner) = reading;
        *last = Some(Instant::now());
    }

    async fn read(&self) -> Reading {
        let at = self.sources.clock.now();
        let due = at.minus(self.sources.archive_grace);
        let (census, last_success, up) = tokio::join!(
            self.ask(CENSUS, self.sources.census.census(at, due)),
            self.ask(RUNS, self.last_success()),
            self.up(),
        );
        Reading {
            up,
            census: census.map(|census| (at, census)),
            last_success,
        }
    }

    async fn up(&self) -> Vec<(&'static str, bool)> {
        let mut found = Vec::new();
        let mut asked = tokio::task::JoinSet::new();
        for (place, (_, store)) in self.sources.health.iter().enumerate() {
            let store = Arc::clone(store);
            asked.spawn(async move { (place, timeout(PATIENCE, store.health()).await) });
        }
        while let Some(answered) = asked.join_next().await {
            if let Ok((place, answer)) = answered {
                found.push((place, matches!(answer, Ok(Ok(_)))));
            }
        }
        found.sort_unstable();
        let names = self.sources.health.iter().map(|(name, _)| *name);
        names
            .enumerate()
            .map(|(place, name)| {
                let up = found.contains(&(place, true));
                if !up {
                    self.failed(name);
                }
                (name, up)
            })
            .collect()
    }

    async fn last_success(&self) -> Result<Vec<(JobName, Timestamp)>, StoreError> {
        let mut found = Vec::new();
        for job in &self.sources.jobs {
            let page = RunPage {
                after: None,
                limit: NEWEST,
            };
            let runs = self.sources.runs.list_runs(Some(job), &page).await?;
            let ends = runs.iter().filter_map(|run| match run.state {
                RunState::Finished {
                    outcome: RunOutcome::Succeeded,
                    at,
                } => Some(at),
                _ => None,
            });
            if let Some(at) = ends.max() {
                found.push((job.clone(), at));
            }
        }
        Ok(found)
    }

    async fn ask<T>(
        &self,
        source: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Option<T> {
        let reason = match timeout(PATIENCE, call).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error.chain(),
            Err(_) => format!("no answer within {} seconds", PATIENCE.as_secs()),
        };
        tracing::debug!(source, reason, "a reading for Prometheus is missing");
        self.failed(source);
        None
    }

    fn failed(&self, source: &'static str) {
        self.errors.get_or_create(&[("source", source)]).inc();
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "samples of Prometheus are floats; whole numbers are exact to 2^53"
)]
const fn float(count: u64) -> f64 {
    count as f64
}

fn gauge<const N: usize>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl IntoIterator<Item = ([(&'static str, String); N], f64)>,
) -> fmt::Result {
    // As the registry ends its own.
    let help = format!("{help}.");
    let mut metric = encoder.encode_descriptor(name, &help, None, MetricType::Gauge)?;
    for (labels, value) in samples {
        if labels.is_empty() {
            metric.encode_gauge(&value)?;
        } else {
            metric.encode_family(&labels)?.encode_gauge(&value)?;
        }
    }
    Ok(())
}

impl Collector for Told {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let up = reading.up.iter();
        let up = up.map(|(name, up)| ([("store", (*name).to_owned())], f64::from(u8::from(*up))));
        let help = "Whether a store answered when Prometheus asked";
        gauge(&mut encoder, "fiml_store_up", help, up)?;
        if let Some((at, census)) = &reading.census {
            let oldest = census
                .oldest
                .map_or(Duration::ZERO, |oldest| at.since(oldest));
            for (name, help, value) in [
                (
                    "fiml_sessions_active_total",
                    "Sessions that have not expired, of all processes",
                    float(census.active),
                ),
                (
                    "fiml_archive_backlog_sessions",
                    "Expired sessions that are due to be archived, of all processes",
                    float(census.waiting),
                ),
                (
                    "fiml_archive_backlog_oldest_seconds",
                    "How long ago the first of the backlog expired; 0 where there is none",
                    oldest.as_secs_f64(),
                ),
                (
                    "fiml_quarantined_sessions",
                    "Sessions that no job touches because they cannot be read or archived",
                    float(census.quarantined),
                ),
            ] {
                gauge(&mut encoder, name, help, [([], value)])?;
            }
        }
        if let Some(last_success) = &reading.last_success {
            let ends = last_success.iter().map(|(job, at)| {
                let seconds = Duration::from_micros(at.micros().unsigned_abs());
                ([("job", job.to_string())], seconds.as_secs_f64())
            });
            let help = "When the newest run that succeeded ended, of all processes";
            gauge(
                &mut encoder,
                "fiml_job_last_success_timestamp_seconds",
                help,
                ends,
            )?;
        }
        Ok(())
    }
}
