//! Changing sessions: how large they may grow.

use fiml_session_core::{ChangeBatch, Limits, Refusal, SessionChange, StateMap, store::ActiveStore};

use crate::fixtures::{
    HOUR, after, apply, apply_within, ask, batch, id, insert, live, session, session_with_queries,
    set, set_in, tag, tags, unset,
};

async fn refused_whole(
    store: &dyn ActiveStore,
    changes: &ChangeBatch,
    limits: &Limits,
) -> Refusal {
    let held = store.snapshot(id(1)).await.unwrap();
    let refused = apply_within(store, id(1), changes, limits, after(HOUR)).await;
    assert_eq!(store.snapshot(id(1)).await.unwrap(), held, "nothing of it is stored");
    refused.expect_err("it would cross a limit")
}

/// Query 1,000 of 1,000 is the last.
pub async fn query_one_thousand_is_taken_and_the_next_is_refused(store: &dyn ActiveStore) {
    insert(store, &session_with_queries(1, 999)).await;
    let one = ask("price").into();
    let applied = apply(store, id(1), &one, after(HOUR)).await.unwrap();
    assert_eq!(applied.total_queries, 1_000);
    let refusal = refused_whole(store, &one, &Limits::default()).await;
    let expected = Refusal::QueryLimit {
        limit: 1_000,
        held: 1_000,
        offered: 1,
    };
    assert_eq!(refusal, expected);
}

/// Its first queries would fit, and are not taken either.
pub async fn a_batch_that_would_cross_the_query_limit_is_refused_whole(store: &dyn ActiveStore) {
    insert(store, &session_with_queries(1, 998)).await;
    let three = batch([set("k", 1), ask("a"), ask("b"), ask("c")]);
    let refusal = refused_whole(store, &three, &Limits::default()).await;
    let expected = Refusal::QueryLimit {
        limit: 1_000,
        held: 998,
        offered: 3,
    };
    assert_eq!(refusal, expected);
    let two = batch([ask("a"), ask("b")]);
    let applied = apply(store, id(1), &two, after(HOUR)).await.unwrap();
    assert_eq!(applied.total_queries, 1_000);
}

/// A limit that was lowered below what is held stops queries, not everything.
pub async fn a_session_above_a_lowered_limit_still_takes_other_changes(store: &dyn ActiveStore) {
    insert(store, &session_with_queries(1, 9)).await;
    let lowered = Limits {
        max_queries: 5,
        max_session_bytes: 1,
        ..Limits::default()
    };
    refused_whole(store, &ask("price").into(), &lowered).await;
    let tagged = SessionChange::TagsAdded { tags: tags(["t"]) }.into();
    let applied = apply_within(store, id(1), &tagged, &lowered, after(HOUR)).await;
    assert_eq!(applied.unwrap().total_queries, 9);
}

/// One more in the same map is refused, in another it is not; a removed one makes room.
pub async fn keys_are_counted_in_each_map(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let three = Limits {
        max_entries: 3,
        ..Limits::default()
    };
    let fits = batch([set("a", 1), set("b", 1), set("c", 1)]);
    apply_within(store, id(1), &fits, &three, after(HOUR)).await.unwrap();
    let refusal = refused_whole(store, &set("d", 1).into(), &three).await;
    assert!(matches!(refusal, Refusal::TooLarge(_)), "{refusal:?}");
    for map in [
        StateMap::Preferences,
        StateMap::IntermediateResults,
        StateMap::Metadata,
    ] {
        let other = set_in(map, "d", 1).into();
        apply_within(store, id(1), &other, &three, after(HOUR)).await.unwrap();
    }
    let swap = batch([unset("a"), set("d", 1)]);
    apply_within(store, id(1), &swap, &three, after(HOUR)).await.unwrap();
    let keys = live(store, id(1)).await;
    assert_eq!(keys.state.entries(StateMap::Context).len(), 3);
}

