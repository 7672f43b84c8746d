//! A session as a row of the archive, and how PostgreSQL takes rows without us.

use std::{
    fmt::Display,
    time::{Duration, UNIX_EPOCH},
};

use fiml_session_core::{Timestamp, store::StagedSession};
use tokio_postgres::{
    Client,
    binary_copy::BinaryCopyInWriter,
    types::{ToSql, Type},
};

/// The values of a row, in the order of [`COPY`].
pub(crate) type Row = Vec<Box<dyn ToSql + Sync + Send>>;

const COPY: &str = "COPY sessions (id, user_id, session_type, assets, tags, created_at, expires_at, \
    last_accessed_at, version, total_queries, cache_hits, size_bytes, context_entries, \
    preference_entries, result_entries, metadata_entries, status, status_since, recent, snapshot) \
    FROM STDIN BINARY";

/// The row of a session as the store writes it, encoded beforehand.
pub(crate) fn row(staged: &StagedSession) -> Row {
    let (session, header) = (&staged.snapshot.session, staged.snapshot.header());
    let mut snapshot = vec![1];
    serde_json::to_writer(&mut snapshot, &staged.snapshot).unwrap();
    let recent = session.state.history.get_recent_queries(5);
    let owner = session.user_id.as_ref().map(ToString::to_string);
    let mut row: Row = vec![
        Box::new(session.id.uuid()),
        Box::new(owner),
        Box::new(session.session_type.name()),
        Box::new(texts(&session.assets)),
        Box::new(texts(&session.tags)),
    ];
    for at in [
        session.created_at,
        session.expires_at,
        session.last_accessed_at,
    ] {
        row.push(instant(at));
    }
    let numbers = [
        session.version,
        header.total_queries,
        header.cache_hits,
        header.size_bytes,
    ];
    for number in numbers.into_iter().chain(header.entry_counts) {
        row.push(Box::new(i64::try_from(number).unwrap()));
    }
    row.push(Box::new("pending"));
    row.push(instant(session.created_at));
    row.push(Box::new(serde_json::to_vec(&recent).unwrap()));
    row.push(Box::new(snapshot));
    row
}

fn instant(at: Timestamp) -> Box<dyn ToSql + Sync + Send> {
    Box::new(UNIX_EPOCH + Duration::from_micros(at.micros().unsigned_abs()))
}

fn texts(values: &[impl Display]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn types() -> Vec<Type> {
    let mut types = vec![
        Type::UUID,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT_ARRAY,
        Type::TEXT_ARRAY,
    ];
    types.extend(vec![Type::TIMESTAMPTZ; 3]);
    types.extend(vec![Type::INT8; 8]);
    types.extend([Type::TEXT, Type::TIMESTAMPTZ, Type::BYTEA, Type::BYTEA]);
    types
}

/// Copies rows in one commit.
pub(crate) async fn copy(client: &Client, rows: &[Row]) {
    let sink = client.copy_in(COPY).await.unwrap();
    let writer = BinaryCopyInWriter::new(sink, &types());
    let mut writer = std::pin::pin!(writer);
    for row in rows {
        let row: Vec<&(dyn ToSql + Sync)> = row.iter().map(|value| &**value as _).collect();
        writer.as_mut().write(&row).await.unwrap();
    }
    writer.finish().await.unwrap();
}
