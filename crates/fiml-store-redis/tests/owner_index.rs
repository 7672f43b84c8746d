//! The index of an owner's sessions, which changes beside them and not with them.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use common::{config, connect, key_of, list, raw};
use fiml_session_core::{
    Session, SessionId, Timestamp,
    store::{ActiveStore, Scope, StoreError},
};
use fiml_store_redis::{RedisConfig, RedisStore};
use fiml_testkit::{
    fixtures::{HOUR, MANY, at_once, id, insert, live, owner, session},
    servers::{shared_redis, shared_redis_cluster},
};
use redis::Value;

/// A session's place in its owner's index.
fn place(created_at: Timestamp, id: SessionId) -> Vec<u8> {
    [&created_at.micros().to_be_bytes()[..], id.uuid().as_bytes()].concat()
}

/// An owner's index, seen past the store.
struct Index {
    settings: RedisConfig,
    name: String,
}

impl Index {
    async fn of_alice() -> (Self, RedisStore) {
        let settings = config(shared_redis().url());
        let store = connect(&settings).await;
        let name = format!("{}:owner:alice", settings.key_prefix);
        (Self { settings, name }, store)
    }

    fn enter(&self, session: &Session) {
        let place = place(session.created_at, session.id);
        raw(
            shared_redis(),
            &[b"ZADD", self.name.as_bytes(), b"0", &place],
        );
    }

    fn forget(&self, session: &Session) {
        let place = place(session.created_at, session.id);
        raw(shared_redis(), &[b"ZREM", self.name.as_bytes(), &place]);
    }

    fn mark_as_removed(&self, id: SessionId) {
        let bucket = key_of(&self.settings.key_prefix, id, "");
        let (bucket, _) = bucket.split_once(&id.to_string()).unwrap();
        let key = format!("{bucket}removed");
        raw(
            shared_redis(),
            &[b"HSET", key.as_bytes(), id.uuid().as_bytes(), b""],
        );
    }

    fn len(&self) -> i64 {
        match raw(shared_redis(), &[b"ZCARD", self.name.as_bytes()]) {
            Value::Int(count) => count,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_entry_of_a_removed_session_goes_with_the_next_listing() {
    let (index, store) = Index::of_alice().await;
    insert(&store, &session(2)).await;
    // As a crash between the two steps of a removal leaves it.
    index.enter(&session(1));
    index.mark_as_removed(id(1));
    assert_eq!(list(&store, &owner("alice")).await.len(), 1);
    assert_eq!(index.len(), 1, "the entry has gone");
    insert(&store, &session(1)).await;
    assert_eq!(
        list(&store, &owner("alice")).await.len(),
        2,
        "and its mark with it"
    );
}

#[tokio::test]
async fn an_entry_without_a_session_and_without_a_mark_stays_and_is_not_listed() {
    let (index, store) = Index::of_alice().await;
    for n in 1..=3 {
        insert(&store, &session(n)).await;
    }
    // As an insert that is still under way, or that crashed, leaves it.
    index.enter(&session(9));
    assert_eq!(list(&store, &owner("alice")).await.len(), 3);
    let ids = store.ids(&owner("alice"), &Default::default(), MANY).await;
    assert_eq!(ids.unwrap(), [3, 2, 1].map(id));
    assert_eq!(index.len(), 4, "absence alone is no reason to forget");
    insert(&store, &session(9)).await;
    assert_eq!(list(&store, &owner("alice")).await.len(), 4);
}

#[tokio::test]
async fn a_removal_leaves_neither_entry_nor_mark() {
    let (index, store) = Index::of_alice().await;
    insert(&store, &session(1)).await;
    insert(&store, &session(2)).await;
    assert!(store.remove(&owner("alice"), id(1)).await.unwrap());
    store.remove_unchanged(id(2), 1).await.unwrap();
    assert_eq!(index.len(), 0);
    let keys = format!("{}:*", index.settings.key_prefix);
    let left = shared_redis().command(&["KEYS", &keys]);
    assert_eq!(left, format!("{}:meta", index.settings.key_prefix));
}

#[tokio::test]
async fn an_insert_that_is_refused_leaves_no_entry_of_its_own() {
    let (index, store) = Index::of_alice().await;
    insert(&store, &session(1)).await;
    let later = Session {
        created_at: session(1).created_at.plus(HOUR),
        ..session(1)
    };
    let refused = store.insert(&later.into()).await.unwrap_err();
    assert!(matches!(refused, StoreError::AlreadyExists { .. }));
    assert_eq!(index.len(), 1);
    let thief = fiml_testkit::fixtures::session_of(1, Some("mallory"));
    store.insert(&thief.into()).await.unwrap_err();
    assert_eq!(list(&store, &owner("mallory")).await, []);
    assert_eq!(list(&store, &owner("alice")).await.len(), 1);
    index.forget(&session(1));
    assert_eq!(
        list(&store, &Scope::All).await.len(),
        1,
        "the bucket names it all the same"
    );
}

/// How many entries an index has, on whichever server it lies.
fn entries(index: &str) -> i64 {
    let cluster = shared_redis_cluster();
    let nodes = (0..3).map(|node| cluster.node(node));
    let servers = nodes.chain([shared_redis()]);
    let counts = servers.map(|server| server.command(&["ZCARD", index]));
    counts.filter_map(|count| count.parse::<i64>().ok()).sum()
}

#[tokio::test]
async fn a_session_removed_and_inserted_again_many_times_at_once_is_listed_as_it_is() {
    for url in [shared_redis().url(), shared_redis_cluster().url()] {
        let settings = config(url);
        let index = format!("{}:owner:alice", settings.key_prefix);
        let store = &connect(&settings).await;
        for _ in 0..20 {
            at_once(8, |task| async move {
                if task % 2 == 0 {
                    store.remove(&Scope::All, id(1)).await.unwrap();
                } else {
                    // Taken already: that is the other's.
                    let _either = store.insert(&session(1).into()).await;
                }
            })
            .await;
            let held = store.get(&Scope::All, id(1)).await.unwrap().is_some();
            assert_eq!(entries(&index), i64::from(held), "the index agrees");
            let listed = list(store, &owner("alice")).await.len();
            assert_eq!(listed, usize::from(held));
        }
        let _either = store.insert(&session(1).into()).await;
        assert_eq!(live(store, id(1)).await, session(1));
    }
}