/// Only new keys count, and a replacement is none.
pub async fn replacing_a_key_of_a_full_map_is_no_new_key(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let two = Limits {
        max_entries: 2,
        ..Limits::default()
    };
    for changes in [
        batch([set("a", 1), set("b", 1)]),
        batch([set("a", 2), set("b", 2), set("a", 3)]),
        batch([unset("absent"), set("b", 4)]),
    ] {
        apply_within(store, id(1), &changes, &two, after(HOUR)).await.unwrap();
    }
}

/// 32 different ones fit, 33 do not.
pub async fn tags_are_counted_once_each(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let numbered = |range: std::ops::Range<u32>| SessionChange::TagsAdded {
        tags: range.map(|n| tag(&format!("tag {n}"))).collect(),
    };
    let limits = Limits::default();
    let fits = batch([numbered(0..32), numbered(0..32)]);
    apply(store, id(1), &fits, after(HOUR)).await.unwrap();
    let refusal = refused_whole(store, &numbered(31..33).into(), &limits).await;
    assert!(matches!(refusal, Refusal::TooLarge(_)), "{refusal:?}");
    let swap = SessionChange::TagsRemoved { tags: tags(["tag 0"]) };
    let swap = batch([swap, numbered(32..33)]);
    apply(store, id(1), &swap, after(HOUR)).await.unwrap();
    assert_eq!(live(store, id(1)).await.tags.len(), 32);
}

/// Keys and values as JSON count: the last byte fits, one more does not.
pub async fn a_session_grows_to_its_bytes_and_no_further(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let hundred = Limits {
        max_session_bytes: 100,
        ..Limits::default()
    };
    // One byte of key, two quotes and 97 letters.
    let exact = set("k", "x".repeat(97)).into();
    let over = set("k", "x".repeat(98)).into();
    let refusal = refused_whole(store, &over, &hundred).await;
    assert!(matches!(refusal, Refusal::TooLarge(_)), "{refusal:?}");
    apply_within(store, id(1), &exact, &hundred, after(HOUR)).await.unwrap();
    refused_whole(store, &set_in(StateMap::Metadata, "l", 1).into(), &hundred).await;
    refused_whole(store, &ask("price").into(), &hundred).await;
}

/// What is removed or replaced by something shorter does not count any more.
pub async fn removing_and_shortening_give_bytes_back(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let hundred = Limits {
        max_session_bytes: 100,
        ..Limits::default()
    };
    for changes in [
        batch([set("k", "x".repeat(97))]),
        batch([set("k", "x".repeat(47)), set("l", "x".repeat(47))]),
        batch([unset("k"), set("m", "x".repeat(47))]),
        batch([unset("l"), unset("m"), set("n", "x".repeat(97))]),
        batch([set("n", "🦀".repeat(24))]),
    ] {
        let done = apply_within(store, id(1), &changes, &hundred, after(HOUR)).await;
        assert!(done.is_ok(), "{changes:?}: {done:?}");
    }
}

/// Whoever is refused is told which argument broke which limit.
pub async fn a_refusal_names_the_limit(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let limits = Limits {
        max_entries: 0,
        max_tags: 0,
        max_session_bytes: 10,
        ..Limits::default()
    };
    let tagged = SessionChange::TagsAdded { tags: tags(["t"]) };
    for (change, argument, limit) in [
        (set_in(StateMap::Metadata, "k", 1), "metadata", "at most 0 keys"),
        (tagged, "tags", "at most 0 tags"),
        (ask("price"), "session", "at most 10 bytes"),
    ] {
        match refused_whole(store, &change.into(), &limits).await {
            Refusal::TooLarge(invalid) => {
                assert_eq!(invalid.argument, argument);
                assert!(invalid.limit.starts_with(limit), "{}", invalid.limit);
            }
            other => panic!("{argument} is too large, not {other:?}"),
        }
    }
}
