//! Figures beside others who hold what they need.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use common::{archive, beside, config, config_on, connect, staged};
use fiml_session_core::{
    SessionMetrics, SessionType, UserId,
    store::{ArchiveStore, MetricsFilter, MetricsStore, Scope, StagedSession},
};
use fiml_testkit::{
    fixtures::START,
    servers::{PostgresServer, shared_postgres},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Barrier,
    task::JoinSet,
};

/// A connection other than this one that waits for a lock on figures.
async fn waiting(client: &tokio_postgres::Client, other_than: i32) -> i32 {
    let waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
        AND position('session_metrics' in query) > 0 AND pid <> $1";
    loop {
        let found = client.query_opt(waiting, &[&other_than]).await.unwrap();
        if let Some(row) = found {
            return row.get(0);
        }
        // Inside a transaction the view stays as it was first seen.
        client
            .batch_execute("SELECT pg_stat_clear_snapshot()")
            .await
            .unwrap();
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn figures_of_one_user_that_take_longer_than_a_call_may_are_read_within_the_time_of_a_batch()
{
    let mut config = config();
    config.batch_timeout = Duration::from_hours(1);
    let store = connect(&config).await;
    let session = staged(1, 2);
    archive(&store, &session).await;
    let user = session.snapshot.session.user_id.clone().unwrap();
    let holder = beside(&config).await;
    holder
        .batch_execute("LOCK TABLE session_metrics IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let reads = store.clone();
    let reading = tokio::spawn(async move { of(&reads, user).await });
    // The first attempt is ended by the limit of its connection, the second is made on another one.
    let first = waiting(&holder, 0).await;
    waiting(&holder, first).await;
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(reading.await.unwrap(), (1, 2));
}

/// How many sessions and queries a user has.
async fn of(store: &fiml_store_pg::PgStore, user: UserId) -> (u64, u64) {
    let filter = MetricsFilter {
        user_id: Some(user),
        ..MetricsFilter::default()
    };
    let none = BTreeSet::new();
    let digest = store.digest(&Scope::All, &filter, &none, START);
    let digest = digest.await.unwrap();
    (digest.sessions, digest.total_queries)
}

/// Passes bytes on to the server, and counts how often the client spoke after the server had.
async fn relay(to: u16, round_trips: Arc<AtomicU64>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            tokio::spawn(pass_on(client, server, Arc::clone(&round_trips)));
        }
    });
    port
}

async fn pass_on(mut client: TcpStream, mut server: TcpStream, round_trips: Arc<AtomicU64>) {
    let (mut asked, mut told) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut has_told = true;
    loop {
        let read = tokio::select! {
            read = client.read(&mut asked) => {
                let read = read.unwrap_or(0);
                round_trips.fetch_add(u64::from(has_told), Ordering::SeqCst);
                has_told = false;
                server.write_all(&asked[..read]).await.unwrap();
                read
            }
            read = server.read(&mut told) => {
                let read = read.unwrap_or(0);
                has_told = true;
                client.write_all(&told[..read]).await.unwrap();
                read
            }
        };
        if read == 0 {
            return;
        }
    }
}

#[tokio::test]
async fn figures_of_one_user_take_one_round_trip() {
    let round_trips = Arc::new(AtomicU64::new(0));
    let mut config = config();
    let session = staged(1, 2);
    archive(&connect(&config).await, &session).await;
    let server = shared_postgres().port();
    let port = relay(server, Arc::clone(&round_trips)).await;
    config.url = config
        .url
        .replace(&format!(":{server}"), &format!(":{port}"));
    config.pool_size = NonZeroUsize::MIN;
    let store = connect(&config).await;
    let user = session.snapshot.session.user_id.clone().unwrap();
    // The first time the statement is prepared.
    for _ in 0..2 {
        assert_eq!(of(&store, user.clone()).await, (1, 2));
    }
    let before = round_trips.load(Ordering::SeqCst);
    assert_eq!(of(&store, user).await, (1, 2));
    assert_eq!(round_trips.load(Ordering::SeqCst) - before, 1);
}

/// How many archive at once, and how often each does.
const ARCHIVERS: u32 = 4;
const ROUNDS: u32 = 40;
const SESSIONS: u32 = 8;

/// The n-th session of an archiver at a version, in one of a few hours and of one of two types.
fn in_an_hour(archiver: u32, n: u32, version: u64) -> StagedSession {
    let mut staged = staged(1 + archiver * 10_000 + n, version);
    let session = &mut staged.snapshot.session;
    session.created_at = START
        .minus(Duration::from_hours(3))
        .plus(Duration::from_hours((n % 4).into()));
    session.session_type = match n % 2 {
        0 => SessionType::Equity,
        _ => SessionType::Macro,
    };
    staged.metrics = Some(SessionMetrics::of(session));
    staged
}

#[tokio::test(flavor = "multi_thread")]
async fn archivers_of_sessions_of_the_same_hours_never_wait_in_a_circle() {
    // Where they did, the server would soon end one of them, and count it.
    let settings = [("fsync", "off"), ("deadlock_timeout", "20ms")];
    let server = PostgresServer::start_with(&settings);
    let config = config_on(&server);
    drop(connect(&config).await);
    let start = Arc::new(Barrier::new(ARCHIVERS as usize));
    let mut archivers = JoinSet::new();
    for archiver in 0..ARCHIVERS {
        let (config, start) = (config.clone(), Arc::clone(&start));
        archivers.spawn(async move {
            let store = connect(&config).await;
            for round in 0..ROUNDS {
                // Some were archived before and come again with more, some are new; which hours have the
                // ones and which the others differs from archiver to archiver.
                let again = (0..SESSIONS).filter(|n| (n / 2 + archiver) % 2 == 0);
                let again = again.map(|n| in_an_hour(archiver, n, (round + 1).into()));
                let new = (0..SESSIONS).filter(|n| (n / 2 + archiver) % 2 == 1);
                let new = new.map(|n| in_an_hour(archiver, n + 100 * (round + 1), 1));
                let batch: Vec<_> = again.chain(new).collect();
                start.wait().await;
                store.stage(&batch, START).await.unwrap();
            }
        });
    }
    archivers.join_all().await;
    let counted =
        server.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
    assert_eq!(counted.trim(), "0");
}
