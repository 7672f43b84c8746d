//! Prints what appends, reads, lists and memory cost beside bare commands on the same server.
//!
//! `cargo run --release -p fiml-store-redis --example measure`; it starts a server of its own and needs
//! `redis-benchmark`. The two sides take turns; only their ratios mean anything.
#![expect(clippy::print_stdout, reason = "it prints what it measures")]
#![expect(clippy::unwrap_used, reason = "where a measurement fails, it ends")]

use std::{future::Future, num::NonZeroUsize, process::Command, sync::Arc, time::Instant};

use fiml_session_core::{
    AnalysisHistory, ChangeBatch, Limits, QueryRecord, Session, SessionChange, SessionId,
    SessionState, SessionType, Timestamp,
    store::{ActiveStore, MetricsFilter, Page, Scope, SessionFilter},
};
use fiml_store_redis::{RedisConfig, RedisStore};
use fiml_testkit::servers::RedisServer;
use serde_json::json;
use uuid::Uuid;

const TASKS: usize = 32;
const ROUNDS: usize = 5;
/// The commands of an append, and bytes as long as its own.
const BARE_APPEND: &str = "redis.call('HMGET', KEYS[1], 'n', 'o') \
    redis.call('RPUSH', KEYS[2], ARGV[1]) redis.call('HSET', KEYS[1], 'n', ARGV[2]) \
    redis.call('HINCRBY', KEYS[1], 'yprice', 1) redis.call('HINCRBY', KEYS[1], 'x12300', 1) return 1";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(4_102_444_800_000_000 + seconds * 1_000_000)
}

fn query(n: u64) -> QueryRecord {
    let parameters = json!({"symbol": "AAPL", "period": "1y", "depth": 3});
    QueryRecord {
        seq: n,
        version: n,
        timestamp: Some(at(1)),
        parameters: serde_json::from_value(parameters).unwrap(),
        result_summary: "AAPL 205.96 USD (file, as of 2010-02-01)".to_owned(),
        execution_time_ms: Some(10.0 + (n % 97) as f64 / 10.0),
        ..QueryRecord::new("price")
    }
}

fn session(n: u64, queries: u64) -> Session {
    // Spread over all buckets, as random ids are.
    let low = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut state = SessionState::default();
    let history = (1..=queries).map(query).collect();
    state.history = AnalysisHistory::from_stored(history, queries, 0);
    Session {
        id: SessionId::from_uuid(Uuid::from_u64_pair(0x7000 + n, low)),
        user_id: Some(format!("user {}", n / 50).parse().unwrap()),
        session_type: SessionType::Equity,
        assets: vec!["AAPL".parse().unwrap()],
        tags: vec!["tech".parse().unwrap()],
        created_at: at(n as i64),
        expires_at: at(n as i64 + 3_600),
        last_accessed_at: at(n as i64),
        version: queries + 1,
        state,
    }
}

