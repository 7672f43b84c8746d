//! Storing whole sessions.

use serde_json::{Value, json};

use fiml_session_core::{
    AnalysisHistory, Entry, QueryRecord, Session, SessionSnapshot, StateMap, Timestamp,
    store::{ActiveStore, Scope, StoreError},
};

use crate::fixtures::{
    DAY, HOUR, MICRO, ODD_NAMES, after, asset, at_once, full_session, full_snapshot, history, id,
    insert, key, live, remembered, session, session_of, tag, tags, user,
};

/// Stores a snapshot and compares what comes back, down to the bits of its numbers.
async fn reads_back(store: &dyn ActiveStore, given: &SessionSnapshot) {
    store.insert(given).await.unwrap();
    let id = given.session.id;
    let found = store.snapshot(id).await.unwrap().expect("it was stored");
    assert_eq!(found, *given);
    let text = |snapshot: &SessionSnapshot| serde_json::to_string(snapshot).unwrap();
    assert_eq!(text(&found), text(given), "the same bits, -0.0 included");
    assert_eq!(live(store, id).await, given.session);
}

/// A session as `create` makes it.
pub async fn an_empty_session_reads_back_equal(store: &dyn ActiveStore) {
    reads_back(store, &session(1).into()).await;
    reads_back(store, &session_of(2, None).into()).await;
}

/// History, every map, stamps, tags, assets and answers.
pub async fn a_full_session_reads_back_equal_its_remembered_answers_included(
    store: &dyn ActiveStore,
) {
    reads_back(store, &full_snapshot(1)).await;
}

/// A thousand queries, 256 keys in each map, 100 assets, 32 tags, 256 answers, the longest names.
pub async fn a_session_at_every_limit_reads_back_equal(store: &dyn ActiveStore) {
    let mut session = Session {
        user_id: Some(user(&"ü".repeat(127))),
        assets: (0..100).map(|n| asset(&format!("{n:032}"))).collect(),
        tags: (0..32).map(|n| tag(&format!("{n:064}"))).collect(),
        version: 2_048,
        ..session(1)
    };
    session.state.history = history(1_000);
    for map in StateMap::ALL {
        for n in 0..256 {
            let entry = Entry {
                value: json!(n),
                version: n + 1,
            };
            session
                .state
                .entries_mut(map)
                .insert(format!("{n:0128}"), entry);
        }
    }
    let answers = (0..256).map(|n| {
        let at = session.created_at.plus(MICRO * n);
        remembered(key(&format!("{n:0128}"), &n), at, &session)
    });
    let answers = answers.collect();
    reads_back(store, &SessionSnapshot { answers, session }).await;
}

fn holding(n: u32, entries: impl IntoIterator<Item = (String, Value)>) -> SessionSnapshot {
    let mut session = session(n);
    let parameters = entries.into_iter().collect::<serde_json::Map<_, _>>();
    for (key, value) in &parameters {
        let value = value.clone();
        let entry = Entry { value, version: 1 };
        let context = session.state.entries_mut(StateMap::Context);
        context.insert(key.clone(), entry);
    }
    let query = QueryRecord {
        seq: 1,
        version: 1,
        parameters,
        execution_time_ms: Some(0.1 + 0.2),
        ..QueryRecord::new("price")
    };
    session.state.history = AnalysisHistory::from_stored(vec![query], 1, 0);
    session.into()
}

/// The largest integers, the smallest float, the largest, and the zero with a sign.
pub async fn numbers_read_back_with_the_same_bits(store: &dyn ActiveStore) {
    let numbers = [
        json!(u64::MAX),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(12_345_678_901_234_567_u64),
        json!(-0.0),
        json!(0.0),
        json!(1e308),
        json!(5e-324),
        json!(f64::MIN_POSITIVE),
        json!(0.1 + 0.2),
        json!(1.0),
        json!(1),
    ];
    let entries = (0..)
        .zip(numbers)
        .map(|(n, number): (u32, _)| (format!("n{n}"), number));
    reads_back(store, &holding(1, entries)).await;
}

/// An empty list is no empty object, and null is a value.
pub async fn empty_and_nested_values_read_back_as_they_were(store: &dyn ActiveStore) {
    let deep = (0..60).fold(json!([]), |value, _| json!([value]));
    let values = [
        json!([]),
        json!({}),
        json!(null),
        json!(""),
        json!(false),
        json!([[], {}, [[]], {"a": {}}, null]),
        json!({"": {"": []}, "b": null}),
        deep,
    ];
    let entries = (0..)
        .zip(values)
        .map(|(n, value): (u32, _)| (format!("v{n}"), value));
    reads_back(store, &holding(1, entries)).await;
}

