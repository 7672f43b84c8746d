//! Changing sessions: by many writers at once.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::json;

use fiml_session_core::{
    ChangeBatch, Limits, Refusal, StateMap,
    store::{ActiveStore, Scope},
};

use crate::fixtures::{
    HOUR, after, apply, apply_within, ask, at_once, batch, id, insert, live, session, set,
};

/// 32 × 10 queries are numbered 1 to 320, each acknowledged once, each writer's in its order.
pub async fn thirty_two_writers_are_numbered_without_gaps_each_in_its_order(
    store: &dyn ActiveStore,
) {
    insert(store, &session(1)).await;
    let write = |writer: usize| async move {
        let mut numbers = Vec::new();
        for turn in 0..10 {
            let query = ask(&format!("{writer} {turn}")).into();
            let applied = apply(store, id(1), &query, after(HOUR)).await.unwrap();
            numbers.push(applied.total_queries);
        }
        numbers
    };
    let acknowledged = at_once(32, write).await;
    let found = live(store, id(1)).await;
    let queries = found.state.history.queries();
    let seqs: Vec<_> = queries.iter().map(|query| query.seq).collect();
    assert_eq!(seqs, (1..=320).collect::<Vec<_>>(), "no gap, no double");
    assert_eq!(found.version, 321);
    let by_seq: BTreeMap<_, _> = queries
        .iter()
        .map(|query| (query.seq, query.query_type.as_str()))
        .collect();
    for (writer, numbers) in acknowledged.iter().enumerate() {
        assert!(numbers.is_sorted(), "writer {writer} keeps its order");
        for (turn, seq) in numbers.iter().enumerate() {
            assert_eq!(by_seq[seq], format!("{writer} {turn}"));
        }
    }
}

/// Exactly as many are stored as the limit says and as were acknowledged; every other one is refused.
pub async fn a_limit_of_one_hundred_holds_against_thirty_two_writers(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let limits = &Limits {
        max_queries: 100,
        ..Limits::default()
    };
    let write = |_| async move {
        let mut taken = 0_u64;
        for _ in 0..5 {
            let query = ask("price").into();
            match apply_within(store, id(1), &query, limits, after(HOUR)).await {
                Ok(_) => taken += 1,
                Err(Refusal::QueryLimit { limit, .. }) => assert_eq!(limit, 100),
                Err(other) => panic!("only the limit refuses here, not {other:?}"),
            }
        }
        taken
    };
    let taken: u64 = at_once(32, write).await.into_iter().sum();
    assert_eq!(taken, 100, "acknowledged");
    let found = live(store, id(1)).await;
    assert_eq!(found.state.history.queries().len(), 100, "stored");
    assert_eq!(found.state.history.total_queries(), 100);
}

/// Keys merge one by one: nobody writes back what another has changed.
pub async fn thirty_two_writers_keep_each_others_keys(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let write = |writer: usize| async move {
        for turn in 0..4 {
            let own = batch([set(&format!("{writer}"), turn), ask("price")]);
            apply(store, id(1), &own, after(HOUR)).await.unwrap();
        }
    };
    at_once(32, write).await;
    let found = live(store, id(1)).await;
    let context = found.state.entries(StateMap::Context);
    assert_eq!(context.len(), 32, "every writer's key is there");
    assert!(
        context.values().all(|entry| entry.value == json!(3)),
        "with its last value"
    );
    assert_eq!(found.state.history.total_queries(), 128);
}

/// A move of the whole session happens once.
pub async fn of_thirty_two_writers_expecting_one_version_one_is_taken(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let write = |writer: usize| async move {
        let own = ChangeBatch {
            expected_version: Some(1),
            ..batch([set("winner", writer)])
        };
        match apply(store, id(1), &own, after(HOUR)).await {
            Ok(_) => Some(writer),
            Err(Refusal::VersionConflict { .. }) => None,
            Err(other) => panic!("only the version refuses here, not {other:?}"),
        }
    };
    let winners: Vec<_> = at_once(32, write).await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let found = live(store, id(1)).await;
    assert_eq!(found.state.get_context("winner"), Some(&json!(winners[0])));
    assert_eq!(found.version, 2);
}

/// Counts a writer off, be it because it failed: nobody waits for it any longer.
struct Done<'a>(&'a AtomicUsize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whoever reads while others write sees one version, not parts of two.
pub async fn an_overview_is_never_torn(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let writing = &AtomicUsize::new(2);
    let work = |task: usize| async move {
        if task < 2 {
            let _done = Done(writing);
            for _ in 0..40 {
                let two = batch([ask("a"), ask("b")]);
                apply(store, id(1), &two, after(HOUR)).await.unwrap();
            }
            return;
        }
        while writing.load(Ordering::SeqCst) > 0 {
            let overview = store.overview(&Scope::All, id(1), 2).await.unwrap();
            let overview = overview.expect("it stays");
            let header = &overview.header;
            assert_eq!(header.total_queries, (header.version - 1) * 2);
            let last = overview.recent_queries.first().map_or(0, |query| query.seq);
            assert_eq!(
                last, header.total_queries,
                "header and queries are of one version"
            );
            let whole = live(store, id(1)).await;
            let held = whole.state.history.queries().len() as u64;
            assert_eq!(held, (whole.version - 1) * 2);
            assert_eq!(held, whole.state.history.total_queries());
            // Where all share one thread, the writers must come to their turn.
            tokio::task::yield_now().await;
        }
    };
    at_once(8, work).await;
}
