//! What keeps figures fast and their number bounded, beside the bare SQL.

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use fiml_session_core::store::{ArchiveStore, ArchiveUpkeep};
use tokio_postgres::Client;

use super::{
    AGGREGATE, DAY, FEW, roll_up,
    rows::{Rows, connect, fill, instant},
};
use crate::{
    report::compare_rates,
    servers::{Servers, now},
    statistics::ROUNDS,
};

/// As the jobs remove them.
const OF_FIGURES: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
const OF_SESSIONS: NonZeroUsize = NonZeroUsize::new(500).unwrap();

/// All within one day that lies a while back.
const IN_A_DAY: Rows = Rows {
    count: FEW,
    first: Duration::from_hours(10 * 24),
    last: Duration::from_hours(9 * 24 + 1),
    of_one: 50,
};

pub(crate) async fn of_a_day(servers: &Servers) {
    let tiers = servers.tiers();
    let (store, client) = (tiers.postgres().await, connect(&tiers).await);
    fill(&client, &IN_A_DAY).await;
    let aggregate = client.prepare(AGGREGATE).await.unwrap();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        store.forget_rollups().await.unwrap();
        let started = Instant::now();
        roll_up(&store).await;
        let rolled_up = f64::from(FEW) / started.elapsed().as_secs_f64();
        let started = Instant::now();
        let (from, at) = (instant(now().minus(DAY * 30)), instant(now()));
        client.query_one(&aggregate, &[&from, &at]).await.unwrap();
        let aggregated = f64::from(FEW) / started.elapsed().as_secs_f64();
        if round > 0 {
            ours.push(rolled_up);
            bare.push(aggregated);
        }
    }
    compare_rates(
        "rolling up a day of 100,000 sessions, hours and day of each type, rows",
        ("roll_up", &ours),
        ("one SQL aggregate", &bare),
        "none given",
    );
}

pub(crate) async fn purge(servers: &Servers) {
    let (mut ours, mut bare) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for round in 0..=ROUNDS {
        let tiers = servers.tiers();
        let (store, client) = (tiers.postgres().await, connect(&tiers).await);
        fill(&client, &IN_A_DAY).await;
        archive(&client).await;
        let before = now().minus(DAY);
        let figures = timed(async {
            while store
                .purge_metrics_before(before, OF_FIGURES)
                .await
                .unwrap()
                > 0
            {}
        });
        let figures = figures.await;
        let sessions =
            timed(async { while store.purge_before(before, OF_SESSIONS).await.unwrap() > 0 {} });
        let sessions = sessions.await;
        fill(&client, &IN_A_DAY).await;
        archive(&client).await;
        let triggers = "ALTER TABLE session_metrics DISABLE TRIGGER USER";
        client.batch_execute(triggers).await.unwrap();
        let mut deleted = Vec::new();
        for delete in [
            "DELETE FROM session_metrics WHERE created_at < $1",
            "DELETE FROM sessions WHERE status = 'archived' AND status_since < $1",
        ] {
            let gone = timed(async {
                client.execute(delete, &[&instant(before)]).await.unwrap();
            });
            deleted.push(gone.await);
        }
        if round > 0 {
            for (side, rate) in ours.iter_mut().zip([figures, sessions]) {
                side.push(rate);
            }
            for (side, rate) in bare.iter_mut().zip(deleted) {
                side.push(rate);
            }
        }
    }
    for (what, (ours, bare)) in [
        "purging the figures of 100,000 sessions, 1,000 a commit, rows",
        "purging 100,000 archived sessions, 500 a commit, rows",
    ]
    .iter()
    .zip(ours.iter().zip(&bare))
    {
        compare_rates(what, ("purge", ours), ("one DELETE", bare), "none given");
    }
}

/// How many of the rows a second.
async fn timed(work: impl Future<Output = ()>) -> f64 {
    let started = Instant::now();
    work.await;
    f64::from(FEW) / started.elapsed().as_secs_f64()
}

/// An archived session for every row of figures, with a snapshot of some size that nobody reads.
async fn archive(client: &Client) {
    let insert = "INSERT INTO sessions SELECT session_id, user_id, session_type, assets, tags, created_at, \
        expires_at, last_accessed_at, 3, total_queries, cache_hits, 900, 0, 0, 0, 0, 'archived', expires_at, \
        NULL, convert_to(repeat('r', 300), 'UTF8'), convert_to(repeat(md5(session_id::text), 30), 'UTF8') \
        FROM session_metrics";
    client.batch_execute(insert).await.unwrap();
    client.batch_execute("ANALYZE").await.unwrap();
}
