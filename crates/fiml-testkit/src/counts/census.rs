//! How many live sessions there are.

use fiml_session_core::{
    Session, Timestamp,
    store::{Census, Scope},
};

use super::ActiveWithCensus;
use crate::fixtures::{DAY, HOUR, MICRO, SECOND, START, after, apply, extend, id, insert, session};

/// A microsecond before it is, at the instant itself it is not; extended, it is again.
pub async fn a_session_is_active_until_it_expires(store: &dyn ActiveWithCensus) {
    let active = async |at| store.census(at, START).await.unwrap().active;
    assert_eq!(active(START).await, 0);
    for n in 0..3 {
        insert(store, &session(n)).await;
    }
    let end = session(0).expires_at;
    assert_eq!(active(START).await, 3);
    assert_eq!(active(end.minus(MICRO)).await, 3);
    assert_eq!(active(end).await, 2);
    assert_eq!(active(session(2).expires_at).await, 0);
    let at = after(2 * DAY);
    apply(store, id(0), &extend(HOUR).into(), at).await.unwrap();
    assert_eq!(active(at).await, 1);
    assert!(store.remove(&Scope::All, id(0)).await.unwrap());
    assert_eq!(active(at).await, 0);
}

/// What expired after `due` is neither active nor waiting.
pub async fn what_was_due_waits_and_the_earliest_is_told(store: &dyn ActiveWithCensus) {
    for (n, seconds) in [(1, 30), (2, 10), (3, 40), (4, 20)] {
        let ending = Session {
            expires_at: after(SECOND * seconds),
            ..session(n)
        };
        insert(store, &ending).await;
    }
    let at = after(SECOND * 35);
    for (due, waiting) in [(9, 0), (10, 1), (29, 2), (30, 3), (35, 3)] {
        let expected = Census {
            active: 1,
            waiting,
            oldest: (waiting > 0).then(|| after(SECOND * 10)),
            quarantined: 0,
        };
        let found = store.census(at, after(SECOND * due)).await.unwrap();
        assert_eq!(found, expected, "{due}");
    }
}

/// It waits for nothing but an operator.
pub async fn what_is_set_aside_is_counted_apart(store: &dyn ActiveWithCensus) {
    for n in 1..=3 {
        insert(store, &session(n)).await;
    }
    assert!(store.quarantine(id(2), "unreadable", START).await.unwrap());
    let late = store.census(Timestamp::MAX, Timestamp::MAX).await.unwrap();
    let expected = Census {
        active: 0,
        waiting: 2,
        oldest: Some(session(1).expires_at),
        quarantined: 1,
    };
    assert_eq!(late, expected);
    let early = store.census(START, START).await.unwrap();
    assert_eq!((early.active, early.quarantined), (2, 1));
}
