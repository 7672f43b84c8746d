//! What callers are told while a server is away, full or moving, and that the store comes back by itself.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use std::{
    future::{Future, poll_fn},
    task::Poll,
    time::Duration,
};

use common::{append, config, connect, expired, impatient, list};
use fiml_session_core::{
    SessionChange,
    store::{ActiveStore, Scope, StoreError},
};
use fiml_store_redis::{RedisConfig, RedisStore};
use fiml_testkit::{
    fixtures::{HOUR, after, ask, full_session, full_snapshot, id, insert, live, owner, session},
    servers::{RedisCluster, RedisServer, shared_redis, shared_redis_cluster},
};

/// Reads until the server is there again; every answer before is that it is unavailable.
async fn wait_until_back(store: &RedisStore) {
    loop {
        match store.get(&Scope::All, id(1)).await {
            Ok(_) => return,
            Err(StoreError::Unavailable { .. }) => tokio::task::yield_now().await,
            Err(other) => panic!("a read that fails is to be repeated, not {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_killed_server_that_comes_back_is_used_again_with_all_that_was_acknowledged() {
    let server = RedisServer::start_with(&[("appendfsync", "always")]);
    let store = connect(&config(server.url())).await;
    store.insert(&full_snapshot(1)).await.unwrap();
    let acknowledged = append(&store, id(1)).await.unwrap().unwrap();
    server.kill();
    append(&store, id(1)).await.unwrap_err();
    server.restart();
    wait_until_back(&store).await;
    let found = live(&store, id(1)).await;
    assert_eq!(found.version, acknowledged.version);
    assert_eq!(expired(&store, 5).await, [id(1)]);
    assert_eq!(list(&store, &owner("alice")).await.len(), 1);
    let next = append(&store, id(1)).await.unwrap().unwrap();
    assert_eq!(
        next.version,
        acknowledged.version + 1,
        "scripts are known again"
    );
}

#[tokio::test]
async fn a_server_that_is_down_is_unavailable_for_reads_and_for_changes() {
    let server = RedisServer::start();
    let store = connect(&config(server.url())).await;
    insert(&store, &session(1)).await;
    server.kill();
    // The first call may be the one that finds the connection broken.
    let first = store.get(&Scope::All, id(1)).await.unwrap_err();
    assert!(matches!(first, StoreError::Unavailable { .. }), "{first:?}");
    // A change that meets a broken connection before the client has noticed may have been made.
    loop {
        match append(&store, id(1)).await.unwrap_err() {
            StoreError::OutcomeUnknown { .. } => tokio::task::yield_now().await,
            StoreError::Unavailable { .. } => break,
            other => panic!("it is to be repeated, not {other:?}"),
        }
    }
    let removal = store.remove(&Scope::All, id(1)).await.unwrap_err();
    assert!(
        matches!(removal, StoreError::Unavailable { .. }),
        "{removal:?}"
    );
}

#[tokio::test]
async fn a_server_that_does_not_answer_leaves_the_outcome_of_a_change_unknown() {
    let server = RedisServer::start();
    let store = impatient(server.url()).await;
    insert(&store, &session(1)).await;
    server.pause();
    let read = store.overview(&Scope::All, id(1), 5).await.unwrap_err();
    assert!(matches!(read, StoreError::Unavailable { .. }), "{read:?}");
    let change = append(&store, id(1)).await.unwrap_err();
    assert!(
        matches!(change, StoreError::OutcomeUnknown { .. }),
        "{change:?}"
    );
    server.resume();
    wait_until_back(&store).await;
}

#[tokio::test]
async fn scripts_that_were_flushed_are_made_known_again() {
    let server = RedisServer::start();
    let store = connect(&config(server.url())).await;
    for n in 1..=2 {
        assert_eq!(server.command(&["SCRIPT", "FLUSH"]), "OK");
        insert(&store, &session(n)).await;
        assert_eq!(server.command(&["SCRIPT", "FLUSH"]), "OK");
        assert!(append(&store, id(n)).await.unwrap().is_some());
    }
    assert_eq!(server.command(&["SCRIPT", "FLUSH"]), "OK");
    assert!(store.remove(&Scope::All, id(1)).await.unwrap());
    assert_eq!(live(&store, id(2)).await.version, 2);
}

#[tokio::test]
async fn a_full_server_says_so_changes_nothing_and_still_lets_go() {
    let server = RedisServer::start();
    let store = connect(&config(server.url())).await;
    store.insert(&full_snapshot(1)).await.unwrap();
    assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "1"]), "OK");
    for change in [
        ask("price"),
        SessionChange::Ended,
        SessionChange::EntryRemoved {
            map: fiml_session_core::StateMap::Context,
            key: "note".to_owned(),
        },
    ] {
        let limits = fiml_session_core::Limits::default();
        let change = change.into();
        let refused = store
            .apply(&Scope::All, id(1), &change, &limits, after(HOUR))
            .await;
        let error = refused.unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    }
    let error = store.insert(&full_snapshot(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert_eq!(store.snapshot(id(1)).await.unwrap(), Some(full_snapshot(1)));
    let aside = store.quarantine(id(1), "unreadable", after(HOUR)).await;
    assert!(aside.unwrap(), "it frees a place first");
    assert_eq!(expired(&store, 5).await, []);
    assert!(store.remove(&Scope::All, id(1)).await.unwrap());
    assert_eq!(store.get(&Scope::All, id(1)).await.unwrap(), None);
    assert_eq!(list(&store, &owner("alice")).await, []);
}

#[tokio::test]
async fn a_node_of_a_cluster_that_was_away_is_used_again() {
    let cluster = RedisCluster::start_with(&[("appendfsync", "always")]);
    let store = connect(&config(cluster.urls().join(","))).await;
    for n in 0..30 {
        insert(&store, &session(n)).await;
    }
    cluster.kill(1);
    let mut away = 0;
    for n in 0..30 {
        match append(&store, id(n)).await {
            Ok(applied) => assert_eq!(applied.unwrap().version, 2),
            Err(StoreError::OutcomeUnknown { .. }) => away += 1,
            // Only a server's own word proves that nothing was done.
            Err(StoreError::Unavailable { source, .. }) => {
                let said = source.downcast_ref::<redis::RedisError>();
                assert!(said.is_some_and(|said| said.code().is_some()), "{source:?}");
                away += 1;
            }
            Err(other) => panic!("it is to be repeated, not {other:?}"),
        }
    }
    assert!(away > 0, "some sessions lay there");
    cluster.restart(1);
    for n in 0..30 {
        while store.get(&Scope::All, id(n)).await.is_err() {
            tokio::task::yield_now().await;
        }
        assert!(append(&store, id(n)).await.unwrap().is_some());
    }
    assert_eq!(list(&store, &Scope::All).await.len(), 30);
}

/// Gives a slot to another node, in the steps in which operators do.
struct Move<'a> {
    cluster: &'a RedisCluster,
    slot: String,
    nodes: [String; 2],
    from: usize,
}

impl<'a> Move<'a> {
    fn begin(cluster: &'a RedisCluster, tag: &str) -> Self {
        let slot = cluster.node(0).command(&["CLUSTER", "KEYSLOT", tag]);
        let number: usize = slot.parse().unwrap();
        let from = number * 3 / 16_384;
        let to = (from + 1) % 3;
        let nodes = [from, to].map(|node| cluster.node(node).command(&["CLUSTER", "MYID"]));
        let set = |node: usize, state: &str, other: &str| {
            let words = ["CLUSTER", "SETSLOT", &slot, state, other];
            assert_eq!(cluster.node(node).command(&words), "OK");
        };
        set(to, "IMPORTING", &nodes[0]);
        set(from, "MIGRATING", &nodes[1]);
        Self {
            cluster,
            slot,
            nodes,
            from,
        }
    }

    fn move_keys(&self, at_most: &str) -> usize {
        let source = self.cluster.node(self.from);
        let keys = source.command(&["CLUSTER", "GETKEYSINSLOT", &self.slot, at_most]);
        let port = self.cluster.node((self.from + 1) % 3).port().to_string();
        let keys: Vec<_> = keys.lines().collect();
        for key in &keys {
            let words = ["MIGRATE", "127.0.0.1", &port, key, "0", "5000"];
            assert_eq!(source.command(&words), "OK");
        }
        keys.len()
    }

    fn end(&self) {
        for node in [(self.from + 1) % 3, self.from, (self.from + 2) % 3] {
            let words = ["CLUSTER", "SETSLOT", &self.slot, "NODE", &self.nodes[1]];
            assert_eq!(self.cluster.node(node).command(&words), "OK");
        }
    }
}

#[tokio::test]
async fn a_session_whose_slot_moves_is_whole_before_during_and_after() {
    let cluster = RedisCluster::start();
    let store = impatient(cluster.url()).await;
    let before = full_snapshot(1);
    store.insert(&before).await.unwrap();
    let tag = format!("{{b{}}}", id(1).uuid().as_u128() % 1_024);
    let moving = Move::begin(&cluster, &tag);
    let (mut acknowledged, mut unknown) = (before.session.version, 0);
    let (mut undecided, mut refused) = (0, 0);
    loop {
        match append(&store, id(1)).await {
            // What was open before is in it, or will never be.
            Ok(applied) => {
                undecided += unknown;
                (acknowledged, unknown) = (applied.unwrap().version, 0);
            }
            Err(StoreError::Unavailable { .. }) => refused += 1,
            // Its last question was still open when the time was over, as happens on a slow machine.
            Err(StoreError::OutcomeUnknown { .. }) => unknown += 1,
            Err(other) => panic!("a change is made or not, not {other:?}"),
        }
        match store.snapshot(id(1)).await {
            Ok(found) => {
                let version = found.unwrap().session.version;
                assert!((acknowledged..=acknowledged + unknown).contains(&version));
            }
            Err(StoreError::Unavailable { .. }) => refused += 1,
            Err(other) => panic!("a read is whole or refused, not {other:?}"),
        }
        if moving.move_keys("1") == 0 {
            break;
        }
    }
    assert!(
        refused + undecided + unknown > 0,
        "some of its keys were here, some there"
    );
    moving.end();
    let found = live(&store, id(1)).await;
    assert!((acknowledged..=acknowledged + unknown).contains(&found.version));
    let seqs = found.state.history.queries().iter().map(|query| query.seq);
    assert!(seqs.eq(1..=found.state.history.total_queries()));
    let applied = append(&store, id(1)).await.unwrap().unwrap();
    assert_eq!(applied.version, found.version + 1);
}

#[tokio::test]
async fn a_read_follows_a_slot_that_has_moved_as_a_change_does() {
    let cluster = RedisCluster::start();
    let store = connect(&config(cluster.url())).await;
    store.insert(&full_snapshot(1)).await.unwrap();
    let tag = format!("{{b{}}}", id(1).uuid().as_u128() % 1_024);
    let moving = Move::begin(&cluster, &tag);
    while moving.move_keys("10") > 0 {}
    moving.end();
    assert_eq!(live(&store, id(1)).await, full_session(1));
}

#[tokio::test]
async fn a_store_dropped_in_the_middle_of_calls_harms_no_other() {
    for url in [shared_redis().url(), shared_redis_cluster().url()] {
        let settings = config(url);
        let store = connect(&settings).await;
        let other = connect(&settings).await;
        insert(&store, &session(1)).await;
        let mut calls: Vec<_> = (0..16).map(|_| Box::pin(append(&store, id(1)))).collect();
        for call in &mut calls {
            // Polled once, it is on its way, and nobody has read its answer.
            let is_under_way =
                poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending()));
            assert!(is_under_way.await);
        }
        drop(calls);
        drop(store);
        let applied = append(&other, id(1)).await.unwrap().unwrap();
        assert!((2..=18).contains(&applied.version), "{applied:?}");
        let found = live(&other, id(1)).await;
        let seqs = found.state.history.queries().iter().map(|query| query.seq);
        assert!(
            seqs.eq(1..=found.version - 1),
            "each was added whole or not"
        );
    }
}

