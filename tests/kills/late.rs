//! A process that is held up while it brings a session back, long enough for others to bring it back, write
//! to it and archive it again; its late copy must not cost what was acknowledged.

use fiml_session_core::{Policy, SessionId, SessionStore};
use fiml_tests::{orders::Work, place::Tiers};

use crate::{
    ALL, MINUTE, MINUTE_IN_HOURS,
    ledger::{append, values},
    worker::Worker,
    world::create,
};

/// Writes to a session before and while a process is held up that has claimed it; the process then makes its
/// copy, and meets a fate right after that.
async fn make_a_late_copy(
    tiers: &Tiers,
    store: &SessionStore,
    id: SessionId,
    fate: &str,
) -> Worker {
    append(store, id, "first", false).await.unwrap();
    assert!(store.archive_session(&ALL, id).await.unwrap());
    let doom = format!("stop:claim_restore:1,{fate}:insert:1");
    let held_up = Worker::start(tiers, store.now(), &doom, Work::Extend, &[id]);
    let held_up = held_up.ready().await.stopped().await;
    store.extend_session(&ALL, id, 1.0, None).await.unwrap();
    append(store, id, "second", false).await.unwrap();
    assert!(store.archive_session(&ALL, id).await.unwrap());
    held_up.go_on()
}

/// Extends the session, and appends to it what is acknowledged.
async fn write_on(store: &SessionStore, id: SessionId) {
    store.extend_session(&ALL, id, 1.0, None).await.unwrap();
    append(store, id, "third", false).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_copy_of_a_process_that_then_died_takes_no_acknowledged_query() {
    let tiers = Tiers::shared();
    let (store, clock) = tiers.service(Policy::default()).await;
    let id = create(&store, 1, MINUTE_IN_HOURS).await[0];
    let late = make_a_late_copy(&tiers, &store, id, "after").await;
    late.death().await;
    write_on(&store, id).await;
    clock.advance(3 * 60 * MINUTE);
    store.cleanup_expired_sessions().await.unwrap();
    let read = store.get_session(&ALL, id).await.unwrap();
    assert_eq!(values(&read), ["first", "second", "third"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_copy_of_a_process_that_is_held_up_again_takes_no_acknowledged_query() {
    let tiers = Tiers::shared();
    let (store, clock) = tiers.service(Policy::default()).await;
    let id = create(&store, 1, MINUTE_IN_HOURS).await[0];
    let late = make_a_late_copy(&tiers, &store, id, "stop").await;
    let late = late.stopped().await;
    write_on(&store, id).await;
    late.go_on().done().await.kill().await;
    clock.advance(3 * 60 * MINUTE);
    store.cleanup_expired_sessions().await.unwrap();
    let read = store.get_session(&ALL, id).await.unwrap();
    assert_eq!(values(&read), ["first", "second", "third"]);
}
