//! Statistics over very many archived sessions in one file, beside what SQLite itself takes for their rows.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::{
    connection::SimpleConnection,
    prelude::*,
    sql_types::{BigInt, Text},
};
use fiml_analytics::SessionAnalytics;
use fiml_session_core::{
    Clock, Policy, SessionId, SessionMetrics, SessionStore, SessionType, Stores, SystemClock,
    Timestamp, ValueCounts,
};
use fiml_store_sqlite::SqliteStore;

use crate::{
    appends::config,
    statistics::{OF_ONE, beside_an_aggregate, many_beside_few, one_user_beside_a_select, roll_up},
};

const MANY: u32 = 1_000_000;
const FEW: u32 = 100_000;
const DAY: Duration = Duration::from_hours(24);

diesel::table! {
    session_metrics (id) {
        id -> Binary,
        user_id -> Nullable<Text>,
        session_type -> Text,
        created_at -> BigInt,
        metrics -> Text,
    }
}

pub(crate) async fn over_many() {
    let folder = tempfile::tempdir().unwrap();
    let (many, mut beside) = of_30_days(folder.path(), "many.db", MANY).await;
    let (few, _) = of_30_days(folder.path(), "few.db", FEW).await;
    many_beside_few(&many, &few).await;
    beside_an_aggregate(&many, MANY, async || aggregate(&mut beside)).await;
    one_user_beside_a_select(&many, async |user| select(&mut beside, user)).await;
}

/// Sessions of the last 30 days, all of which have ended, rolled up; and a connection past the store.
async fn of_30_days(folder: &Path, name: &str, count: u32) -> (SessionAnalytics, SqliteConnection) {
    let store = Arc::new(SqliteStore::connect(config(folder, name)).await.unwrap());
    let file = folder.join(name);
    let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    // As the store's own readers have it.
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384",
    )
    .unwrap();
    let started = Instant::now();
    fill(&mut conn, count);
    let (filled, started) = (started.elapsed(), Instant::now());
    let all = roll_up(&*store).await;
    let took = started.elapsed();
    println!(
        "{count} rows of figures made in {filled:.1?}; {all} hours and days of a type rolled up in {took:.1?}\n"
    );
    let store = SessionStore::new(
        Stores::single(store),
        Policy::default(),
        Arc::new(SystemClock),
    );
    (SessionAnalytics::new(store), conn)
}

fn fill(conn: &mut SqliteConnection, count: u32) {
    let now = SystemClock.now();
    let first = now.minus(DAY * 30 - DAY / 24);
    let apart = (DAY * 29 - DAY / 12) / count;
    conn.immediate_transaction(|conn| -> QueryResult<()> {
        for n in 0..count {
            let row = row(n, first.plus(apart * n), count / OF_ONE);
            diesel::insert_into(session_metrics::table)
                .values((
                    session_metrics::id.eq(row.session_id.uuid().as_bytes().to_vec()),
                    session_metrics::user_id.eq(row.user_id.as_ref().map(ToString::to_string)),
                    session_metrics::session_type.eq(row.session_type.name()),
                    session_metrics::created_at.eq(row.created_at.micros()),
                    session_metrics::metrics.eq(serde_json::to_string(&row).unwrap()),
                ))
                .execute(conn)?;
        }
        Ok(())
    })
    .unwrap();
    conn.batch_execute("ANALYZE").unwrap();
}

/// Durations up to six hours and execution times up to ten seconds, of five types, 200 assets and 30 tags.
fn row(n: u32, created_at: Timestamp, users: u32) -> SessionMetrics {
    let at = u64::from(n);
    let counts = |pairs: &[(&str, u64)]| -> BTreeMap<String, u64> {
        let pairs = pairs.iter().filter(|(_, count)| *count > 0);
        pairs
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    };
    let mut execution_times = ValueCounts::default();
    execution_times.add((1_000 + at * 48_271 % 9_000) * 10, 1);
    execution_times.add((100 + at * 69_621 % 900) * 10_000, 2);
    let assets = [at * 7 % 200, at * 13 % 199].map(|asset| format!("SYM{asset}").parse().unwrap());
    let kept = Duration::from_micros(at * 2_654_435_761 % 21_600_000_000);
    let id = format!(
        "{:08x}-ac96-774b-bcce-{n:012x}",
        n.wrapping_mul(2_654_435_761)
    );
    SessionMetrics {
        session_id: id.parse::<SessionId>().unwrap(),
        user_id: Some(format!("user_{}", n % users).parse().unwrap()),
        session_type: SessionType::ALL[n as usize % 5],
        assets: assets.to_vec(),
        tags: vec![format!("tag{}", n % 30).parse().unwrap()],
        created_at,
        expires_at: created_at.plus(DAY),
        last_accessed_at: created_at.plus(kept),
        total_queries: at % 12,
        cache_hits: at % 12 / 3,
        query_types: counts(&[("price", at % 9), ("news", at % 4)]),
        sources: counts(&[("file", at % 12)]),
        errors: BTreeMap::new(),
        execution_times,
    }
}

#[derive(QueryableByName)]
struct Aggregate {
    #[diesel(sql_type = BigInt)]
    sessions: i64,
}

/// The counts, sums and the mean that SQL can tell without percentiles, which costs it less than all.
const AGGREGATE: &str = "SELECT count(*) AS sessions, \
    count(*) FILTER (WHERE metrics ->> 'expires_at' <= ?) AS ended, \
    count(*) FILTER (WHERE metrics ->> 'total_queries' < 2) AS few, \
    sum(metrics ->> 'total_queries') AS queries, sum(metrics ->> 'cache_hits') AS hits, \
    count(*) FILTER (WHERE session_type = 'equity') AS equity, \
    count(*) FILTER (WHERE session_type = 'crypto') AS crypto \
    FROM session_metrics WHERE created_at >= ?";

fn aggregate(conn: &mut SqliteConnection) -> (Duration, i64) {
    let now = SystemClock.now();
    let started = Instant::now();
    let told: Aggregate = diesel::sql_query(AGGREGATE)
        .bind::<Text, _>(now.to_string())
        .bind::<BigInt, _>(now.minus(DAY * 30).micros())
        .get_result(conn)
        .unwrap();
    (started.elapsed(), told.sessions)
}

/// Kept prepared by diesel, as a query of fixed columns is.
fn select(conn: &mut SqliteConnection, user: &str) -> (Duration, usize) {
    use session_metrics::{created_at, id, metrics, user_id};
    let from = SystemClock.now().minus(DAY * 30).micros();
    let started = Instant::now();
    let rows: Vec<(Vec<u8>, String)> = session_metrics::table
        .select((id, metrics))
        .filter(user_id.eq(user).and(created_at.ge(from)))
        .load(conn)
        .unwrap();
    (started.elapsed(), rows.len())
}
