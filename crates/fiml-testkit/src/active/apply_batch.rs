//! Changing sessions: what each change does, and that a batch is one.

use serde_json::json;

use fiml_session_core::{AnalysisHistory, Applied, Entry, QueryRecord, Refusal, SessionChange, StateMap, Timestamp, store::{ActiveStore, Scope}};

use crate::fixtures::{
    DAY, HOUR, MICRO, START, after, apply, ask, batch, extend, full_session, id, insert,
    live, object, session, set, set_in, tag, tags, unset,
};

/// A query, a key, a removal, tags and a life: the session afterwards is what the moves say.
pub async fn every_kind_of_change_is_applied(store: &dyn ActiveStore) {
    let before = full_session(1);
    insert(store, &before).await;
    let at = after(2 * HOUR);
    let changes = batch([
        ask("price"),
        set("note", "new"),
        unset("nested"),
        set_in(StateMap::Preferences, "style", "brief"),
        set_in(StateMap::IntermediateResults, "beta", 1.25),
        set_in(StateMap::Metadata, "note", json!(null)),
        SessionChange::TagsAdded {
            tags: tags(["added"]),
        },
        SessionChange::TagsRemoved {
            tags: tags(["zeta", "absent"]),
        },
        extend(HOUR),
    ]);
    apply(store, id(1), &changes, at).await.unwrap();

    let mut expected = before.clone();
    let query = QueryRecord {
        seq: 5,
        version: 10,
        timestamp: Some(at),
        ..QueryRecord::new("price")
    };
    let queries = before.state.history.queries().iter().cloned();
    let queries = queries.chain([query]).collect();
    expected.state.history = AnalysisHistory::from_stored(queries, 5, 2);
    expected.state.entries_mut(StateMap::Context).remove("nested");
    for (map, key, value) in [
        (StateMap::Context, "note", json!("new")),
        (StateMap::Preferences, "style", json!("brief")),
        (StateMap::IntermediateResults, "beta", json!(1.25)),
        (StateMap::Metadata, "note", json!(null)),
    ] {
        let entry = Entry { value, version: 10 };
        expected.state.entries_mut(map).insert(key.to_owned(), entry);
    }
    expected.tags = tags(["tech", "alpha", "Überblick 2026", "added"]);
    expected.version = 10;
    expected.last_accessed_at = at;
    expected.expires_at = before.expires_at.plus(HOUR);
    assert_eq!(live(store, id(1)).await, expected);
}

/// However many changes it has.
pub async fn a_batch_is_one_new_version(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let several = batch([ask("a"), set("k", 1), ask("b"), unset("k")]);
    for version in [2, 3] {
        let applied = apply(store, id(1), &several, after(HOUR)).await.unwrap();
        assert_eq!(applied.version, version);
        assert_eq!(live(store, id(1)).await.version, version);
    }
}

/// It answers what the session is, even an expired one.
pub async fn a_batch_without_changes_leaves_the_session_alone(store: &dyn ActiveStore) {
    let before = full_session(1);
    insert(store, &before).await;
    for at in [after(HOUR), after(9 * DAY)] {
        let applied = apply(store, id(1), &batch([]), at).await.unwrap();
        assert_eq!(applied.version, before.version);
        assert_eq!(applied.total_queries, 4);
        assert_eq!(applied.last_accessed_at, before.last_accessed_at);
        assert_eq!(live(store, id(1)).await, before);
    }
}

/// All or none: the good changes before and behind the refused one are not applied either.
pub async fn a_batch_with_one_refused_change_changes_nothing(store: &dyn ActiveStore) {
    let before = full_session(1);
    insert(store, &before).await;
    let held = store.snapshot(id(1)).await.unwrap();
    let too_many = (0..40).map(|n| tag(&format!("tag {n}"))).collect();
    let mixed = batch([
        extend(HOUR),
        ask("price"),
        set("new", 1),
        set("note", "replaced"),
        unset("nested"),
        SessionChange::TagsRemoved { tags: tags(["zeta"]) },
        SessionChange::TagsAdded { tags: too_many },
        ask("price"),
    ]);
    let refused = apply(store, id(1), &mixed, after(2 * HOUR)).await;
    assert!(matches!(refused, Err(Refusal::TooLarge(_))), "{refused:?}");
    assert_eq!(store.snapshot(id(1)).await.unwrap(), held);
    let applied = apply(store, id(1), &ask("price").into(), after(2 * HOUR)).await;
    let applied = applied.unwrap();
    assert_eq!(
        (applied.version, applied.total_queries),
        (10, 5),
        "a refused batch uses up neither a version nor a number"
    );
}

/// 1, 2, 3 …, over batches of one and of several.
pub async fn queries_get_the_next_numbers_and_the_version_of_their_batch(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let misleading = SessionChange::QueryAdded {
        query: QueryRecord {
            seq: 77,
            version: 77,
            ..QueryRecord::new("c")
        },
    };
    for several in [
        batch([ask("a")]),
        batch([ask("b"), set("k", 1), misleading]),
        batch([ask("d")]),
    ] {
        apply(store, id(1), &several, after(HOUR)).await.unwrap();
    }
    let found = live(store, id(1)).await;
    let queries = found.state.history.queries().iter();
    let numbered: Vec<_> = queries
        .map(|query| (query.seq, query.version, query.query_type.as_str()))
        .collect();
    assert_eq!(
        numbered,
        [(1, 2, "a"), (2, 3, "b"), (3, 3, "c"), (4, 4, "d")]
    );
}