/// Quotes, emoji, patterns and line ends mean nothing to a store.
pub async fn odd_texts_read_back_verbatim(store: &dyn ActiveStore) {
    let entries = ODD_NAMES.map(|name| (name.to_owned(), json!({name: [name, "tab\tline\r\n"]})));
    let mut odd = holding(1, entries);
    odd.session.user_id = Some(user(ODD_NAMES[0]));
    odd.session.tags = ODD_NAMES.map(tag).to_vec();
    odd.session.assets = ["%", "*", "{X}", "'--", "BTC\"USD"].map(asset).to_vec();
    reads_back(store, &odd).await;
    for (n, name) in (2..).zip(ODD_NAMES) {
        reads_back(store, &session_of(n, Some(name)).into()).await;
    }
}

/// They are lists, not sets.
pub async fn assets_and_tags_keep_their_order(store: &dyn ActiveStore) {
    let ordered = Session {
        assets: ["Z", "A", "M", "B"].map(asset).to_vec(),
        tags: tags(["zeta", "Alpha", "alpha", "mu"]),
        ..session(1)
    };
    insert(store, &ordered).await;
    let found = live(store, ordered.id).await;
    assert_eq!((found.assets, found.tags), (ordered.assets, ordered.tags));
}

/// Microseconds are what is kept, over the whole range of instants.
pub async fn instants_keep_their_microseconds(store: &dyn ActiveStore) {
    let edges = [
        (Timestamp::MIN, Timestamp::MAX),
        (after(MICRO), after(MICRO * 2)),
        (after(HOUR).minus(MICRO), after(DAY).plus(MICRO * 999_999)),
    ];
    for (n, (created_at, expires_at)) in (1..).zip(edges) {
        let session = Session {
            created_at,
            expires_at,
            last_accessed_at: created_at.plus(MICRO),
            ..session(n)
        };
        reads_back(store, &session.into()).await;
    }
}

/// A store has no clock, and nothing of its own runs out.
pub async fn an_expired_session_is_stored_like_any_other(store: &dyn ActiveStore) {
    let expired = Session {
        created_at: Timestamp::MIN,
        expires_at: Timestamp::MIN.plus(MICRO),
        last_accessed_at: Timestamp::MIN,
        ..session(1)
    };
    reads_back(store, &expired.into()).await;
}

/// The second of two sessions with one id is `AlreadyExists`.
pub async fn an_id_already_present_is_refused_and_the_stored_session_is_unchanged(
    store: &dyn ActiveStore,
) {
    let first = full_snapshot(1);
    store.insert(&first).await.unwrap();
    for second in [session(1).into(), first.clone()] {
        let refused = store.insert(&second).await;
        assert!(
            matches!(refused, Err(StoreError::AlreadyExists { id: named }) if named == id(1)),
            "{refused:?}"
        );
        assert_eq!(store.snapshot(id(1)).await.unwrap().as_ref(), Some(&first));
    }
}

/// An id is no permission to replace what lies under it.
pub async fn an_id_of_somebody_else_is_refused_and_stays_theirs(store: &dyn ActiveStore) {
    let theirs = full_session(1);
    insert(store, &theirs).await;
    for thief in [Some("mallory"), None] {
        let refused = store.insert(&session_of(1, thief).into()).await;
        assert!(
            matches!(refused, Err(StoreError::AlreadyExists { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(live(store, theirs.id).await, theirs);
    let listed = store.get(&Scope::Unowned, theirs.id).await.unwrap();
    assert_eq!(listed, None, "the session did not change hands");
}

/// One of them wins, whole.
pub async fn thirty_two_inserts_of_one_id_at_once_store_one(store: &dyn ActiveStore) {
    let insert = |task: usize| async move {
        let mut own = full_session(1);
        own.tags = vec![tag(&format!("task {task}"))];
        let done = store.insert(&own.clone().into()).await;
        done.is_ok().then_some(own)
    };
    let winners: Vec<_> = at_once(32, insert).await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1, "one insert is acknowledged");
    assert_eq!(live(store, id(1)).await, winners[0]);
}
