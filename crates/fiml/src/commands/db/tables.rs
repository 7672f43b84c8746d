//! The tables of the archive. Live sessions, which are in Redis, are not touched.

use anyhow::{Result, bail};
use fiml_store_pg::{PgStore, VerifyReport};
use serde_json::json;

use super::Command;
use crate::{failures::Missing, output::Output, servers::Servers};

pub(super) async fn run(command: Command, servers: &Servers, output: &Output) -> Result<()> {
    let place = servers.postgres().place();
    match command {
        Command::Create => {
            let is_new = PgStore::create_database(servers.postgres()).await?;
            output.answer(&json!({"database": place, "created": is_new}), || {
                let done = if is_new {
                    "is made, with its tables"
                } else {
                    "was there already; its tables are up to date"
                };
                format!("{place} {done}")
            })
        }
        Command::Verify => {
            let report = PgStore::verify(servers.postgres()).await?;
            if report.schema_version == 0 {
                bail!(Missing(format!(
                    "{place} holds no tables yet; fiml db create makes them"
                )));
            }
            let problems: Vec<_> = problems(&report).collect();
            if !problems.is_empty() {
                bail!("{place} is not in order: {}", problems.join("; "));
            }
            let value = json!({
                "database": place, "schema_version": report.schema_version,
                "archived": report.archived, "pending": report.pending,
                "restoring": report.restoring, "buried": report.buried,
                "measured": report.measured, "sampled": report.sampled,
            });
            output.answer(&value, || {
                format!(
                    "{place} is sound: {} archived sessions, {} on their way, {} read whole, schema version {}",
                    report.archived,
                    report.pending + report.restoring,
                    report.sampled,
                    report.schema_version
                )
            })
        }
        Command::Migrate { to, yes } => {
            let (found, _) = PgStore::schema_version(servers.postgres()).await?;
            if let Some(to) = to.filter(|&to| to < found) {
                let question = format!(
                    "Take {place} back from schema version {found} to {to}, and drop what came between?"
                );
                output.confirm(&question, yes)?;
            }
            let (from, to) = PgStore::migrate(servers.postgres(), to).await?;
            let value = json!({"database": place, "from": from, "schema_version": to});
            output.answer(&value, || {
                format!("{place} has schema version {to}; it had {from}")
            })
        }
        Command::Drop { yes } => {
            let question = format!(
                "Remove the tables in {place} with every archived session? Live sessions stay in Redis."
            );
            output.confirm(&question, yes)?;
            let dropped = PgStore::drop_tables(servers.postgres()).await?;
            let value = json!({"database": place, "dropped": dropped});
            output.answer(&value, || {
                if dropped {
                    format!("the tables in {place} are removed")
                } else {
                    format!("there were no tables in {place}")
                }
            })
        }
    }
}

fn problems(report: &VerifyReport) -> impl Iterator<Item = String> {
    let version = (!report.is_current).then(|| {
        format!(
            "schema version {} instead of {} (fiml db migrate)",
            report.schema_version, report.known_version
        )
    });
    let orphans = (report.orphans > 0)
        .then(|| format!("{} deleted sessions still have figures", report.orphans));
    let damaged = (!report.damaged.is_empty()).then(|| {
        let ids: Vec<_> = report.damaged.iter().map(ToString::to_string).collect();
        format!(
            "these sessions cannot be read or differ from their columns: {}",
            ids.join(", ")
        )
    });
    version.into_iter().chain(orphans).chain(damaged)
}
