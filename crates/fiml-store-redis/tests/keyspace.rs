//! What else lies in the same database, and how sessions are laid out there.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use common::{append, config, connect, expired, key_of, list, raw};
use fiml_session_core::{
    ChangeBatch, Limits, Session, SessionId, Timestamp,
    store::{ActiveStore, MetricsFilter, Scope, StoreError},
};
use fiml_store_redis::{ConnectError, DEFAULT_KEY_PREFIX, RedisConfig, RedisStore};
use fiml_testkit::{
    fixtures::{
        HOUR, MANY, after, ask, at_once, extend, full_session, full_snapshot, id, insert, keyed,
        live, owner, session, set,
    },
    servers::{RedisServer, shared_redis},
};

#[tokio::test]
async fn foreign_keys_of_any_name_and_type_disturb_nothing() {
    let server = RedisServer::start();
    for (name, words) in [
        ("session:*", &["SET"][..]),
        ("session:list", &["RPUSH"]),
        ("fiml", &["SADD"]),
        ("fiml:", &["SET"]),
        ("fiml:session:1", &["SET"]),
        ("fiml:{b1}:junk", &["SET"]),
        ("fiml:owner", &["SET"]),
        (
            "fiml:{b1}:00000000-0000-0000-0000-000000000001:z",
            &["RPUSH"],
        ),
    ] {
        let words = [words[0], name, "whatever"];
        assert!(!server.command(&words).starts_with('-'), "{name}");
    }
    let store = RedisStore::connect(RedisConfig::new(server.url()))
        .await
        .unwrap();
    for n in 0..20 {
        store.insert(&full_snapshot(n)).await.unwrap();
        assert!(append(&store, id(n)).await.unwrap().is_some());
    }
    for scope in [owner("alice"), Scope::All] {
        assert_eq!(list(&store, &scope).await.len(), 20);
        let figures = store.metrics(&scope, &MetricsFilter::default()).await;
        assert_eq!(figures.unwrap().len(), 20);
    }
    assert_eq!(expired(&store, 100).await.len(), 20);
    for n in 0..20 {
        assert!(store.remove(&Scope::All, id(n)).await.unwrap());
    }
    assert_eq!(
        server.command(&["DBSIZE"]),
        "9",
        "theirs and the one that tells the layout"
    );
}

#[tokio::test]
async fn a_key_of_ours_that_is_something_else_is_corrupt_and_names_its_session() {
    let settings = config(shared_redis().url());
    let store = connect(&settings).await;
    for n in 1..=3 {
        store.insert(&full_snapshot(n)).await.unwrap();
    }
    for (n, part) in [(1, "h"), (2, "q")] {
        let key = key_of(&settings.key_prefix, id(n), part);
        let _ = shared_redis().command(&["SET", &key, "whatever"]);
        for error in [
            store.get(&Scope::All, id(n)).await.unwrap_err(),
            store.snapshot(id(n)).await.unwrap_err(),
            append(&store, id(n)).await.unwrap_err(),
        ] {
            let named =
                matches!(error, StoreError::Corrupt { id: Some(named), .. } if named == id(n));
            assert!(named, "{error:?}");
        }
    }
    let untouched = store.get(&Scope::All, id(3)).await.unwrap();
    assert_eq!(untouched, Some(full_session(3)));
}

