//! Values come back as they were given, and numbers are reckoned with to the last digit.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use std::time::Duration;

use common::{config, connect, expired};
use fiml_session_core::{
    ChangeBatch, Limits, MemoryStore, Session, SessionChange, StateMap, Timestamp,
    store::{ActiveStore, Scope},
};
use fiml_testkit::{
    fixtures::{DAY, MICRO, ask, batch, extend, id, insert, keyed, session, set_in},
    servers::{shared_redis, shared_redis_cluster},
};
use serde_json::{Value, json};

fn values() -> Value {
    json!({
        "beyond f64": 12_345_678_901_234_567_u64,
        "largest": u64::MAX,
        "smallest": i64::MIN,
        "empty": [[], {}, "", null, true],
        "negative zero": -0.0,
        "third": 1.0 / 3.0,
        "whole float": 1.0,
        "whole": 1,
        "键": "👩‍💻 \"quoted\" \\ \t\n",
    })
}

#[tokio::test]
async fn what_lua_would_change_comes_back_unchanged_from_every_map_and_query() {
    for url in [shared_redis().url(), shared_redis_cluster().url()] {
        let store = connect(&config(url)).await;
        insert(&store, &session(1)).await;
        let [a, b, c, d] = StateMap::ALL.map(|map| set_in(map, "🗝", values()));
        let mut query = fiml_session_core::QueryRecord::new("price");
        query.parameters = values().as_object().unwrap().clone();
        let changes = [a, b, c, d, SessionChange::QueryAdded { query }];
        let limits = Limits::default();
        let at = session(1).created_at;
        store
            .apply(&Scope::All, id(1), &batch(changes), &limits, at)
            .await
            .unwrap();
        let found = store.get(&Scope::All, id(1)).await.unwrap().unwrap();
        let text = |value: &Value| serde_json::to_string(value).unwrap();
        for map in StateMap::ALL {
            let value = found.state.value(map, "🗝").unwrap();
            assert_eq!(text(value), text(&values()));
        }
        let parameters = &found.state.history.queries()[0].parameters;
        assert_eq!(text(&parameters.clone().into()), text(&values()));
    }
}

/// Applies the same to memory and to Redis and compares answer, session and expiry.
async fn compare(first: &Session, calls: &[(ChangeBatch, Timestamp)], limits: &Limits) {
    let (memory, redis) = (
        MemoryStore::new(),
        connect(&config(shared_redis().url())).await,
    );
    insert(&memory, first).await;
    insert(&redis, first).await;
    for (call, at) in calls {
        let expected = memory.apply(&Scope::All, first.id, call, limits, *at).await;
        let found = redis.apply(&Scope::All, first.id, call, limits, *at).await;
        assert_eq!(
            format!("{found:?}"),
            format!("{expected:?}"),
            "{call:?} at {at}"
        );
        let expected = memory.snapshot(first.id).await.unwrap();
        assert_eq!(
            redis.snapshot(first.id).await.unwrap(),
            expected,
            "{call:?}"
        );
        let overview = memory.overview(&Scope::All, first.id, 3).await.unwrap();
        assert_eq!(
            redis.overview(&Scope::All, first.id, 3).await.unwrap(),
            overview
        );
    }
    let swept = memory
        .expired(Timestamp::MAX, std::num::NonZeroUsize::MIN)
        .await;
    assert_eq!(expired(&redis, 1).await, swept.unwrap());
}

