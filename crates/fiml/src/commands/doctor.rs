//! `fiml doctor`: whether what holds the sessions is in order, and what to change.

use std::{num::NonZeroUsize, time::Duration};

use anyhow::{Result, bail};
use fiml_session_core::{
    Clock as _, Stores, SystemClock, Timestamp,
    store::{BoxError, Finding, Health, Severity, StoreHealth, UnsettledState},
};
use fiml_store_pg::PgStore;
use fiml_store_redis::RedisStore;
use serde::Serialize;

use crate::{
    config::{Config, Servers},
    exit::NotDurable,
    output::{Output, table},
    wiring::{self, Opened},
};

pub(super) const AFTER_HELP: &str = "\
Nothing is changed. The exit code is 0 where nothing is wrong or only a note is made, 1 where there is a
warning, 5 where a server does not answer, 6 where a crash would lose what was acknowledged.";

/// How far the clock of a server may be off before it is worth a word.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(1);
/// Up to where sessions and rows that wait are counted.
const COUNTED: NonZeroUsize = NonZeroUsize::new(10_000).expect("more than zero");

/// What is known of one store.
#[derive(Debug, Serialize)]
struct StoreReport {
    store: String,
    reachable: bool,
    version: Option<String>,
    schema_version: Option<i64>,
    clock_difference_ms: Option<i64>,
    findings: Vec<Finding>,
}

/// What waits; each is counted up to 10,000.
#[derive(Debug, Serialize)]
struct Waiting {
    /// Sessions that have expired longer ago than the grace, and are not archived.
    backlog: usize,
    /// Sessions that no job touches because they cannot be read or archived.
    quarantined: usize,
    /// Rows of sessions on their way into the archive or back.
    unsettled: usize,
}

/// Everything that was found.
#[derive(Debug, Serialize)]
struct Diagnosis {
    place: String,
    stores: Vec<StoreReport>,
    waiting: Option<Waiting>,
}

pub(crate) async fn run(config: &Config, output: &Output) -> Result<()> {
    wiring::expect_place(config)?;
    let diagnosis = match &config.servers {
        Some(servers) => of_servers(config, servers).await?,
        None => of_file(config).await?,
    };
    let worst = diagnosis.worst();
    let status = if worst.is_some_and(|worst| worst > Severity::Note) {
        "error"
    } else {
        "success"
    };
    output.report(status, &diagnosis, || render(&diagnosis))?;
    if let Some(away) = diagnosis.stores.iter().find(|store| !store.reachable) {
        let source: BoxError = "see above".into();
        bail!(fiml_session_core::store::StoreError::Unavailable {
            store: if away.store == "Redis" {
                "Redis"
            } else {
                "PostgreSQL"
            },
            source,
        });
    }
    match worst {
        Some(Severity::Danger) => {
            bail!(NotDurable::error(
                "a crash would lose what was acknowledged".to_owned()
            ))
        }
        Some(Severity::Warning) => bail!("something should be changed; it is said above"),
        Some(Severity::Note) | None => Ok(()),
    }
}

async fn of_file(config: &Config) -> Result<Diagnosis> {
    let opened = wiring::open(config).await?;
    let mut stores = Vec::new();
    for store in &opened.health {
        stores.push(examine(store.as_ref()).await?);
    }
    let waiting = Some(waiting(&opened.stores, config).await?);
    let place = config.place();
    Ok(Diagnosis {
        place,
        stores,
        waiting,
    })
}

/// Each server alone, so that one that is away does not hide the other.
async fn of_servers(config: &Config, servers: &Servers) -> Result<Diagnosis> {
    let mut stores = vec![match RedisStore::connect(wiring::redis(servers)).await {
        Ok(redis) => examine(&redis).await?,
        Err(error) => StoreReport::away("Redis", &error),
    }];
    let mut ready = stores.iter().all(|store| store.reachable);
    stores.push(match PgStore::verify(wiring::postgres(servers)).await {
        Err(error) => {
            ready = false;
            StoreReport::away("PostgreSQL", &error)
        }
        // Opening the tables would bring them up to date, which is not for a doctor to do.
        Ok(report) if report.schema_version != report.known_version => {
            ready = false;
            StoreReport::outdated(report.schema_version, report.known_version)
        }
        Ok(report) => {
            let archive = PgStore::connect(wiring::postgres(servers)).await?;
            let mut found = examine(&archive).await?;
            found.schema_version = Some(report.schema_version);
            found
        }
    });
    let waiting = if ready {
        let Opened { stores, .. } = wiring::open(config).await?;
        Some(waiting(&stores, config).await?)
    } else {
        None
    };
    let place = config.place();
    Ok(Diagnosis {
        place,
        stores,
        waiting,
    })
}