#[tokio::test]
async fn a_time_out_beyond_all_clocks_is_no_time_out() {
    for url in [shared_redis().url(), shared_redis_cluster().url()] {
        let settings = RedisConfig {
            timeout: Duration::MAX,
            ..config(url)
        };
        let store = connect(&settings).await;
        insert(&store, &session(1)).await;
        assert_eq!(live(&store, id(1)).await, session(1));
    }
}

/// A store whose user may do everything but this.
async fn forbidden(server: &RedisServer, command: &str) -> RedisStore {
    let words = ["ACL", "SETUSER", "app", "reset", "on", ">app", "~*", "&*"];
    let rules = [&words[..], &["+@all", command]].concat();
    assert_eq!(server.command(&rules), "OK");
    let url = server.url().replace("redis://", "redis://app:app@");
    let settings = RedisConfig {
        key_prefix: "fiml".to_owned(),
        ..config(url)
    };
    connect(&settings).await
}

#[tokio::test]
async fn an_insert_that_was_not_made_leaves_no_entry_of_its_owner() {
    let server = RedisServer::start();
    let store = forbidden(&server, "-evalsha").await;
    let error = store.insert(&full_snapshot(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Backend { .. }), "{error:?}");
    assert_eq!(server.command(&["EXISTS", "fiml:owner:alice"]), "0");
}

#[tokio::test]
async fn a_script_that_stopped_in_the_middle_leaves_the_outcome_unknown() {
    let server = RedisServer::start();
    let store = forbidden(&server, "-rpush").await;
    let error = store.insert(&full_snapshot(1)).await.unwrap_err();
    assert!(
        matches!(error, StoreError::OutcomeUnknown { .. }),
        "{error:?}"
    );
    assert_eq!(
        server.command(&["ZCARD", "fiml:owner:alice"]),
        "1",
        "it may be there"
    );
}
