//! `fiml doctor`: whether what holds the sessions is in order, and what to change.

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Result, anyhow};
use fiml_session_core::{
    Clock as _, Stores, SystemClock, Timestamp, error_chain,
    store::{Finding, Severity, StoreHealth, UnsettledState},
};
use fiml_store_pg::{ConnectError as PgConnectError, PgStore, VerifyReport};
use fiml_store_redis::{ConnectError as RedisConnectError, RedisStore};
use fiml_store_sqlite::SCHEMA_VERSION;
use serde::Serialize;

use crate::{
    commands::remedy,
    config::Config,
    failures::{Away, NotDurable},
    output::{Output, table},
    servers::Servers,
    wiring,
};

pub(super) const AFTER_HELP: &str = "\
Sessions are left alone. The exit code is 0 where nothing is wrong or only a note is made, 1 where there is a \
warning, 2 where a setting is refused, 5 where a server does not answer, 6 where what was acknowledged may be lost.";

/// How far the clock of a server may be off before it is worth a word.
const CLOCK_TOLERANCE_MS: u64 = 1_000;
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
    let failure = if diagnosis.stores.iter().any(|store| !store.reachable) {
        Some(Away.into())
    } else {
        match worst {
            Some(Severity::Danger) => {
                let text = "what was acknowledged may be lost; it is said above how";
                Some(NotDurable(text.to_owned()).into())
            }
            Some(Severity::Warning) => {
                Some(anyhow!("something should be changed; it is said above"))
            }
            Some(Severity::Note) | None => None,
        }
    };
    output.report(failure, &diagnosis, || render(&diagnosis))
}

async fn of_file(config: &Config) -> Result<Diagnosis> {
    let opened = wiring::open(config).await?;
    let mut stores = Vec::new();
    for store in &opened.health {
        let report = examine("the data file", store.as_ref()).await;
        stores.push(StoreReport {
            schema_version: Some(SCHEMA_VERSION),
            ..report
        });
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
    let (mut live, mut archive) = (None, None);
    let redis = match RedisStore::connect(servers.redis()).await {
        Ok(store) => {
            let report = examine("Redis", &store).await;
            live = Some(store);
            report
        }
        // There is nothing to look at.
        Err(
            error
            @ (RedisConnectError::InvalidUrl { .. } | RedisConnectError::InvalidPrefix { .. }),
        ) => return Err(error.into()),
        Err(error) => {
            let is_away = matches!(error, RedisConnectError::Unreachable { .. });
            StoreReport::refused("Redis", is_away, &error, remedy::of_redis(&error))
        }
    };
    let postgres = match PgStore::verify(servers.postgres()).await {
        Err(error @ PgConnectError::Invalid(_)) => return Err(error.into()),
        Err(error) => {
            let is_away = matches!(error, PgConnectError::Unreachable { .. });
            StoreReport::refused("PostgreSQL", is_away, &error, remedy::of_postgres(&error))
        }
        // Opening the tables would bring them up to date, which is not for a doctor to do.
        Ok(found) if !found.is_current => {
            StoreReport::outdated(found.schema_version, found.known_version)
        }
        Ok(found) => match PgStore::connect(servers.postgres()).await {
            Err(error) => {
                StoreReport::refused("PostgreSQL", true, &error, remedy::of_postgres(&error))
            }
            Ok(store) => {
                let mut report = examine("PostgreSQL", &store).await;
                report.schema_version = Some(found.schema_version);
                report.findings.extend(damage(&found));
                archive = Some(store);
                report
            }
        },
    };
    let waiting = match (live, archive) {
        (Some(live), Some(archive)) => {
            let archive = Arc::new(archive);
            let stores = Stores {
                active: Arc::new(live),
                metrics: Arc::<PgStore>::clone(&archive),
                archive,
            };
            Some(waiting(&stores, config).await?)
        }
        _ => None,
    };
    Ok(Diagnosis {
        place: config.place(),
        stores: vec![redis, postgres],
        waiting,
    })
}

fn damage(found: &VerifyReport) -> Option<Finding> {
    (!found.is_sound()).then(|| Finding {
        severity: Severity::Danger,
        found: format!(
            "of {} sessions that were read whole {} are damaged, and {} deleted ones still have figures",
            found.sampled,
            found.damaged.len(),
            found.orphans
        ),
        remedy: "fiml db verify names them; restore them from a backup".to_owned(),
    })
}

async fn examine(store: &str, health: &dyn StoreHealth) -> StoreReport {
    let before = SystemClock.now();
    let found = match health.health().await {
        Ok(found) => found,
        Err(error) => {
            let is_away = error.is_transient();
            return StoreReport::refused(store, is_away, &error, remedy::of_store(is_away));
        }
    };
    let off = found
        .clock
        .map(|clock| difference(clock, before, SystemClock.now()));
    let mut findings = found.findings;
    if let Some(off) = off.filter(|off| off.unsigned_abs() > CLOCK_TOLERANCE_MS) {
        findings.push(Finding {
            severity: Severity::Warning,
            found: format!("its clock differs from this machine's by {off} ms"),
            remedy: "let both follow the same time server".to_owned(),
        });
    }
    StoreReport {
        store: store.to_owned(),
        reachable: true,
        version: Some(found.version),
        schema_version: None,
        clock_difference_ms: off,
        findings,
    }
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
    let (mut unsettled, mut after) = (0, None);
    // Tombstones lie among them.
    loop {
        let rows = stores.archive.unsettled(after, COUNTED).await?;
        let moving = rows
            .iter()
            .filter(|row| row.state != UnsettledState::Buried);
        unsettled += moving.count();
        after = rows.last().map(|row| row.id);
        if rows.len() < COUNTED.get() || unsettled >= COUNTED.get() {
            break;
        }
    }
    Ok(Waiting {
        backlog: stores.active.expired(due, COUNTED).await?.len(),
        quarantined: stores.active.quarantined(COUNTED).await?.len(),
        unsettled: unsettled.min(COUNTED.get()),
    })
}

impl StoreReport {
    /// A store that does not answer, or that does not let itself be used.
    fn refused(
        store: &str,
        is_away: bool,
        error: &(dyn std::error::Error + 'static),
        remedy: &str,
    ) -> Self {
        // Where it answers and is not used, nothing was acknowledged that could be lost.
        let severity = if is_away {
            Severity::Danger
        } else {
            Severity::Warning
        };
        Self {
            store: store.to_owned(),
            reachable: !is_away,
            version: None,
            schema_version: None,
            clock_difference_ms: None,
            findings: vec![Finding {
                severity,
                found: error_chain(error),
                remedy: remedy.to_owned(),
            }],
        }
    }

    fn outdated(found: i64, known: i64) -> Self {
        let (found_text, remedy) = match found {
            0 => ("there are no tables yet", "fiml db create"),
            found if found < known => ("the tables are of an older version", "fiml db migrate"),
            _ => (
                "the tables are of a newer version",
                "use a newer fiml, or name a schema with DATABASE_SCHEMA",
            ),
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
