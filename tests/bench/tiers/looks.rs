//! The header of a session with its last five queries, beside a bare script with the same reply.

use fiml_session_core::{SessionId, SessionStore, store::Scope};

use crate::{
    ROUNDS,
    bare::Copies,
    pace::{CALLERS, Cost, Pace, Round, at_once, compare_paces},
    servers::{Servers, now, service},
    sessions::{fill, session},
};

/// The header and the last queries in one reply; the store asks for them by two commands, without a script.
const BARE: &str = "return {redis.call('HMGET', KEYS[1], 'm', 'n', 'o', 't'), \
    redis.call('LRANGE', KEYS[2], ARGV[1], -1), {}, {}, {}}";

/// Calls of each caller in a round.
const EACH: usize = 1_000;
/// How many queries a session holds.
const HELD: [usize; 2] = [10, 1_000];

pub(crate) async fn beside_a_script(servers: &Servers, threads: usize) {
    let redis = &servers.redis;
    let tiers = servers.tiers();
    let (store, live) = (service(&tiers).await, tiers.redis().await.into());
    for held in HELD {
        let make = move |_| session("analyst", now(), held);
        let ids = fill(&live, CALLERS, make).await;
        let copies = Copies::of(redis, &ids);
        copies.refresh(redis);
        let (mut ours, mut bare) = (Pace::default(), Pace::default());
        for round in 0..=ROUNDS {
            let calls = CALLERS * EACH;
            let before = Cost::so_far(redis);
            let measured = look(&store, &ids).await;
            let cost = before.of_each(redis, calls);
            let before = Cost::so_far(redis);
            let rate = copies.rate(redis, BARE, calls, &["-5"]);
            let bare_cost = before.of_each(redis, calls);
            if round > 0 {
                ours.push(measured.rate, cost);
                bare.push(rate, bare_cost);
            }
        }
        compare_paces(
            &format!(
                "header and last five queries from 32 tasks, threads: {threads}, at {held} queries"
            ),
            ("overview", &ours),
            ("bare script, 32 clients, 1 thread", &bare),
            "at least 0.9",
        );
    }
    servers.empty_redis();
}

async fn look(store: &SessionStore, ids: &[SessionId]) -> Round {
    let (store, ids) = (store.clone(), ids.to_vec());
    at_once(CALLERS, EACH, move |caller, _| {
        let (store, id) = (store.clone(), ids[caller]);
        async move {
            let found = store.overview(&Scope::All, id, 5).await.unwrap();
            assert_eq!(found.recent_queries.len(), 5);
        }
    })
    .await
}
