//! Appends that follow one of the same store, which are decided there, mean what all others mean.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use common::{append, config, connect, key_of, raw};
use fiml_session_core::{
    Limits, MemoryStore, QueryRecord, Refusal, SessionChange,
    store::{ActiveStore, Scope, StoreError},
};
use fiml_testkit::{
    fixtures::{
        DAY, HOUR, MICRO, START, after, apply, apply_within, ask, extend, full_session,
        full_snapshot, id, insert, live, owner, session, session_of, set,
    },
    servers::{RedisServer, shared_redis, shared_redis_cluster},
};

#[tokio::test]
async fn appends_in_a_row_leave_what_they_leave_in_the_reference() {
    for url in [shared_redis().url(), shared_redis_cluster().url()] {
        let (store, memory) = (connect(&config(url)).await, MemoryStore::new());
        store.insert(&full_snapshot(1)).await.unwrap();
        memory.insert(&full_snapshot(1)).await.unwrap();
        let given = full_session(1).state.history.queries().to_vec();
        let bare = given.iter().map(|query| QueryRecord {
            timestamp: None,
            ..query.clone()
        });
        let instants = [after(HOUR), after(HOUR + MICRO), START, after(2 * HOUR)];
        let queries = bare.chain(given.iter().cloned());
        for (query, at) in queries.zip(instants.into_iter().cycle()) {
            let batch = SessionChange::QueryAdded { query }.into();
            let found = apply(&store, id(1), &batch, at).await;
            assert_eq!(found, apply(&memory, id(1), &batch, at).await);
        }
        let found = store.snapshot(id(1)).await.unwrap();
        assert_eq!(found, memory.snapshot(id(1)).await.unwrap());
    }
}

#[tokio::test]
async fn stores_that_add_in_turn_number_every_query_once() {
    let settings = config(shared_redis().url());
    let stores = [connect(&settings).await, connect(&settings).await];
    insert(&stores[0], &session(1)).await;
    let turns = [0, 0, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1];
    for (n, turn) in (1..).zip(turns) {
        let applied = append(&stores[turn], id(1)).await.unwrap().unwrap();
        assert_eq!((applied.version, applied.total_queries), (n + 1, n));
    }
    let found = live(&stores[0], id(1)).await;
    let seqs = found.state.history.queries().iter().map(|query| query.seq);
    assert!(seqs.eq(1..=12));
}

#[tokio::test]
async fn a_session_that_was_changed_otherwise_is_added_to_as_it_is_now() {
    let settings = config(shared_redis().url());
    let (store, other) = (connect(&settings).await, connect(&settings).await);
    insert(&store, &session(1)).await;
    for writer in [&store, &other] {
        append(&store, id(1)).await.unwrap().unwrap();
        let changed = apply(writer, id(1), &set("k", 1).into(), after(HOUR)).await;
        let applied = append(&store, id(1)).await.unwrap().unwrap();
        assert_eq!(applied.version, changed.unwrap().version + 1);
    }
    assert_eq!(
        live(&store, id(1))
            .await
            .state
            .entries(fiml_session_core::StateMap::Context)
            .len(),
        1
    );
}

#[tokio::test]
async fn a_session_seen_before_refuses_what_any_other_refuses() {
    let settings = config(shared_redis().url());
    let (store, other) = (connect(&settings).await, connect(&settings).await);
    insert(&store, &session(1)).await;
    let query = ask("price").into();
    for late in [false, true] {
        append(&store, id(1)).await.unwrap().unwrap();
        if late {
            let limits = Limits {
                max_queries: 2,
                ..Limits::default()
            };
            let refused = apply_within(&store, id(1), &query, &limits, after(HOUR)).await;
            assert!(
                matches!(
                    refused,
                    Err(Refusal::QueryLimit {
                        held: 2,
                        offered: 1,
                        ..
                    })
                ),
                "{refused:?}"
            );
            append(&store, id(1)).await.unwrap().unwrap();
        }
        let refused = apply(&store, id(1), &query, after(3 * DAY)).await;
        assert!(
            matches!(refused, Err(Refusal::Expired { .. })),
            "{refused:?}"
        );
    }
    append(&store, id(1)).await.unwrap().unwrap();
    let life = extend(3 * DAY).into();
    apply(&other, id(1), &life, after(HOUR)).await.unwrap();
    assert!(
        apply(&store, id(1), &query, after(2 * DAY)).await.is_ok(),
        "it lives longer now"
    );
}

#[tokio::test]
async fn a_session_that_was_removed_or_is_anothers_now_takes_nothing() {
    let settings = config(shared_redis().url());
    let (store, other) = (connect(&settings).await, connect(&settings).await);
    let (query, limits) = (ask("price").into(), Limits::default());
    insert(&store, &session(1)).await;
    append(&store, id(1)).await.unwrap().unwrap();
    assert!(other.remove(&Scope::All, id(1)).await.unwrap());
    assert_eq!(append(&store, id(1)).await.unwrap(), None);
    insert(&store, &session(1)).await;
    append(&store, id(1)).await.unwrap().unwrap();
    assert!(other.remove(&Scope::All, id(1)).await.unwrap());
    // The same numbers again, in other hands.
    insert(&other, &session_of(1, Some("bob"))).await;
    append(&other, id(1)).await.unwrap().unwrap();
    for scope in [owner("alice"), Scope::Unowned] {
        let applied = store
            .apply(&scope, id(1), &query, &limits, after(HOUR))
            .await;
        assert_eq!(applied.unwrap(), None);
    }
    assert_eq!(live(&other, id(1)).await.version, 2);
}

#[tokio::test]
async fn a_server_that_is_full_or_knows_no_scripts_harms_no_append_to_a_session_seen_before() {
    let server = RedisServer::start();
    let settings = config(server.url());
    let store = connect(&settings).await;
    insert(&store, &session(1)).await;
    append(&store, id(1)).await.unwrap().unwrap();
    assert_eq!(server.command(&["SCRIPT", "FLUSH"]), "OK");
    append(&store, id(1)).await.unwrap().unwrap();
    let header = key_of(&settings.key_prefix, id(1), "h");
    raw(
        &server,
        &[b"HSET", header.as_bytes(), b"yprice", b"whatever"],
    );
    append(&store, id(1)).await.unwrap().unwrap();
    let before = live(&store, id(1)).await;
    assert_eq!(before.version, 4, "a damaged count keeps no query out");
    assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "1"]), "OK");
    let error = append(&store, id(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert_eq!(live(&store, id(1)).await, before);
}
