//! Statistics over very many archived sessions, and what keeps them fast.

mod rows;
mod upkeep;

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use fiml_analytics::{SessionAnalytics, StatsRequest};
use fiml_session_core::store::ArchiveUpkeep;
use fiml_store_pg::PgStore;
use fiml_tests::place::Tiers;
use tokio_postgres::{Client, Statement};

use self::rows::{Rows, connect, fill};
use crate::{
    report::{Side, compare},
    servers::{Servers, now, service},
    statistics::{OF_ONE, ROUNDS, many_beside_few, stats},
};

const DAY: Duration = Duration::from_hours(24);
const MANY: u32 = 1_000_000;
const FEW: u32 = 100_000;

/// Sessions of the last 30 days, all of which have ended.
const fn of_30_days(count: u32) -> Rows {
    Rows {
        count,
        first: Duration::from_hours(30 * 24 - 1),
        last: Duration::from_hours(25),
        of_one: OF_ONE,
    }
}

pub(crate) async fn over_many(servers: &Servers) {
    let (many, few) = (servers.tiers(), servers.tiers());
    let client = prepared(&many, MANY).await;
    drop(prepared(&few, FEW).await);
    let many = SessionAnalytics::new(service(&many).await);
    let few = SessionAnalytics::new(service(&few).await);
    many_beside_few(&many, &few).await;
    beside_sql(&many, &client).await;
    of_one_user(&many, &client).await;
}

pub(crate) async fn kept_fast(servers: &Servers) {
    upkeep::of_a_day(servers).await;
    upkeep::purge(servers).await;
}

/// Makes the rows and rolls them up.
async fn prepared(tiers: &Tiers, count: u32) -> Client {
    let store = tiers.postgres().await;
    let client = connect(tiers).await;
    let started = Instant::now();
    fill(&client, &of_30_days(count)).await;
    let filled = started.elapsed();
    let started = Instant::now();
    let rolled_up = roll_up(&store).await;
    let took = started.elapsed();
    println!(
        "{count} rows of figures made in {filled:.1?}; {rolled_up} hours and days of a type rolled up in {took:.1?}\n"
    );
    client
}

/// Everything that is to be rolled up, as the job does it.
async fn roll_up(store: &PgStore) -> u64 {
    let batch = NonZeroUsize::new(20).unwrap();
    let (ended, mut all) = (now(), 0);
    loop {
        match store.roll_up(ended, batch).await.unwrap() {
            0 => return all,
            done => all += done,
        }
    }
}

/// The figures that PostgreSQL can tell without looking into the counters, which costs it less than all.
pub(crate) const AGGREGATE: &str = "SELECT count(*), count(*) FILTER (WHERE expires_at <= $2), \
    count(*) FILTER (WHERE expires_at <= $2 AND total_queries < 2), sum(total_queries)::bigint, \
    sum(cache_hits)::bigint, avg(extract(epoch FROM last_accessed_at - created_at))::float8, \
    percentile_disc(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY last_accessed_at - created_at)::text, \
    percentile_disc(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY total_queries)::text, \
    count(*) FILTER (WHERE session_type = 'equity'), count(*) FILTER (WHERE session_type = 'crypto'), \
    count(*) FILTER (WHERE session_type = 'portfolio'), \
    count(*) FILTER (WHERE session_type = 'comparative'), count(*) FILTER (WHERE session_type = 'macro') \
    FROM session_metrics WHERE created_at >= $1";

async fn beside_sql(analytics: &SessionAnalytics, client: &Client) {
    let aggregate = client.prepare(AGGREGATE).await.unwrap();
    let request = StatsRequest::default();
    let mut sides = (Side::default(), Side::default());
    for round in 0..=ROUNDS {
        let ours = stats(analytics, &request, 3).await;
        let started = Instant::now();
        let (from, at) = (rows::instant(now().minus(DAY * 30)), rows::instant(now()));
        let row = client.query_one(&aggregate, &[&from, &at]).await.unwrap();
        let bare = vec![started.elapsed()];
        assert_eq!(row.get::<_, i64>(0), i64::from(MANY));
        if round > 0 {
            sides.0.push(ours);
            sides.1.push(bare);
        }
    }
    compare(
        "statistics of 30 days over 1,000,000 archived sessions",
        ("get_session_stats", &sides.0),
        ("one SQL aggregate", &sides.1),
        "at most 0.2",
    );
}

async fn of_one_user(analytics: &SessionAnalytics, client: &Client) {
    let bare = "SELECT session_id, user_id, session_type, assets, tags, created_at, expires_at, \
        last_accessed_at, total_queries, cache_hits, counters FROM session_metrics \
        WHERE user_id = $1 AND created_at >= $2";
    let bare = client.prepare(bare).await.unwrap();
    let mut sides = (Side::default(), Side::default());
    for round in 0..=ROUNDS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for n in 0..50 {
            let user = format!("user_{}", (n * 379 + round * 31) % 20_000);
            let request = StatsRequest {
                user_id: Some(user.clone()),
                ..StatsRequest::default()
            };
            // Whoever comes first brings the pages along for the other.
            if n % 2 == 0 {
                ours.extend(stats(analytics, &request, 1).await);
                theirs.push(select(client, &bare, &user).await);
            } else {
                theirs.push(select(client, &bare, &user).await);
                ours.extend(stats(analytics, &request, 1).await);
            }
        }
        if round > 0 {
            sides.0.push(ours);
            sides.1.push(theirs);
        }
    }
    compare(
        "statistics of one user, 50 sessions among 1,000,000",
        ("get_session_stats", &sides.0),
        ("select of the 50 rows", &sides.1),
        "at most 3",
    );
}

async fn select(client: &Client, bare: &Statement, user: &str) -> Duration {
    let from = rows::instant(now().minus(DAY * 30));
    let started = Instant::now();
    let rows = client.query(bare, &[&user, &from]).await.unwrap();
    let took = started.elapsed();
    assert_eq!(rows.len(), 50);
    took
}
