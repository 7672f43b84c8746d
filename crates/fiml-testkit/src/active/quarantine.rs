//! Setting sessions aside.

use std::num::NonZeroUsize;

use fiml_session_core::{
    Timestamp,
    store::{ActiveStore, Quarantined},
};

use crate::fixtures::{MANY, 
    HOUR, ODD_NAMES, SECOND, after, full_session, full_snapshot, id, insert, live, session,
};

/// The sweep passes over it; an operator sees why.
pub async fn a_quarantined_session_is_listed_with_its_reason_and_not_expired(
    store: &dyn ActiveStore,
) {
    insert(store, &session(1)).await;
    insert(store, &session(2)).await;
    let reason = ODD_NAMES.join("\n");
    assert!(store.quarantine(id(1), &reason, after(HOUR)).await.unwrap());
    let expired = store.expired(Timestamp::MAX, MANY).await.unwrap();
    assert_eq!(expired, [id(2)]);
    let expected = Quarantined {
        id: id(1),
        at: after(HOUR),
        reason,
    };
    assert_eq!(store.quarantined(MANY).await.unwrap(), [expected]);
}

/// What is not there is not set aside.
pub async fn a_missing_id_is_false_and_not_listed(store: &dyn ActiveStore) {
    assert!(!store.quarantine(id(1), "gone", after(HOUR)).await.unwrap());
    assert_eq!(store.quarantined(MANY).await.unwrap(), []);
    insert(store, &session(1)).await;
    let expired = store.expired(Timestamp::MAX, MANY).await.unwrap();
    assert_eq!(expired, [id(1)], "nor is it later");
}

/// Being set aside is not being away.
pub async fn a_quarantined_session_can_still_be_read(store: &dyn ActiveStore) {
    store.insert(&full_snapshot(1)).await.unwrap();
    store.quarantine(id(1), "unreadable", after(HOUR)).await.unwrap();
    assert_eq!(live(store, id(1)).await, full_session(1));
    assert_eq!(store.snapshot(id(1)).await.unwrap(), Some(full_snapshot(1)));
}

/// By when it was set aside, not by when it was made.
pub async fn the_latest_comes_first_and_at_most_the_limit(store: &dyn ActiveStore) {
    for (n, seconds) in [(1, 30), (2, 10), (3, 40), (4, 20)] {
        insert(store, &session(n)).await;
        let at = after(SECOND * seconds);
        store.quarantine(id(n), "unreadable", at).await.unwrap();
    }
    let order = [3, 1, 4, 2].map(id);
    for limit in 1..=5 {
        let limit = NonZeroUsize::new(limit).expect("more than none");
        let rows = store.quarantined(limit).await.unwrap();
        let found: Vec<_> = rows.iter().map(|row| row.id).collect();
        assert_eq!(found, order[..limit.get().min(4)]);
    }
}
