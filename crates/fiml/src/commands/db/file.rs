//! The file that holds the sessions.

use anyhow::{Context, Result, bail};
use fiml_session_core::Invalid;
use fiml_store_sqlite::{SqliteStore, VerifyReport};
use serde_json::json;

use super::Command;
use crate::{config::Config, output::Output, wiring};

pub(super) async fn run(command: Command, config: &Config, output: &Output) -> Result<()> {
    let file = config.data.display();
    match command {
        Command::Create => {
            let known = config.data.exists();
            wiring::sqlite(config).await?;
            let value = json!({"data": config.data, "created": !known});
            output.answer(&value, || {
                let done = if known {
                    "is there already, and up to date"
                } else {
                    "is made"
                };
                format!("{file} {done}")
            })
        }
        Command::Verify => {
            wiring::expect_place(config)?;
            expect_content(config)?;
            let report = wiring::sqlite(config).await?.verify().await?;
            let problems: Vec<_> = problems(&report).collect();
            if !problems.is_empty() {
                bail!("{file} is damaged: {}", problems.join("; "));
            }
            let value = json!({
                "data": config.data, "schema_version": report.schema_version,
                "sessions": report.sessions, "archived": report.archived,
            });
            output.answer(&value, || {
                format!(
                    "{file} is sound: {} live and {} archived sessions, schema version {}",
                    report.sessions, report.archived, report.schema_version
                )
            })
        }
        Command::Migrate { to, .. } => {
            wiring::expect_place(config)?;
            let report = wiring::sqlite(config).await?.verify().await?;
            if to.is_some_and(|to| to != report.schema_version) {
                let limit = format!("{}: a file does not go back", report.schema_version);
                let problem = format!("is {}", to.unwrap_or_default());
                bail!(Invalid::malformed("--to", problem, limit));
            }
            let value = json!({"data": config.data, "schema_version": report.schema_version});
            output.answer(&value, || {
                format!("{file} has schema version {}", report.schema_version)
            })
        }
        Command::Drop { yes } => {
            wiring::expect_place(config)?;
            output.confirm(&format!("Remove {file} with every session in it?"), yes)?;
            let dropped = SqliteStore::drop_database(&config.data).await;
            dropped.context("nothing was removed")?;
            output.answer(&json!({"data": config.data}), || {
                format!("{file} is removed")
            })
        }
    }
}

/// Refuses a file without a byte, which opening would turn into a sound one.
fn expect_content(config: &Config) -> Result<()> {
    if std::fs::metadata(&config.data).is_ok_and(|file| file.is_file() && file.len() == 0) {
        bail!(
            "{} is damaged: it is empty, as a file is whose content was lost",
            config.data.display()
        );
    }
    Ok(())
}

fn problems(report: &VerifyReport) -> impl Iterator<Item = String> {
    let version = (report.schema_version != report.known_version).then(|| {
        format!(
            "schema version {} instead of {}",
            report.schema_version, report.known_version
        )
    });
    let orphans = report
        .orphans
        .iter()
        .map(|table| format!("rows of {table} refer to nothing"));
    let miscounted = (report.miscounted > 0)
        .then(|| format!("{} sessions count their queries wrongly", report.miscounted));
    let damages = report.damages.clone().into_iter();
    version
        .into_iter()
        .chain(damages)
        .chain(orphans)
        .chain(miscounted)
}
