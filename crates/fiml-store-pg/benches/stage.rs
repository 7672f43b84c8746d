//! Staging beside a bare binary COPY of the same rows into the same tables, round by round; then figures over them.

#![expect(clippy::unwrap_used, reason = "whatever fails ends the measurement")]
#![expect(clippy::print_stdout, reason = "a measurement prints")]

use std::{
    collections::BTreeSet,
    time::{Duration, Instant, UNIX_EPOCH},
};

use fiml_session_core::{
    AnalysisHistory, QueryRecord, SessionMetrics,
    store::{ArchiveStore, MetricsFilter, MetricsStore, Scope, StagedSession},
};
use fiml_store_pg::{PgConfig, PgStore};
use fiml_testkit::{
    fixtures::{START, full_session, object},
    servers::{PostgresServer, unique},
};
use serde_json::json;
use tokio_postgres::{
    Client, NoTls,
    binary_copy::BinaryCopyInWriter,
    types::{ToSql, Type},
};

const ROUNDS: u32 = 7;
const ROWS: u32 = 2_000;
const BATCH: usize = 500;

/// A session with ten queries of some 216 bytes.
fn staged(n: u32) -> StagedSession {
    let mut session = full_session(n);
    let queries = (1..=10).map(|seq| QueryRecord {
        seq,
        version: seq + 1,
        timestamp: Some(START),
        parameters: object(json!({"symbol": "AAPL", "depth": "standard", "language": "en"})),
        result_summary: "AAPL 223.02 USD as of 2100-01-01, up 1.2".to_owned(),
        execution_time_ms: Some(12.5),
        source: Some("file".to_owned()),
        ..QueryRecord::new("price")
    });
    session.state.history = AnalysisHistory::from_stored(queries.collect(), 10, 0);
    StagedSession {
        metrics: Some(SessionMetrics::of(&session)),
        snapshot: session.into(),
    }
}

type Row = Vec<Box<dyn ToSql + Sync>>;

/// The row of a session as the store writes it, encoded beforehand.
fn row(staged: &StagedSession) -> Row {
    let (session, header) = (&staged.snapshot.session, staged.snapshot.header());
    let at = |micros: i64| UNIX_EPOCH + Duration::from_micros(micros.unsigned_abs());
    let number = |count: u64| -> Box<dyn ToSql + Sync> { Box::new(i64::try_from(count).unwrap()) };
    let mut snapshot = vec![1];
    serde_json::to_writer(&mut snapshot, &staged.snapshot).unwrap();
    let recent = session.state.history.get_recent_queries(5);
    let mut row: Row = vec![
        Box::new(session.id.uuid()),
        Box::new(
            session
                .user_id
                .as_ref()
                .map(|user| user.as_str().to_owned()),
        ),
        Box::new(session.session_type.name()),
        Box::new(
            session
                .assets
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        ),
        Box::new(
            session
                .tags
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        ),
        Box::new(at(session.created_at.micros())),
        Box::new(at(session.expires_at.micros())),
        Box::new(at(session.last_accessed_at.micros())),
    ];
    let numbers = [
        session.version,
        header.total_queries,
        header.cache_hits,
        header.size_bytes,
    ];
    row.extend(numbers.into_iter().chain(header.entry_counts).map(number));
    row.push(Box::new("pending"));
    row.push(Box::new(at(START.micros())));
    row.push(Box::new(serde_json::to_vec(&recent).unwrap()));
    row.push(Box::new(snapshot));
    row
}

const COPY: &str = "COPY sessions (id, user_id, session_type, assets, tags, created_at, expires_at, \
    last_accessed_at, version, total_queries, cache_hits, size_bytes, context_entries, \
    preference_entries, result_entries, metadata_entries, status, status_since, recent, snapshot) \
    FROM STDIN BINARY";

fn types() -> Vec<Type> {
    let mut types = vec![
        Type::UUID,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT_ARRAY,
        Type::TEXT_ARRAY,
    ];
    types.extend([Type::TIMESTAMPTZ, Type::TIMESTAMPTZ, Type::TIMESTAMPTZ]);
    types.extend(vec![Type::INT8; 8]);
    types.extend([Type::TEXT, Type::TIMESTAMPTZ, Type::BYTEA, Type::BYTEA]);
    types
}

async fn copy(client: &Client, rows: &[Row]) {
    for batch in rows.chunks(BATCH) {
        let sink = client.copy_in(COPY).await.unwrap();
        let writer = BinaryCopyInWriter::new(sink, &types());
        let mut writer = std::pin::pin!(writer);
        for row in batch {
            let row: Vec<&(dyn ToSql + Sync)> = row.iter().map(|value| &**value).collect();
            writer.as_mut().write(&row).await.unwrap();
        }
        writer.finish().await.unwrap();
    }
}

#[tokio::main]
async fn main() {
    let server = PostgresServer::start();
    let mut config = PgConfig::new(server.url());
    config.schema = Some(unique("stage"));
    let store = PgStore::connect(config).await.unwrap();
    let mut config = PgConfig::new(server.url());
    config.schema = Some(unique("copy"));
    PgStore::connect(config.clone()).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&config.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let path = format!("SET search_path TO {}", config.schema.unwrap());
    client.batch_execute(&path).await.unwrap();
    let bytes = serde_json::to_vec(&staged(1).snapshot).unwrap().len();
    println!("{ROWS} sessions of {bytes} bytes a round, {BATCH} a commit; rows per second");
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let sessions: Vec<_> = (0..ROWS).map(|n| staged(round * ROWS + n)).collect();
        let bare: Vec<_> = sessions.iter().map(row).collect();
        let started = Instant::now();
        copy(&client, &bare).await;
        let copied = f64::from(ROWS) / started.elapsed().as_secs_f64();
        let started = Instant::now();
        for batch in sessions.chunks(BATCH) {
            store.stage(batch, START).await.unwrap();
        }
        let staged = f64::from(ROWS) / started.elapsed().as_secs_f64();
        println!(
            "COPY {copied:>8.0}   stage {staged:>8.0}   ratio {:.2}",
            staged / copied
        );
        ratios.push(staged / copied);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.2}", ratios[ratios.len() / 2]);
    for _ in 0..3 {
        let (any, none) = (MetricsFilter::default(), BTreeSet::new());
        let started = Instant::now();
        let digest = store.digest(&Scope::All, &any, &none, START).await.unwrap();
        println!(
            "figures of {} sessions in {:?}",
            digest.sessions,
            started.elapsed()
        );
    }
}
