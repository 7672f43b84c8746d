//! Recording a query, beside a bare script with the same commands, and by how much a session holds.

use fiml_session_core::{SessionId, SessionStore, store::Scope};

use crate::{
    ROUNDS,
    bare::{Copies, PLACE, reply_bytes},
    pace::{CALLERS, Cost, Pace, Round, at_once, compare_paces},
    report::compare,
    servers::{Servers, now, service},
    sessions::{fill, session},
    workload::query,
};

/// What `append_to_seen.lua` has the server do for one query of whoever sees all.
const BARE: &str = "redis.call('HGET', KEYS[1], 'n') redis.call('RPUSH', KEYS[2], ARGV[1]) \
    redis.call('HSET', KEYS[1], 'n', ARGV[2]) redis.call('HINCRBY', KEYS[1], ARGV[3], '1') \
    redis.call('HINCRBY', KEYS[1], ARGV[4], '1') return 1";

/// Calls of each caller in a round.
const EACH: usize = 1_000;
/// How many queries a session holds, and how many a round adds to it, so that it still holds about as many.
const HELD: [(usize, usize); 2] = [(10, 20), (1_000, 100)];

pub(crate) async fn beside_a_script(servers: &Servers, threads: usize) {
    let redis = &servers.redis;
    let tiers = servers.tiers();
    let (store, live) = (service(&tiers).await, tiers.redis().await.into());
    let mut sides = [(); 2].map(|()| (Pace::default(), Pace::default()));
    let mut bytes = 0;
    for round in 0..=ROUNDS {
        for ((held, added), (ours, bare)) in HELD.into_iter().zip(&mut sides) {
            let make = move |_| session("analyst", now(), held);
            let ids = fill(&live, CALLERS * EACH / added, make).await;
            // As many sessions on both sides, taken by turns on ours and by chance on the other.
            let copies = Copies::of(redis, &ids);
            copies.refresh(redis);
            bytes = reply_bytes(redis, "LINDEX", &copies.original("q"), "-1");
            let calls = CALLERS * EACH;
            let before = Cost::so_far(redis);
            let measured = record(&store, &ids).await;
            let cost = before.of_each(redis, calls);
            let numbers = reply_bytes(redis, "HGET", &copies.original("h"), "n");
            let arguments = ["x".repeat(bytes), "n".repeat(numbers)];
            let [item, numbers] = arguments.each_ref().map(String::as_str);
            // Execution times vary on both sides; these are seven bytes longer than ours.
            let time = format!("x{PLACE}");
            let arguments = [item, numbers, "yequity_price", &time];
            let before = Cost::so_far(redis);
            let rate = copies.rate(redis, BARE, calls, &arguments);
            let bare_cost = before.of_each(redis, calls);
            if round > 0 {
                ours.push(measured.rate, cost);
                ours.waits.push(measured.waits);
                bare.push(rate, bare_cost);
            }
        }
        // The sessions of a round are of no use to the next one.
        servers.empty_redis();
    }
    for ((held, _), (ours, bare)) in HELD.iter().zip(&sides) {
        compare_paces(
            &format!(
                "record_query from 32 tasks, threads: {threads}, at {held} queries, {bytes} bytes stored"
            ),
            ("record_query", ours),
            ("bare script, 32 clients, 1 thread", bare),
            "at least 1.2",
        );
    }
    let [(small, _), (large, _)] = &sides;
    compare(
        &format!(
            "record_query from 32 tasks, threads: {threads}, by how much a session holds \
             (the quick start speaks of 5 ms)"
        ),
        ("at 1,000 queries", &large.waits),
        ("at 10 queries", &small.waits),
        "at most 1.1",
    );
}

/// Every caller adds to sessions of its own, by turns.
async fn record(store: &SessionStore, ids: &[SessionId]) -> Round {
    let (store, ids) = (store.clone(), ids.to_vec());
    let own = ids.len() / CALLERS;
    at_once(CALLERS, EACH, move |caller, n| {
        let (store, id) = (store.clone(), ids[caller * own + n % own]);
        async move {
            let recorded = store.record_query(&Scope::All, id, query(n), None).await;
            recorded.unwrap();
        }
    })
    .await
}
