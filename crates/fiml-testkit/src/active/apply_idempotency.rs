//! Changing sessions: a call that is sent again.

use fiml_session_core::{
    Applied, ChangeBatch, IdempotencyKey, Limits, Refusal, SessionSnapshot,
    store::{ActiveStore, Scope},
};

use crate::fixtures::{
    DAY, HOUR, MICRO, ODD_NAMES, SECOND, after, apply, apply_within, ask, at_once, batch, id,
    insert, key, keyed, live, remembered, session, session_with_queries, set,
};

async fn applied(store: &dyn ActiveStore, call: &ChangeBatch) -> Applied {
    apply(store, id(1), call, after(HOUR)).await.unwrap()
}

/// A repeated call gives the answer of the first, whatever happened in between.
pub async fn the_same_key_and_content_give_the_first_answer_and_one_effect(
    store: &dyn ActiveStore,
) {
    insert(store, &session(1)).await;
    for name in ODD_NAMES {
        let call = keyed(name, [ask("price"), set("k", name)]);
        let first = applied(store, &call).await;
        applied(store, &ask("other").into()).await;
        assert_eq!(applied(store, &call).await, first, "{name:?}");
    }
    let found = live(store, id(1)).await;
    assert_eq!(found.state.history.total_queries(), 20, "each had one effect");
    assert_eq!(found.version, 21);
}

/// A key names one call.
pub async fn the_same_key_with_other_content_is_refused_and_changes_nothing(
    store: &dyn ActiveStore,
) {
    insert(store, &session(1)).await;
    let first = applied(store, &keyed("k", [ask("price")])).await;
    let held = store.snapshot(id(1)).await.unwrap();
    let other = keyed("k", [ask("fundamentals")]);
    let refused = apply(store, id(1), &other, after(HOUR)).await;
    let key = "k".to_owned();
    assert_eq!(refused, Err(Refusal::IdempotencyConflict { key }));
    assert_eq!(store.snapshot(id(1)).await.unwrap(), held);
    assert_eq!(applied(store, &keyed("k", [ask("price")])).await, first);
}

/// The retry of a call that came in time is answered in its time.
pub async fn the_first_answer_is_given_even_once_expired(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let call = keyed("k", [ask("price")]);
    let at = after(DAY).minus(MICRO);
    let first = apply(store, id(1), &call, at).await.unwrap();
    for later in [after(DAY + SECOND), after(2 * DAY).minus(SECOND)] {
        assert!(live(store, id(1)).await.is_expired(later));
        assert_eq!(apply(store, id(1), &call, later).await, Ok(first.clone()));
        let conflict = apply(store, id(1), &keyed("k", [ask("other")]), later).await;
        assert!(
            matches!(conflict, Err(Refusal::IdempotencyConflict { .. })),
            "{conflict:?}"
        );
    }
}

/// What the first call has changed itself does not refuse its retry.
pub async fn the_first_answer_is_given_before_conditions_and_limits_are_checked(
    store: &dyn ActiveStore,
) {
    insert(store, &session_with_queries(1, 4)).await;
    let limits = Limits {
        max_queries: 5,
        ..Limits::default()
    };
    let call = ChangeBatch {
        expected_version: Some(5),
        ..keyed("k", [ask("price")])
    };
    let first = apply_within(store, id(1), &call, &limits, after(HOUR)).await;
    assert!(first.is_ok(), "{first:?}");
    let again = apply_within(store, id(1), &call, &limits, after(HOUR)).await;
    assert_eq!(again, first);
}

/// A refusal is no answer to keep: the same call may succeed later.
pub async fn a_refused_batch_is_not_remembered(store: &dyn ActiveStore) {
    insert(store, &session_with_queries(1, 5)).await;
    let five = Limits {
        max_queries: 5,
        ..Limits::default()
    };
    let call = keyed("k", [ask("price")]);
    let refused = apply_within(store, id(1), &call, &five, after(HOUR)).await;
    assert!(matches!(refused, Err(Refusal::QueryLimit { .. })), "{refused:?}");
    assert_eq!(applied(store, &call).await.total_queries, 6);
    let other = apply(store, id(1), &keyed("k", [ask("other")]), after(HOUR)).await;
    assert!(
        matches!(other, Err(Refusal::IdempotencyConflict { .. })),
        "now it is: {other:?}"
    );
}

