//! Several callers on the same sessions at once.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use std::{collections::BTreeSet, num::NonZeroUsize, sync::Arc, time::Duration};

use common::{archive, beside, config, connect, fresh, staged, waits};
use fiml_session_core::{
    MetricsDigest,
    store::{ArchiveStore, MetricsFilter, MetricsStore, Scope, StageOutcome, StoreError},
};
use fiml_store_pg::PgStore;
use fiml_testkit::fixtures::{MANY, START, id, token};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_archivers_stage_the_same_sessions_in_opposite_order() {
    let store = fresh().await;
    for round in 0..10 {
        let stage = |turn: u64| {
            let store = Arc::clone(&store);
            let version = round * 2 + turn;
            tokio::spawn(async move {
                let mut batch: Vec<_> = (1..=100).map(|n| staged(n, version)).collect();
                if turn == 1 {
                    batch.reverse();
                }
                store.stage(&batch, START).await.unwrap()
            })
        };
        let (first, second) = (stage(1), stage(2));
        let (_, second) = (first.await.unwrap(), second.await.unwrap());
        assert_eq!(second, [StageOutcome::Staged { since: START }; 100]);
    }
    for n in 1..=100 {
        let found = store.get(&Scope::All, id(n)).await.unwrap().unwrap();
        assert_eq!(found, staged(n, 20).snapshot);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_burial_beside_an_archiver_leaves_no_figures() {
    let config = config();
    let store = Arc::new(connect(&config).await);
    let tasks = (1..=40).flat_map(|n| {
        let (archiver, owner) = (Arc::clone(&store), Arc::clone(&store));
        let stage = tokio::spawn(async move {
            let batch = [staged(n, 1), staged(n, 2)];
            archiver.stage(&batch, START).await.map(drop)
        });
        let bury = tokio::spawn(async move {
            let buried = owner.bury(&Scope::All, id(n), START).await;
            buried.map(|buried| assert!(buried))
        });
        [stage, bury]
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    let (any, none) = (MetricsFilter::default(), BTreeSet::new());
    let digest = store.digest(&Scope::All, &any, &none, START).await.unwrap();
    assert_eq!(digest, MetricsDigest::default());
    let report = PgStore::verify(config).await.unwrap();
    assert_eq!((report.buried, report.orphans), (40, 0));
}

#[tokio::test]
async fn a_batch_that_names_a_session_twice_is_taken_in_order() {
    let store = fresh().await;
    let batch = [
        staged(1, 2),
        staged(2, 1),
        staged(1, 3),
        staged(1, 1),
        staged(1, 3),
    ];
    let outcomes = store.stage(&batch, START).await.unwrap();
    let kept = StageOutcome::Staged { since: START };
    assert_eq!(outcomes, [kept, kept, kept, StageOutcome::Outdated, kept]);
    let found = store.get(&Scope::All, id(1)).await.unwrap().unwrap();
    assert_eq!(found, staged(1, 3).snapshot);
}

#[tokio::test]
async fn a_purge_passes_over_rows_that_somebody_holds() {
    let config = config();
    let store = connect(&config).await;
    for n in 1..=3 {
        archive(&store, &staged(n, 1)).await;
    }
    let holder = beside(&config).await;
    let hold = format!(
        "SELECT 1 FROM sessions WHERE id = '{}' FOR UPDATE",
        id(2).uuid()
    );
    holder.batch_execute(&hold).await.unwrap();
    let before = START.plus(Duration::from_secs(1));
    assert_eq!(store.purge_before(before, MANY).await.unwrap(), 2);
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(
        store.purge_before(before, NonZeroUsize::MIN).await.unwrap(),
        1
    );
}

#[tokio::test]
async fn a_write_behind_a_lock_gives_up_and_says_that_nothing_was_done() {
    let mut config = config();
    config.timeout = Duration::from_millis(800);
    let store = connect(&config).await;
    archive(&store, &staged(1, 1)).await;
    let holder = beside(&config).await;
    let hold = "SELECT 1 FROM sessions FOR UPDATE";
    holder.batch_execute(hold).await.unwrap();
    let error = store.bury(&Scope::All, id(1), START).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    holder.batch_execute("COMMIT").await.unwrap();
    assert!(!store.is_buried(id(1)).await.unwrap());
    let claimed = store.claim_restore(&Scope::All, id(1), token(1), START);
    assert_eq!(claimed.await.unwrap(), Some(staged(1, 1).snapshot));
}

#[tokio::test]
async fn a_deadlock_with_somebody_else_is_tried_again() {
    let config = config();
    let store = Arc::new(connect(&config).await);
    archive(&store, &staged(1, 1)).await;
    archive(&store, &staged(2, 1)).await;
    // The other one is patient, so that PostgreSQL finds the deadlock in the store's transaction.
    let holder = beside(&config).await;
    let lock = |n| {
        format!(
            "SELECT 1 FROM sessions WHERE id = '{}' FOR UPDATE",
            id(n).uuid()
        )
    };
    holder
        .batch_execute("SET deadlock_timeout TO '1h'")
        .await
        .unwrap();
    holder.batch_execute(&lock(2)).await.unwrap();
    let archiver = Arc::clone(&store);
    let staging = tokio::spawn(async move {
        let batch = [staged(1, 2), staged(2, 2)];
        archiver.stage(&batch, START).await
    });
    waits(&holder, "INSERT INTO sessions").await;
    holder.batch_execute(&lock(1)).await.unwrap();
    holder.batch_execute("COMMIT").await.unwrap();
    let outcomes = staging.await.unwrap().unwrap();
    assert_eq!(outcomes, [StageOutcome::Staged { since: START }; 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cancelled_callers_leave_no_half_used_connection() {
    let mut config = config();
    config.pool_size = NonZeroUsize::new(2).unwrap();
    let store = Arc::new(connect(&config).await);
    for round in 1..=60 {
        let archiver = Arc::clone(&store);
        let call = tokio::spawn(async move {
            let batch: Vec<_> = (1..=20).map(|n| staged(n, round)).collect();
            archiver.stage(&batch, START).await
        });
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        call.abort();
    }
    let batch: Vec<_> = (1..=20).map(|n| staged(n, 100)).collect();
    let outcomes = store.stage(&batch, START).await.unwrap();
    assert_eq!(outcomes, [StageOutcome::Staged { since: START }; 20]);
    assert!(PgStore::verify(config).await.unwrap().is_sound());
}
