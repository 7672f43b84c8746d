//! Redis killed under load, down, and hanging.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use fiml_session_core::{ErrorCode, ManualClock, Policy, SessionId, SessionStore};
use fiml_testkit::{
    checker::Outcome,
    servers::{RedisServer, shared_postgres},
};
use fiml_tests::place::Tiers;
use tokio::{
    sync::watch,
    task::{JoinSet, spawn_blocking},
    time::{sleep, timeout},
};

use crate::{
    ALL, PATIENCE,
    calls::Calls,
    ledger::{Ledger, append, must_be_none, tally, told},
    recovery::until_answered,
    world::create,
};

const WRITERS: usize = 32;
const SESSIONS: usize = 8;
const KILLS: u32 = 10;
/// How many calls are answered between a kill and the next, and how many fail while the server is away.
const ANSWERED: u64 = 300;
const FAILED: u64 = 40;

/// Every write on the disk before it is acknowledged: with `everysec`, Redis answers before it has written
/// while a sync is under way, and a kill takes that with it.
fn server() -> Arc<RedisServer> {
    Arc::new(RedisServer::start_with(&[("appendfsync", "always")]))
}

async fn service(server: &RedisServer) -> (SessionStore, Arc<ManualClock>) {
    let mut policy = Policy::default();
    policy.limits.max_queries = 1_000_000;
    let tiers = Tiers::on(&server.url(), &shared_postgres().url());
    tiers.service(policy).await
}

/// A writer, and how it tells others how far it has come.
#[derive(Clone)]
struct Writer {
    name: String,
    store: SessionStore,
    id: SessionId,
    stop: Arc<AtomicBool>,
    answered: watch::Sender<u64>,
    failed: watch::Sender<u64>,
}

impl Writer {
    /// Appends until it is stopped; with a key, one value again and again until it is answered.
    async fn write(self, keyed: bool) -> Ledger {
        let mut ledger = Ledger::default();
        for n in 0_u64.. {
            let value = format!("{}-{n}", self.name);
            loop {
                if self.stop.load(Ordering::SeqCst) {
                    return ledger;
                }
                let call = timeout(PATIENCE, append(&self.store, self.id, &value, keyed));
                let answer = call.await.expect("every call ends");
                ledger.note(&self.name, self.id, &value, told(&answer));
                let Err(error) = answer else {
                    self.answered.send_modify(|count| *count += 1);
                    break;
                };
                let code = error.code();
                assert!(
                    matches!(
                        code,
                        ErrorCode::StoreUnavailable | ErrorCode::OutcomeUnknown
                    ),
                    "{}",
                    error.chain()
                );
                self.failed.send_modify(|count| *count += 1);
                // Nothing is gained by asking a server that is away without a pause.
                sleep(std::time::Duration::from_millis(5)).await;
                if !keyed {
                    break;
                }
            }
        }
        ledger
    }
}

/// Waits until so many more have been counted.
async fn wait_for_more(count: &watch::Sender<u64>, more: u64) {
    let mut count = count.subscribe();
    let goal = *count.borrow() + more;
    let waiting = timeout(PATIENCE, count.wait_for(|count| *count >= goal));
    waiting.await.expect("it goes on").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_killed_ten_times_under_32_writers_keeps_every_acknowledged_query() {
    let server = server();
    let (store, _clock) = service(&server).await;
    let ids = create(&store, SESSIONS, 24.0).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (answered, failed) = (watch::Sender::new(0), watch::Sender::new(0));
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let writer = Writer {
            name: format!("w{number}"),
            store: store.clone(),
            id: ids[number % SESSIONS],
            stop: Arc::clone(&stop),
            answered: answered.clone(),
            failed: failed.clone(),
        };
        writers.spawn(writer.write(number % 2 == 0));
    }
    for _ in 0..KILLS {
        wait_for_more(&answered, ANSWERED).await;
        let killed = Arc::clone(&server);
        spawn_blocking(move || killed.kill()).await.unwrap();
        wait_for_more(&failed, FAILED).await;
        let restarted = Arc::clone(&server);
        spawn_blocking(move || restarted.restart()).await.unwrap();
        let read = until_answered("a read", || store.get_session(&ALL, ids[0]));
        read.await.unwrap();
    }
    wait_for_more(&answered, ANSWERED).await;
    stop.store(true, Ordering::SeqCst);
    let mut ledger = Ledger::default();
    for noted in writers.join_all().await {
        ledger.merge(noted);
    }

    let mut violations = Vec::new();
    for &id in &ids {
        let session = store.get_session(&ALL, id).await.unwrap();
        violations.extend(ledger.check(&session));
    }
    let [lost, twice, other] = tally(&violations);
    println!(
        "Redis (appendfsync always) killed {KILLS} times under {WRITERS} writers: {} appends acknowledged, \
         {} refused, {} unknown; {lost} lost, {twice} twice, {other} otherwise wrong",
        ledger.count(Outcome::Acknowledged),
        ledger.count(Outcome::Refused),
        ledger.count(Outcome::Unknown),
    );
    must_be_none(&violations);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_redis_is_down_every_call_ends_with_an_error_that_may_be_repeated() {
    let server = server();
    let (store, clock) = service(&server).await;
    let calls = Calls::prepare(&store, &clock).await;
    let killed = Arc::clone(&server);
    spawn_blocking(move || killed.kill()).await.unwrap();
    for round in 0..2 {
        calls.must_fail(&format!("down-{round}")).await;
    }
    let restarted = Arc::clone(&server);
    spawn_blocking(move || restarted.restart()).await.unwrap();
    calls.come_back().await;
    calls.must_work().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_redis_hangs_every_call_ends_with_an_error_that_may_be_repeated() {
    let server = server();
    let (store, clock) = service(&server).await;
    let calls = Calls::prepare(&store, &clock).await;
    server.pause();
    for round in 0..2 {
        calls.must_fail(&format!("hanging-{round}")).await;
    }
    server.resume();
    calls.come_back().await;
    calls.must_work().await;
}