async fn examine(store: &dyn StoreHealth) -> Result<StoreReport> {
    let before = SystemClock.now();
    let health = store.health().await?;
    let after = SystemClock.now();
    let off = health.clock.map(|clock| difference(clock, before, after));
    let Health {
        store,
        version,
        mut findings,
        ..
    } = health;
    if let Some(off) = off.filter(|off| off.unsigned_abs() > CLOCK_TOLERANCE.as_millis() as u64) {
        findings.push(Finding {
            severity: Severity::Warning,
            found: format!("its clock differs from this machine's by {off} ms"),
            remedy: "let both follow the same time server".to_owned(),
        });
    }
    Ok(StoreReport {
        store: store.to_owned(),
        reachable: true,
        version: Some(version),
        schema_version: None,
        clock_difference_ms: off,
        findings,
    })
}

/// How far a clock is ahead, in milliseconds, where it was read at some moment between two others.
fn difference(clock: Timestamp, before: Timestamp, after: Timestamp) -> i64 {
    let off = if clock < before {
        clock.micros() - before.micros()
    } else {
        (clock.micros() - after.micros()).max(0)
    };
    off / 1_000
}

async fn waiting(stores: &Stores, config: &Config) -> Result<Waiting> {
    let due = SystemClock.now().minus(config.policy.archive_grace);
    let unsettled = stores.archive.unsettled(None, COUNTED).await?;
    let moving = unsettled
        .iter()
        .filter(|row| row.state != UnsettledState::Buried);
    Ok(Waiting {
        backlog: stores.active.expired(due, COUNTED).await?.len(),
        quarantined: stores.active.quarantined(COUNTED).await?.len(),
        unsettled: moving.count(),
    })
}

impl StoreReport {
    fn away(store: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut reasons = vec![error.to_string()];
        let mut beneath = error.source();
        while let Some(source) = beneath {
            reasons.push(source.to_string());
            beneath = source.source();
        }
        Self {
            store: store.to_owned(),
            reachable: false,
            version: None,
            schema_version: None,
            clock_difference_ms: None,
            findings: vec![Finding {
                severity: Severity::Danger,
                found: reasons.join(": "),
                remedy: "start the server, or mend its address in the settings".to_owned(),
            }],
        }
    }

    fn outdated(found: i64, known: i64) -> Self {
        let (found_text, remedy) = match found {
            0 => ("there are no tables yet", "fiml db create"),
            found if found < known => ("the tables are of an older version", "fiml db migrate"),
            _ => ("the tables are of a newer version", "use a newer fiml"),
        };
        Self {
            store: "PostgreSQL".to_owned(),
            reachable: true,
            version: None,
            schema_version: Some(found),
            clock_difference_ms: None,
            findings: vec![Finding {
                severity: Severity::Warning,
                found: format!("{found_text}: {found} instead of {known}"),
                remedy: remedy.to_owned(),
            }],
        }
    }
}

impl Diagnosis {
    fn worst(&self) -> Option<Severity> {
        let findings = self.stores.iter().flat_map(|store| &store.findings);
        let quarantined = self
            .waiting
            .as_ref()
            .is_some_and(|waiting| waiting.quarantined > 0);
        let worst = findings.map(|finding| finding.severity).max();
        worst.max(quarantined.then_some(Severity::Warning))
    }
}

fn render(diagnosis: &Diagnosis) -> String {
    let rows = diagnosis.stores.iter().map(|store| {
        let or_none = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        vec![
            store.store.clone(),
            if store.reachable { "reachable" } else { "away" }.to_owned(),
            or_none(store.version.clone()),
            or_none(store.schema_version.map(|version| version.to_string())),
            or_none(store.clock_difference_ms.map(|off| format!("{off} ms off"))),
        ]
    });
    let mut text = format!("{}\n\n", diagnosis.place);
    text += &table(&["store", "state", "version", "schema", "clock"], rows);
    let findings = diagnosis.stores.iter().flat_map(|store| {
        store
            .findings
            .iter()
            .map(move |finding| (&store.store, finding))
    });
    for (store, finding) in findings {
        let severity = match finding.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Danger => "DANGER",
        };
        text += &format!("\n\n{severity}: {store}: {}", finding.found);
        if !finding.remedy.is_empty() {
            text += &format!("\n  to do: {}", finding.remedy);
        }
    }
    if let Some(waiting) = &diagnosis.waiting {
        text += &format!(
            "\n\nexpired and not archived: {}   on their way between the tiers: {}   in quarantine: {}",
            waiting.backlog, waiting.unsettled, waiting.quarantined
        );
        if waiting.quarantined > 0 {
            text +=
                "\n  to do: look at them with fiml sessions show, and delete what cannot be mended";
        }
    }
    text
}
