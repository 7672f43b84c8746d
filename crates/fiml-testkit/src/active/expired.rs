//! Finding what has expired.

use std::num::NonZeroUsize;

use fiml_session_core::{
    Session, SessionChange, SessionId, Timestamp,
    store::{ActiveStore, Scope},
};

use crate::fixtures::{
    DAY, HOUR, MICRO, SECOND, START, after, apply, extend, id, insert, session, session_of,
};

async fn expired(store: &dyn ActiveStore, at: Timestamp, limit: usize) -> Vec<SessionId> {
    let limit = NonZeroUsize::new(limit).expect("more than none");
    store.expired(at, limit).await.unwrap()
}

/// A microsecond before it is not returned, at the instant itself it is.
pub async fn a_session_expires_at_its_expires_at_and_not_before(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    let end = session(1).expires_at;
    assert_eq!(expired(store, START, 10).await, []);
    assert_eq!(expired(store, end.minus(MICRO), 10).await, []);
    assert_eq!(expired(store, end, 10).await, [id(1)]);
    assert_eq!(expired(store, Timestamp::MAX, 10).await, [id(1)]);
}

/// Whoever has waited longest is archived first.
pub async fn the_earliest_expiry_comes_first_and_at_most_the_limit(store: &dyn ActiveStore) {
    for (n, seconds) in [(1, 30), (2, 10), (3, 40), (4, 20)] {
        let ending = Session {
            expires_at: after(SECOND * seconds),
            ..session(n)
        };
        insert(store, &ending).await;
    }
    let order = [2, 4, 1, 3].map(id);
    assert_eq!(expired(store, after(HOUR), 10).await, order);
    for limit in 1..=4 {
        assert_eq!(expired(store, after(HOUR), limit).await, order[..limit]);
    }
    assert_eq!(expired(store, after(SECOND * 20), 10).await, order[..2]);
}

/// Until its new life is over.
pub async fn an_extended_session_is_not_expired_any_more(store: &dyn ActiveStore) {
    insert(store, &session(0)).await;
    let at = after(2 * DAY);
    assert_eq!(expired(store, at, 10).await, [id(0)]);
    apply(store, id(0), &extend(HOUR).into(), at).await.unwrap();
    assert_eq!(expired(store, at, 10).await, []);
    assert_eq!(expired(store, at.plus(HOUR).minus(MICRO), 10).await, []);
    assert_eq!(expired(store, at.plus(HOUR), 10).await, [id(0)]);
}

/// From the instant it was ended.
pub async fn an_ended_session_is_expired(store: &dyn ActiveStore) {
    insert(store, &session(0)).await;
    let ended = SessionChange::Ended.into();
    apply(store, id(0), &ended, after(HOUR)).await.unwrap();
    assert_eq!(expired(store, after(HOUR).minus(MICRO), 10).await, []);
    assert_eq!(expired(store, after(HOUR), 10).await, [id(0)]);
}

/// An index does not outlive what it points to.
pub async fn a_removed_session_is_not_returned(store: &dyn ActiveStore) {
    for n in 1..=3 {
        insert(store, &session(n)).await;
    }
    store.remove(&Scope::All, id(1)).await.unwrap();
    store.remove_unchanged(id(3), 1).await.unwrap();
    assert_eq!(expired(store, Timestamp::MAX, 10).await, [id(2)]);
}

/// The sweep is everybody's.
pub async fn sessions_of_everybody_are_returned(store: &dyn ActiveStore) {
    for (n, name) in (1..).zip([Some("alice"), Some("bob"), None]) {
        insert(store, &session_of(n, name)).await;
    }
    assert_eq!(expired(store, Timestamp::MAX, 10).await, [1, 2, 3].map(id));
}