/// One with a timestamp keeps it, be it in the past or in the future.
pub async fn a_query_without_a_timestamp_gets_the_instant_of_the_append(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let stamped = |timestamp| SessionChange::QueryAdded {
        query: QueryRecord {
            timestamp,
            ..QueryRecord::new("price")
        },
    };
    let given = [None, Some(START), Some(Timestamp::MIN), Some(after(9 * DAY))];
    let all = batch(given.map(stamped));
    apply(store, id(1), &all, after(HOUR)).await.unwrap();
    let found = live(store, id(1)).await;
    let queries = found.state.history.queries().iter();
    let timestamps: Vec<_> = queries.map(|query| query.timestamp.unwrap()).collect();
    let expected = given.map(|timestamp| timestamp.unwrap_or_else(|| after(HOUR)));
    assert_eq!(timestamps, expected);
}

/// Parameters, summary, time, source, as-of and error.
pub async fn what_a_query_carries_reads_back_equal(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let query = QueryRecord {
        timestamp: Some(after(MICRO)),
        parameters: object(json!({
            "max": u64::MAX, "min": i64::MIN, "zero": -0.0, "big": 1e308, "small": 5e-324,
            "empty": {"list": [], "object": {}, "null": null}, "quoted \"key\"": "🦀",
        })),
        result_summary: "line\n\"quoted\"\t🦀".to_owned(),
        execution_time_ms: Some(0.1 + 0.2),
        cache_hit: true,
        source: Some("'; drop table".to_owned()),
        as_of: Some(Timestamp::MIN),
        error: Some("%".to_owned()),
        ..QueryRecord::new("Zoë's query")
    };
    let given = query.clone();
    let change = SessionChange::QueryAdded { query };
    apply(store, id(1), &change.into(), after(HOUR)).await.unwrap();
    let found = live(store, id(1)).await;
    let expected = QueryRecord {
        seq: 1,
        version: 2,
        ..given
    };
    let text = |query: &QueryRecord| serde_json::to_string(query).unwrap();
    let stored = &found.state.history.queries()[0];
    assert_eq!(text(stored), text(&expected), "down to the bits");
    assert_eq!(found.state.history.cache_hits(), 1);
}

/// The last word counts, and counters count it once.
pub async fn a_later_change_of_a_batch_sees_the_earlier_ones(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let words = batch([
        set("a", "first"),
        set("a", "last"),
        set("b", 1),
        unset("b"),
        unset("c"),
        set("c", 1),
        SessionChange::TagsAdded {
            tags: tags(["in", "out"]),
        },
        SessionChange::TagsRemoved { tags: tags(["out"]) },
    ]);
    apply(store, id(1), &words, after(HOUR)).await.unwrap();
    let found = live(store, id(1)).await;
    let keys: Vec<_> = found.state.entries(StateMap::Context).keys().collect();
    assert_eq!(keys, ["a", "c"]);
    assert_eq!(found.state.get_context("a"), Some(&json!("last")));
    assert_eq!(found.tags, tags(["in"]));
    let overview = store.overview(&Scope::All, id(1), 0).await;
    assert_eq!(overview.unwrap().unwrap().header.entry_counts, [2, 0, 0, 0]);
}

/// Version, counters and instants of the answer are those of the session.
pub async fn the_answer_says_what_the_session_is_now(store: &dyn ActiveStore) {
    let before = full_session(1);
    insert(store, &before).await;
    let hit = SessionChange::QueryAdded {
        query: QueryRecord {
            cache_hit: true,
            ..QueryRecord::new("price")
        },
    };
    let (at, changes) = (after(2 * HOUR), batch([ask("price"), hit, extend(HOUR)]));
    let applied = apply(store, id(1), &changes, at).await.unwrap();
    let expected = Applied {
        version: 10,
        total_queries: 6,
        cache_hits: 3,
        expires_at: before.expires_at.plus(HOUR),
        last_accessed_at: at,
        ttl_capped: false,
    };
    assert_eq!(applied, expected);
    let found = live(store, id(1)).await;
    assert_eq!(found.state.history.total_queries(), 6);
    assert_eq!(found.state.history.cache_hits(), 3);
    assert_eq!(found.expires_at, expected.expires_at);
}

/// A writer whose clock is behind changes the session, but not its age.
pub async fn last_accessed_at_never_moves_back(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    for (at, expected) in [(5, 5), (2, 5), (6, 6)] {
        let at = after(HOUR * at);
        let applied = apply(store, id(1), &ask("price").into(), at).await.unwrap();
        assert_eq!(applied.last_accessed_at, after(HOUR * expected));
        let found = live(store, id(1)).await;
        assert_eq!(found.last_accessed_at, after(HOUR * expected));
    }
    let found = live(store, id(1)).await;
    let second = found.state.history.queries()[1].timestamp;
    assert_eq!(second, Some(after(HOUR * 5)), "nor does its history move back");
}

/// What is done to one session is done to no other.
pub async fn a_session_changes_without_its_neighbours(store: &dyn ActiveStore) {
    for n in 1..=3 {
        insert(store, &full_session(n)).await;
    }
    let changes = batch([ask("price"), set("note", 1), unset("nested"), extend(HOUR)]);
    apply(store, id(2), &changes, after(2 * HOUR)).await.unwrap();
    for n in [1, 3] {
        assert_eq!(live(store, id(n)).await, full_session(n));
    }
}