#[tokio::test]
async fn a_refused_change_of_a_damaged_session_leaves_nothing_behind() {
    let settings = config(shared_redis().url());
    let store = connect(&settings).await;
    store.insert(&full_snapshot(1)).await.unwrap();
    let everything = || {
        let keys = shared_redis().command(&["KEYS", &format!("{}:*", settings.key_prefix)]);
        let mut keys: Vec<_> = keys.lines().map(str::to_owned).collect();
        keys.sort();
        let values = keys.into_iter().map(|key| {
            let value = raw(shared_redis(), &[b"DUMP", key.as_bytes()]);
            (key, value)
        });
        values.collect::<Vec<_>>()
    };
    let changes = || keyed("once", [ask("price"), set("note", 1), extend(HOUR)]);
    let refused = ChangeBatch {
        expected_version: Some(1_000),
        ..changes()
    };
    let limits = Limits::default();
    let before = everything();
    assert!(before.len() > 5, "{before:?}");
    let apply = async |batch| {
        store
            .apply(&Scope::All, id(1), &batch, &limits, after(HOUR))
            .await
    };
    let error = apply(refused).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    assert_eq!(everything(), before);
    for part in ["q", "i", "o", "d", "expiry", "quarantine"] {
        let key = match part {
            "expiry" | "quarantine" => {
                let key = key_of(&settings.key_prefix, id(1), part);
                key.replace(&format!("{}:", id(1)), "")
            }
            part => key_of(&settings.key_prefix, id(1), part),
        };
        let aside = format!("{}:aside", settings.key_prefix);
        let _ = shared_redis().command(&["RENAME", &key, &aside]);
        let _ = shared_redis().command(&["SET", &key, "whatever"]);
        let before = everything();
        let error = apply(changes()).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Corrupt { .. }),
            "{part}: {error:?}"
        );
        assert_eq!(everything(), before, "{part}");
        let _ = shared_redis().command(&["DEL", &key]);
        let _ = shared_redis().command(&["RENAME", &aside, &key]);
    }
    assert_eq!(everything(), before);
    assert!(apply(changes()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_layout_that_was_half_written_is_completed() {
    let settings = config(shared_redis().url());
    let key = format!("{}:meta", settings.key_prefix);
    let _ = shared_redis().command(&["HSET", &key, "buckets", "1024"]);
    connect(&settings).await;
    assert_eq!(shared_redis().command(&["HGET", &key, "layout"]), "1");
}

#[tokio::test]
async fn many_first_connects_at_once_agree_on_the_layout() {
    let settings = &config(shared_redis().url());
    at_once(8, |_| async move { connect(settings).await }).await;
    let key = format!("{}:meta", settings.key_prefix);
    assert_eq!(shared_redis().command(&["HLEN", &key]), "2");
}

#[tokio::test]
async fn a_value_that_cannot_be_read_is_corrupt_and_can_be_set_aside_and_removed() {
    let settings = config(shared_redis().url());
    let store = connect(&settings).await;
    store.insert(&full_snapshot(1)).await.unwrap();
    let queries = key_of(&settings.key_prefix, id(1), "q");
    let _ = shared_redis().command(&["LSET", &queries, "0", "\u{9}whatever"]);
    let error = store.snapshot(id(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(
        store
            .quarantine(id(1), "unreadable", Timestamp::MAX)
            .await
            .unwrap()
    );
    assert_eq!(expired(&store, 5).await, []);
    assert_eq!(store.quarantined(MANY).await.unwrap().len(), 1);
    assert!(store.remove(&Scope::All, id(1)).await.unwrap());
    assert_eq!(store.quarantined(MANY).await.unwrap(), []);
}

#[tokio::test]
async fn two_prefixes_in_one_database_know_nothing_of_each_other() {
    let one = connect(&config(shared_redis().url())).await;
    let other = connect(&config(shared_redis().url())).await;
    insert(&one, &session(1)).await;
    assert_eq!(other.get(&Scope::All, id(1)).await.unwrap(), None);
    insert(&other, &session(1)).await;
    assert!(other.remove(&Scope::All, id(1)).await.unwrap());
    assert_eq!(live(&one, id(1)).await, session(1));
    assert_eq!(list(&other, &Scope::All).await, []);
}

async fn refusal(settings: RedisConfig) -> ConnectError {
    RedisStore::connect(settings).await.unwrap_err()
}

#[tokio::test]
async fn another_number_of_buckets_is_refused_with_both_numbers() {
    let settings = config(shared_redis().url());
    connect(&settings).await;
    let key = format!("{}:meta", settings.key_prefix);
    let _ = shared_redis().command(&["HSET", &key, "buckets", "512"]);
    let error = refusal(settings).await;
    assert!(
        matches!(error, ConnectError::OtherBuckets { .. }),
        "{error:?}"
    );
    let text = error.to_string();
    for part in [key.as_str(), "512", "1024", "another key prefix"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn another_layout_is_refused() {
    let settings = config(shared_redis().url());
    connect(&settings).await;
    let key = format!("{}:meta", settings.key_prefix);
    let _ = shared_redis().command(&["HSET", &key, "layout", "2"]);
    let error = refusal(settings).await;
    assert!(
        matches!(error, ConnectError::OtherLayout { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_layout_key_of_another_program_is_refused_and_left_alone() {
    let settings = config(shared_redis().url());
    let key = format!("{}:meta", settings.key_prefix);
    let _ = shared_redis().command(&["SET", &key, "whatever"]);
    let error = refusal(settings).await;
    assert!(matches!(error, ConnectError::NotOurs { .. }), "{error:?}");
    assert_eq!(shared_redis().command(&["GET", &key]), "whatever");
}

#[tokio::test]
async fn a_prefix_that_parts_names_is_refused() {
    for prefix in ["", "{x}", "a b", "*", &"x".repeat(65)] {
        let settings = RedisConfig {
            key_prefix: prefix.to_owned(),
            ..RedisConfig::new(shared_redis().url())
        };
        let error = refusal(settings).await;
        assert!(
            matches!(error, ConnectError::InvalidPrefix { .. }),
            "{error:?}"
        );
    }
    assert_eq!(DEFAULT_KEY_PREFIX, "fiml");
}

#[tokio::test]
async fn every_bucket_is_listed_and_swept_in_order() {
    let store = connect(&config(shared_redis().url())).await;
    // One bucket holds most of them, so that it is asked again; the others hold one each.
    let sessions: Vec<Session> = (0..60_u128)
        .map(|n| {
            let low = if n % 5 == 0 { n } else { 7 + (n << 10) };
            let id = SessionId::from_uuid(uuid::Uuid::from_u128(low));
            Session {
                id,
                ..session(u32::try_from(n).unwrap())
            }
        })
        .collect();
    for own in &sessions {
        insert(&store, own).await;
    }
    let oldest_first: Vec<_> = sessions.iter().map(|session| session.id).collect();
    for limit in [1, 7, 30, 60, 100] {
        let due = expired(&store, limit).await;
        assert_eq!(due, oldest_first[..limit.min(60)], "{limit}");
    }
    let listed = list(&store, &Scope::All).await;
    let newest_first = listed.iter().rev().map(|header| header.id);
    assert_eq!(newest_first.collect::<Vec<_>>(), oldest_first);
}

#[tokio::test]
async fn nothing_expires_by_the_clock_of_the_server() {
    let server = RedisServer::start();
    let settings = config(server.url());
    let store = connect(&settings).await;
    let long_ago = Session {
        created_at: Timestamp::MIN,
        expires_at: Timestamp::MIN,
        last_accessed_at: Timestamp::MIN,
        ..full_session(1)
    };
    insert(&store, &long_ago).await;
    let keys = server.command(&["KEYS", "*"]);
    assert!(keys.lines().count() > 5, "{keys}");
    for key in keys.lines() {
        assert_eq!(server.command(&["TTL", key]), "-1", "{key}");
    }
}
