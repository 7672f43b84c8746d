//! Checks the tables.

use diesel::sql_types::{BigInt, Binary, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use fiml_session_core::{QueryRecord, SessionHeader, SessionId, store::StoreError};
use futures_util::TryStreamExt;

use crate::{
    config::PgConfig,
    connect::PgStore,
    connection::Connector,
    error::{ConnectError, Failure},
    migrate::{ask_version, schema_version},
    row::{HeaderColumns, HeaderRow, from_json, from_stored, header_columns},
    sql::Composed,
    stage::RECENT,
};

/// How many of the newest sessions are read whole.
const SAMPLE: i64 = 1_000;

/// What a check of the tables found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// The schema version of the tables, as far as this program knows them; 0 where there are none.
    pub schema_version: i64,
    /// The schema version of this program.
    pub known_version: i64,
    /// Whether the tables are those of this program: all of its migrations ran, and none that it does not know.
    /// Where they are not, nothing else is looked at.
    pub is_current: bool,
    /// How many sessions have arrived in the archive.
    pub archived: u64,
    /// How many are on their way into it.
    pub pending: u64,
    /// How many are on their way back.
    pub restoring: u64,
    /// How many tombstones stand.
    pub buried: u64,
    /// How many sessions have figures; those of purged sessions included.
    pub measured: u64,
    /// How many deleted sessions still have figures.
    pub orphans: u64,
    /// How many sessions were read whole: the 1,000 newest.
    pub sampled: u64,
    /// Those among them that cannot be read, or differ from their columns.
    pub damaged: Vec<SessionId>,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.is_current && self.orphans == 0 && self.damaged.is_empty()
    }
}

impl PgStore {
    /// Reads the tables and says what is wrong with them; it changes nothing, not even their version.
    pub async fn verify(config: PgConfig) -> Result<VerifyReport, ConnectError> {
        let connector = Connector::new(config).await?;
        let mut conn = connector.open_for_maintenance().await?;
        let inspecting = async {
            let report = inspect(&mut conn).await;
            report.map_err(|error| ConnectError::asking(connector.place(), error))
        };
        connector.batch_answer(inspecting).await
    }

    /// The schema version of the tables, 0 where there are none, and that of this program.
    ///
    /// It reads no session and changes nothing. Tables that this program cannot use are refused as
    /// [`PgStore::connect`] refuses them.
    pub async fn schema_version(config: PgConfig) -> Result<(i64, i64), ConnectError> {
        let connector = Connector::new(config).await?;
        let mut conn = connector.open_for_maintenance().await?;
        let version = ask_version(&mut conn, &connector).await?;
        version.refuse_newer(connector.place())?;
        Ok((version.found, version.known))
    }
}

async fn inspect(conn: &mut AsyncPgConnection) -> Result<VerifyReport, Failure> {
    conn.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let version = schema_version(conn).await?;
    let mut report = VerifyReport {
        schema_version: version.found,
        known_version: version.known,
        is_current: version.is_current(),
        archived: 0,
        pending: 0,
        restoring: 0,
        buried: 0,
        measured: 0,
        orphans: 0,
        sampled: 0,
        damaged: Vec::new(),
    };
    if !version.is_current() {
        return Ok(report);
    }
    let counts = Composed::<(Text, BigInt)>::new().sql(COUNTS);
    let counts: Vec<(String, i64)> = counts.load(conn).await?;
    for (what, count) in counts {
        let field = match what.as_str() {
            "archived" => &mut report.archived,
            "pending" => &mut report.pending,
            "restoring" => &mut report.restoring,
            "buried" => &mut report.buried,
            "measured" => &mut report.measured,
            _ => &mut report.orphans,
        };
        *field = count.unsigned_abs();
    }
    let sample = Composed::<(HeaderColumns, Binary, Binary)>::new()
        .sql(NEWEST)
        .number(SAMPLE);
    let mut sample = sample
        .load_stream::<(HeaderRow, Vec<u8>, Vec<u8>)>(conn)
        .await?;
    while let Some((row, recent, snapshot)) = sample.try_next().await? {
        report.sampled += 1;
        let id = row.session_id();
        if !agrees(row, &recent, &snapshot).unwrap_or(false) {
            report.damaged.push(id);
        }
    }
    Ok(report)
}

fn agrees(row: HeaderRow, recent: &[u8], snapshot: &[u8]) -> Result<bool, StoreError> {
    let id = row.session_id();
    let whole = from_stored(id, snapshot)?;
    let recent: Vec<QueryRecord> = from_json(id, recent)?;
    let queries = whole.session.state.history.get_recent_queries(RECENT);
    Ok(SessionHeader::try_from(row)? == whole.header() && queries.into_iter().eq(&recent))
}

const COUNTS: &str = "SELECT status, count(*) FROM sessions GROUP BY status \
     UNION ALL SELECT 'measured', count(*) FROM session_metrics \
     UNION ALL SELECT 'orphans', count(*) FROM session_metrics m \
     WHERE EXISTS (SELECT 1 FROM sessions s WHERE s.id = m.session_id AND s.status = 'buried')";

const NEWEST: &str = concat!(
    "SELECT ",
    header_columns!(),
    ", s.recent, s.snapshot FROM sessions s WHERE s.status <> 'buried' \
     ORDER BY s.created_at DESC, s.id DESC LIMIT "
);
