//! Rows as comma-separated values.

use std::io::{self, Write};

use anyhow::Result;
use csv::Writer;
use fiml_analytics::ExportedSession;

use super::Rows;

const COLUMNS: [&str; 17] = [
    "session_id",
    "user_id",
    "session_type",
    "assets",
    "tags",
    "created_at",
    "expires_at",
    "last_accessed_at",
    "duration_seconds",
    "is_expired",
    "is_archived",
    "total_queries",
    "cache_hits",
    "query_types",
    "sources",
    "errors",
    "execution_times_us",
];

/// Lists and maps stand in their cells as JSON; nobody's user is an empty cell.
pub(super) struct CsvRows<W: Write> {
    to: Writer<W>,
}

impl<W: Write> CsvRows<W> {
    pub(super) fn new(to: W) -> Result<Self> {
        let mut to = Writer::from_writer(to);
        to.write_record(COLUMNS).map_err(io_error)?;
        Ok(Self { to })
    }
}

impl<W: Write> Rows for CsvRows<W> {
    fn write(&mut self, rows: &[ExportedSession]) -> Result<()> {
        for row in rows {
            self.to.write_record(cells(row)?).map_err(io_error)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(self.to.flush()?)
    }
}

fn cells(row: &ExportedSession) -> Result<[String; COLUMNS.len()], serde_json::Error> {
    let user = row.user_id.as_ref();
    Ok([
        row.session_id.to_string(),
        user.map_or_else(String::new, ToString::to_string),
        row.session_type.name().to_owned(),
        serde_json::to_string(&row.assets)?,
        serde_json::to_string(&row.tags)?,
        row.created_at.to_string(),
        row.expires_at.to_string(),
        row.last_accessed_at.to_string(),
        row.duration_seconds.to_string(),
        row.is_expired.to_string(),
        row.is_archived.to_string(),
        row.total_queries.to_string(),
        row.cache_hits.to_string(),
        serde_json::to_string(&row.query_types)?,
        serde_json::to_string(&row.sources)?,
        serde_json::to_string(&row.errors)?,
        serde_json::to_string(&row.execution_times_us)?,
    ])
}

/// What went wrong beneath, which `csv` keeps to itself otherwise.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}