/// A microsecond before the day is over it is remembered; then it names a new call.
pub async fn a_key_is_forgotten_after_24_hours(store: &dyn ActiveStore) {
    let mut session = session(1);
    session.expires_at = after(6 * DAY);
    insert(store, &session).await;
    let call = keyed("k", [ask("price")]);
    let first = apply(store, id(1), &call, after(HOUR)).await.unwrap();
    let last = after(HOUR + DAY).minus(MICRO);
    assert_eq!(apply(store, id(1), &call, last).await, Ok(first));
    let new = keyed("k", [ask("fundamentals")]);
    let over = after(HOUR + DAY);
    let second = apply(store, id(1), &new, over).await.unwrap();
    assert_eq!(second.total_queries, 2);
    let again = apply(store, id(1), &new, over.plus(DAY).minus(MICRO)).await;
    assert_eq!(again, Ok(second), "its day begins anew");
}

/// The newest 256 are kept.
pub async fn the_oldest_key_is_forgotten_after_256(store: &dyn ActiveStore) {
    let session = session(1);
    let answers = (0..256).map(|n| {
        let at = session.created_at.plus(MICRO * n);
        remembered(key(&format!("k{n}"), &n), at, &session)
    });
    let snapshot = SessionSnapshot {
        answers: answers.collect(),
        session: session.clone(),
    };
    store.insert(&snapshot).await.unwrap();
    let call = |n: u32| ChangeBatch {
        idempotency: Some(key(&format!("k{n}"), &n)),
        ..batch([ask("price")])
    };
    assert_eq!(applied(store, &call(0)).await.version, 1, "256 are remembered");
    assert_eq!(applied(store, &call(256)).await.version, 2);
    for n in [1, 255] {
        assert_eq!(applied(store, &call(n)).await.version, 1, "{n} is among them");
    }
    assert_eq!(applied(store, &call(0)).await.version, 3, "the oldest was forgotten");
    let found = store.snapshot(id(1)).await.unwrap().unwrap();
    assert_eq!(found.answers.len(), IdempotencyKey::KEPT);
}

/// A key is the session's, not the store's.
pub async fn sessions_do_not_share_keys(store: &dyn ActiveStore) {
    for n in 1..=2 {
        insert(store, &session(n)).await;
        let call = keyed("k", [ask(["price", "other"][n as usize - 1])]);
        let applied = apply(store, id(n), &call, after(HOUR)).await.unwrap();
        assert_eq!(applied.total_queries, 1);
    }
}

/// Keys travel with the session: through the archive and back.
pub async fn an_inserted_session_brings_its_answers(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let call = keyed("k", [ask("price")]);
    let first = applied(store, &call).await;
    applied(store, &ask("other").into()).await;
    let held = store.snapshot(id(1)).await.unwrap().unwrap();
    store.remove(&Scope::All, id(1)).await.unwrap();
    store.insert(&held).await.unwrap();
    assert_eq!(applied(store, &call).await, first);
    let other = apply(store, id(1), &keyed("k", [ask("x")]), after(HOUR)).await;
    assert!(
        matches!(other, Err(Refusal::IdempotencyConflict { .. })),
        "{other:?}"
    );
    assert_eq!(store.snapshot(id(1)).await.unwrap(), Some(held));
}

/// A later session of the same id starts without them.
pub async fn a_removed_session_takes_its_answers_along(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    applied(store, &keyed("k", [ask("price")])).await;
    store.remove(&Scope::All, id(1)).await.unwrap();
    insert(store, &session(1)).await;
    let again = applied(store, &keyed("k", [ask("other")])).await;
    assert_eq!((again.version, again.total_queries), (2, 1));
}

/// All get the first answer.
pub async fn thirty_two_calls_at_once_under_one_key_have_one_effect(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let call = &keyed("k", [ask("price")]);
    let answers = at_once(32, |_| applied(store, call)).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let found = live(store, id(1)).await;
    assert_eq!((found.version, found.state.history.total_queries()), (2, 1));
}
