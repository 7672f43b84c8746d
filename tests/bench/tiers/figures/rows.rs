//! Rows of figures, made where they are kept; the same ones every time, counted back from now.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fiml_session_core::Timestamp;
use fiml_tests::place::Tiers;
use tokio_postgres::{Client, NoTls};

use crate::servers::now;

/// Which rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) count: u32,
    /// How long ago the first was created.
    pub(crate) first: Duration,
    /// And the last; the others evenly in between.
    pub(crate) last: Duration,
    /// How many sessions each user has.
    pub(crate) of_one: u32,
}

/// A connection past every store, to the tables of this part of the server.
pub(crate) async fn connect(tiers: &Tiers) -> Client {
    let connected = tokio_postgres::connect(&tiers.database_url, NoTls).await;
    let (client, connection) = connected.unwrap();
    tokio::spawn(connection);
    let path = format!("SET search_path TO {}", tiers.schema);
    client.batch_execute(&path).await.unwrap();
    client
}

pub(crate) fn instant(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(at.micros().unsigned_abs())
}

/// Durations up to six hours and execution times up to ten seconds, of five types, 200 assets and 30 tags.
pub(crate) async fn fill(client: &Client, rows: &Rows) {
    let begin = now();
    let (first, last) = (begin.minus(rows.first), begin.minus(rows.last));
    let apart = last.since(first).as_micros() / u128::from(rows.count);
    let users = (rows.count / rows.of_one).max(1);
    let insert = format!(
        "INSERT INTO session_metrics SELECT md5(n::text)::uuid, 'user_' || n % {users}, \
         (ARRAY['equity', 'crypto', 'portfolio', 'comparative', 'macro'])[1 + n % 5], \
         ARRAY['SYM' || n * 7 % 200, 'SYM' || n * 13 % 199], ARRAY['tag' || n % 30], at, \
         at + interval '24 h', at + (n * 2654435761 % 21600000000) * interval '1 us', n % 12, n % 12 / 3, \
         convert_to(format('{{\"query_types\":{{\"price\":%s,\"news\":%s}},\"sources\":{{\"file\":%s}},\
         \"errors\":{{}},\"execution_times\":{{\"%s\":1,\"%s\":2}}}}', n % 9, n % 4, n % 12, \
         (1000 + n * 48271 % 9000) * 10, (100 + n * 69621 % 900) * 10000), 'UTF8') \
         FROM (SELECT n, to_timestamp(0) + ({first} + n * {apart}) * interval '1 us' AS at \
         FROM generate_series(0::bigint, {count} - 1) AS n) AS rows",
        first = first.micros(),
        count = rows.count,
    );
    client.batch_execute(&insert).await.unwrap();
    client.batch_execute("ANALYZE").await.unwrap();
}
