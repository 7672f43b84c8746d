//! What a live session takes of Redis, its part of the indexes included, beside one JSON document of it.

use std::sync::Arc;

use fiml_session_core::Session;
use fiml_testkit::servers::RedisServer;

use crate::{
    servers::{Servers, now},
    sessions::{fill, session},
};

/// How many queries, how many such sessions, and the target.
const CASES: [(usize, usize, &str); 2] =
    [(10, 20_000, "at most 1.15"), (1_000, 400, "at most 0.9")];

pub(crate) async fn beside_a_document(servers: &Servers) {
    for (queries, sessions, target) in CASES {
        let make = move |n: usize| session(&format!("user_{}", n / 50), now(), queries);
        let document = serde_json::to_string(&make(0)).unwrap();
        let stored = stored(servers, sessions, make).await;
        let string = documents(servers, sessions, &document);
        let bytes = document.len() as f64;
        println!("memory of Redis for a live session of {queries} queries, among {sessions}");
        println!("  {:<28} {stored:>8.0} bytes", "session and indexes");
        println!(
            "  {:<28} {bytes:>8.0} bytes, {string:.0} in Redis",
            "one JSON document"
        );
        println!(
            "  ratio {:.2}, beside the document in Redis {:.2}   target: {target}\n",
            stored / bytes,
            stored / string
        );
    }
}

/// Bytes for each of so many sessions.
async fn stored(
    servers: &Servers,
    sessions: usize,
    make: impl Fn(usize) -> Session + Send + Sync + 'static,
) -> f64 {
    let store = Arc::new(servers.tiers().redis().await);
    let before = used(&servers.redis);
    fill(&store, sessions, make).await;
    let after = used(&servers.redis);
    servers.empty_redis();
    (after - before) / sessions as f64
}

/// Bytes for each of as many documents, under names as long as those of sessions.
fn documents(servers: &Servers, sessions: usize, document: &str) -> f64 {
    let before = used(&servers.redis);
    let script = "for n = 1, ARGV[1] do redis.call('SET', string.format('%068d', n), ARGV[2]) end";
    let count = sessions.to_string();
    let _done = servers
        .redis
        .command(&["EVAL", script, "0", &count, document]);
    let after = used(&servers.redis);
    servers.empty_redis();
    (after - before) / sessions as f64
}

fn used(server: &RedisServer) -> f64 {
    let info = server.command(&["INFO", "memory"]);
    let mut lines = info.lines();
    let used = lines.find_map(|line| line.strip_prefix("used_memory:"));
    used.unwrap().trim().parse().unwrap()
}
