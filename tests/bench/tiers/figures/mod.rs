//! Statistics over very many archived sessions, and what keeps them fast.

mod rows;
mod upkeep;

use std::time::{Duration, Instant};

use fiml_analytics::SessionAnalytics;
use fiml_tests::place::Tiers;
use tokio_postgres::{Client, Statement};

use self::rows::{Rows, connect, fill};
use crate::{
    servers::{Servers, now, service},
    statistics::{OF_ONE, beside_an_aggregate, many_beside_few, one_user_beside_a_select, roll_up},
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
    let bare = client.prepare(AGGREGATE).await.unwrap();
    beside_an_aggregate(&many, MANY, async || aggregate(&client, &bare).await).await;
    let bare = client.prepare(ROWS_OF_ONE).await.unwrap();
    one_user_beside_a_select(&many, async |user| select(&client, &bare, user).await).await;
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

const ROWS_OF_ONE: &str = "SELECT session_id, user_id, session_type, assets, tags, created_at, expires_at, \
    last_accessed_at, total_queries, cache_hits, counters FROM session_metrics \
    WHERE user_id = $1 AND created_at >= $2";

async fn aggregate(client: &Client, bare: &Statement) -> (Duration, i64) {
    let started = Instant::now();
    let (from, at) = (rows::instant(now().minus(DAY * 30)), rows::instant(now()));
    let row = client.query_one(bare, &[&from, &at]).await.unwrap();
    (started.elapsed(), row.get(0))
}

async fn select(client: &Client, bare: &Statement, user: &str) -> (Duration, usize) {
    let from = rows::instant(now().minus(DAY * 30));
    let started = Instant::now();
    let rows = client.query(bare, &[&user, &from]).await.unwrap();
    (started.elapsed(), rows.len())
}