/// Doubles cannot tell neighbouring instants apart from the year 2255 on.
#[tokio::test]
async fn instants_are_reckoned_with_to_the_microsecond_up_to_the_year_9999() {
    let beyond_doubles = Timestamp::from_micros((1 << 53) + 1);
    let edges = [
        Timestamp::MIN,
        Timestamp::from_micros((1 << 32) - 1),
        Timestamp::from_micros(1 << 32),
        beyond_doubles,
        Timestamp::MAX.minus(DAY + MICRO),
        Timestamp::MAX.minus(MICRO),
        Timestamp::MAX,
    ];
    let limits = Limits {
        max_ttl: DAY + MICRO * 3,
        ..Limits::default()
    };
    for at in edges {
        let first = Session {
            created_at: at,
            expires_at: at.plus(MICRO),
            last_accessed_at: at,
            ..session(1)
        };
        let calls = [
            (keyed("a", [ask("price")]), at),
            (extend(Duration::from_micros(1 << 32)).into(), at),
            (ask("price").into(), at.plus(MICRO)),
            (extend(MICRO).into(), at.plus(DAY)),
            (keyed("a", [ask("price")]), at.plus(DAY).minus(MICRO)),
            (keyed("a", [ask("price")]), at.plus(DAY)),
            (extend(Duration::from_micros(u64::MAX)).into(), at.plus(DAY)),
            (ask("price").into(), at.minus(MICRO)),
            (SessionChange::Ended.into(), at.plus(MICRO)),
            (keyed("b", [extend(MICRO)]), at.plus(MICRO)),
        ];
        compare(&first, &calls, &limits).await;
    }
}

#[tokio::test]
async fn refusals_are_those_of_memory_to_the_word() {
    let limits = Limits {
        max_queries: 3,
        max_entries: 2,
        max_tags: 2,
        max_session_bytes: 400,
        ..Limits::default()
    };
    let tags = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
    let at = session(1).created_at.plus(MICRO);
    let expecting = |version, call: ChangeBatch| ChangeBatch {
        expected_version: Some(version),
        ..call
    };
    let entry = |key: &str, version| fiml_session_core::ExpectedEntry {
        map: StateMap::Metadata,
        key: key.to_owned(),
        version,
    };
    let conditional = |entries: Vec<_>| ChangeBatch {
        expected_entries: entries,
        ..ask("price").into()
    };
    let set = |key: &str, value: Value| set_in(StateMap::Metadata, key, value);
    let calls = [
        batch([ask("a"), ask("b"), ask("c"), ask("d")]),
        batch([set("a", json!(1)), set("b", json!(2)), set("c", json!(3))]),
        batch([set("a", json!("x".repeat(500)))]),
        batch([SessionChange::TagsAdded {
            tags: tags(&["a", "b", "a"]),
        }]),
        batch([SessionChange::TagsAdded { tags: tags(&["c"]) }]),
        batch([
            SessionChange::TagsRemoved { tags: tags(&["a"]) },
            SessionChange::TagsAdded { tags: tags(&["c"]) },
        ]),
        expecting(7, ask("price").into()),
        expecting(u64::MAX, ask("price").into()),
        batch([set("a", json!([]))]),
        conditional(vec![entry("b", None), entry("a", Some(1))]),
        conditional(vec![entry("a", None)]),
        conditional(vec![entry("b", Some(u64::MAX))]),
        keyed("k", [ask("price")]),
        keyed("k", [ask("other")]),
        batch([SessionChange::Ended, ask("price")]),
        batch([ask("a"), ask("b"), ask("c")]),
    ];
    let calls = calls.map(|call| (call, at));
    compare(&session(1), &calls, &limits).await;
}

#[tokio::test]
async fn answers_given_out_of_order_are_forgotten_in_their_time() {
    let at = |hours: u32| {
        session(1)
            .created_at
            .plus(Duration::from_hours(hours.into()))
    };
    let mut first = session(1);
    first.expires_at = at(100);
    let call = |name: &str, hours| (keyed(name, [ask("price")]), at(hours));
    let calls = [
        call("a", 3),
        call("b", 1),
        call("c", 5),
        call("d", 25),
        call("e", 26),
        call("b", 26),
        call("f", 28),
        call("c", 29),
        call("c", 60),
        call("a", 61),
    ];
    compare(&first, &calls, &Limits::default()).await;
}