/// How often a second something is done by tasks that each do it again and again.
async fn rate<F: Future<Output = ()> + Send + 'static>(
    tasks: usize,
    each: usize,
    work: impl Fn(usize) -> F + Send + Sync + 'static,
) -> f64 {
    let work = Arc::new(work);
    let started = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let work = Arc::clone(&work);
            tokio::spawn(async move {
                for _ in 0..each {
                    work(task).await;
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
    (tasks * each) as f64 / started.elapsed().as_secs_f64()
}

fn used_memory(server: &RedisServer) -> f64 {
    let info = server.command(&["INFO", "memory"]);
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    line.unwrap().trim().parse().unwrap()
}

fn median(mut ratios: Vec<f64>) -> String {
    ratios.sort_by(f64::total_cmp);
    let (least, most) = (ratios[0], ratios[ratios.len() - 1]);
    format!("{:.2} ({least:.2}–{most:.2})", ratios[ratios.len() / 2])
}

async fn memory(server: &RedisServer) {
    for (queries, count) in [(0, 2_000), (10, 2_000), (1_000, 50)] {
        let config = RedisConfig {
            key_prefix: format!("m{queries}"),
            ..RedisConfig::new(server.url())
        };
        let store = RedisStore::connect(config).await.unwrap();
        let before = used_memory(server);
        let mut document = 0;
        for n in 0..count {
            let session = session(n, queries);
            document = serde_json::to_vec(&session).unwrap().len();
            store.insert(&session.into()).await.unwrap();
        }
        let each = (used_memory(server) - before) / count as f64;
        let ratio = each / document as f64;
        println!(
            "memory at H={queries}: {each:.0} bytes, {ratio:.2} × one JSON document of {document}"
        );
    }
}

async fn append(server: &RedisServer, store: &Arc<RedisStore>) {
    let script = server.command(&["SCRIPT", "LOAD", BARE_APPEND]);
    let port = server.port().to_string();
    for queries in [10, 100, 1_000] {
        let ids: Vec<_> = (0..TASKS as u64)
            .map(|n| session(1_000_000 + n, queries))
            .collect();
        for session in &ids {
            store.remove(&Scope::All, session.id).await.unwrap();
            store.insert(&session.clone().into()).await.unwrap();
        }
        let ids: Arc<Vec<_>> = Arc::new(ids.into_iter().map(|session| session.id).collect());
        let (mut ratios, mut rates) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (item, numbers) = ("x".repeat(104), "n".repeat(56));
            let bare = Command::new("redis-benchmark")
                .args(["-p", &port, "-c", "32", "-n", "60000", "--csv", "-r", "32"])
                .args([
                    "evalsha",
                    &script,
                    "2",
                    "bench:__rand_int__:h",
                    "bench:__rand_int__:q",
                ])
                .args([&item, &numbers])
                .output()
                .unwrap();
            let bare = String::from_utf8(bare.stdout).unwrap();
            let bare: f64 = bare
                .lines()
                .last()
                .unwrap()
                .split("\",\"")
                .nth(1)
                .unwrap()
                .trim_matches('"')
                .parse()
                .unwrap();
            let (store, ids) = (Arc::clone(store), Arc::clone(&ids));
            let change = Arc::new(ChangeBatch::from(SessionChange::QueryAdded {
                query: query(0),
            }));
            let ours = rate(TASKS, 1_000, move |task| {
                let (store, id, change) = (Arc::clone(&store), ids[task], Arc::clone(&change));
                async move {
                    let limits = Limits {
                        max_queries: u64::MAX,
                        ..Limits::default()
                    };
                    store
                        .apply(&Scope::All, id, &change, &limits, at(2))
                        .await
                        .unwrap();
                }
            })
            .await;
            rates.push(ours);
            ratios.push(ours / bare);
        }
        rates.sort_by(f64::total_cmp);
        println!(
            "append at H={queries}+: {:.0}/s, {} × the bare script",
            rates[2],
            median(ratios)
        );
    }
}

async fn full_read(server: &RedisServer, store: &Arc<RedisStore>) {
    let client = redis::Client::open(server.url()).unwrap();
    let links = [(); 2].map(|()| client.get_multiplexed_async_connection());
    let links = Arc::new(futures_util::future::try_join_all(links).await.unwrap());
    for queries in [10, 100, 1_000] {
        let whole = session(2_000_000 + queries, queries);
        let (id, text) = (whole.id, serde_json::to_string(&whole).unwrap());
        store.insert(&whole.into()).await.unwrap();
        let _set = server.command(&["SET", "document", &text]);
        for tasks in [1, 8] {
            let each = 40_000 / queries.max(20) as usize / tasks + 50;
            let mut ratios = Vec::new();
            for _ in 0..ROUNDS {
                let links = Arc::clone(&links);
                let document = rate(tasks, each, move |task| {
                    let mut link = links[task % 2].clone();
                    async move {
                        let text: Vec<u8> = redis::cmd("GET")
                            .arg("document")
                            .query_async(&mut link)
                            .await
                            .unwrap();
                        let _whole: Session = serde_json::from_slice(&text).unwrap();
                    }
                })
                .await;
                let store = Arc::clone(store);
                let ours = rate(tasks, each, move |_| {
                    let store = Arc::clone(&store);
                    async move {
                        store.get(&Scope::All, id).await.unwrap().unwrap();
                    }
                })
                .await;
                ratios.push(ours / document);
            }
            println!(
                "full read at H={queries}, {tasks} tasks: {} × one JSON document",
                median(ratios)
            );
        }
    }
}

async fn lists(store: &Arc<RedisStore>) {
    let limit = NonZeroUsize::new(50).unwrap();
    let count = 20_000;
    for n in 0..count {
        store.insert(&session(n, 0).into()).await.unwrap();
    }
    let page = Page { after: None, limit };
    let filter = &SessionFilter::default();
    let owner = Scope::Owner("user 7".parse().unwrap());
    for round in 0..3 {
        for (name, scope) in [
            ("one owner's 50", &owner),
            ("everybody's newest 50", &Scope::All),
        ] {
            let started = Instant::now();
            let repeats = 40;
            for _ in 0..repeats {
                let listed = store.list(scope, filter, page).await.unwrap();
                assert_eq!(listed.len(), 50);
            }
            println!(
                "{name} among {count}: {:?} (round {round})",
                started.elapsed() / repeats
            );
        }
        let started = Instant::now();
        let due = store.expired(at(100_000), limit).await.unwrap();
        println!("the first {} to expire: {:?}", due.len(), started.elapsed());
        let started = Instant::now();
        let rows = store
            .metrics(&Scope::All, &MetricsFilter::default())
            .await
            .unwrap();
        println!("figures of {}: {:?}", rows.len(), started.elapsed());
    }
}

#[tokio::main]
async fn main() {
    let server = RedisServer::start_with(&[("appendonly", "no")]);
    memory(&server).await;
    let _emptied = server.command(&["FLUSHALL"]);
    let store = RedisStore::connect(RedisConfig::new(server.url())).await;
    let store = Arc::new(store.unwrap());
    append(&server, &store).await;
    full_read(&server, &store).await;
    lists(&store).await;
}
