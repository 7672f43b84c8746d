//! Changing sessions: how long they live.

use std::time::Duration;

use fiml_session_core::{
    Applied, Limits, Refusal, Session, SessionChange, Timestamp, store::ActiveStore,
};

use crate::fixtures::{
    DAY, HOUR, MICRO, START, after, apply, apply_within, ask, batch, extend, id, insert, live,
    session, set, tags, unset,
};

/// Inserts a session that lives from [`START`] for a day.
async fn insert_for_a_day(store: &dyn ActiveStore) {
    let session = session(0);
    assert_eq!((session.created_at, session.expires_at), (START, after(DAY)));
    insert(store, &session).await;
}

async fn extended(store: &dyn ActiveStore, by: Duration, at: Timestamp) -> Applied {
    let applied = apply(store, id(0), &extend(by).into(), at).await;
    let applied = applied.expect("a session can always be extended");
    let found = live(store, id(0)).await;
    assert_eq!(found.expires_at, applied.expires_at, "the answer is the truth");
    applied
}

/// Queries, entries and tags are refused with the instant of expiry; nothing is changed.
pub async fn an_expired_session_refuses_everything_but_a_longer_life(store: &dyn ActiveStore) {
    insert_for_a_day(store).await;
    let tags = tags(["t"]);
    for change in [
        ask("price"),
        set("k", 1),
        unset("k"),
        SessionChange::TagsAdded { tags: tags.clone() },
        SessionChange::TagsRemoved { tags },
    ] {
        let refused = apply(store, id(0), &change.into(), after(DAY + HOUR)).await;
        let expires_at = after(DAY);
        assert_eq!(refused, Err(Refusal::Expired { expires_at }));
    }
    assert_eq!(live(store, id(0)).await, session(0));
    extended(store, HOUR, after(DAY + HOUR)).await;
}

/// A microsecond before is life, the instant itself is not.
pub async fn a_session_expires_at_its_expires_at_and_not_before(store: &dyn ActiveStore) {
    insert_for_a_day(store).await;
    let last = after(DAY).minus(MICRO);
    let taken = apply(store, id(0), &ask("price").into(), last).await;
    assert!(taken.is_ok(), "nothing alive is refused: {taken:?}");
    let refused = apply(store, id(0), &ask("price").into(), after(DAY)).await;
    assert!(matches!(refused, Err(Refusal::Expired { .. })), "{refused:?}");
}

/// Not to now.
pub async fn an_extension_adds_to_what_is_left(store: &dyn ActiveStore) {
    insert_for_a_day(store).await;
    let applied = extended(store, HOUR, after(2 * HOUR)).await;
    assert_eq!(applied.expires_at, after(DAY + HOUR));
    let applied = extended(store, MICRO, after(3 * HOUR)).await;
    assert_eq!(applied.expires_at, after(DAY + HOUR + MICRO));
    assert!(!applied.ttl_capped);
}

/// Where nothing is left there is nothing to add to.
pub async fn an_extension_of_an_expired_session_counts_from_now(store: &dyn ActiveStore) {
    insert_for_a_day(store).await;
    let applied = extended(store, HOUR, after(5 * DAY)).await;
    assert_eq!(applied.expires_at, after(5 * DAY + HOUR));
    let taken = apply(store, id(0), &ask("price").into(), after(5 * DAY)).await;
    assert!(taken.is_ok(), "it lives again: {taken:?}");
}

/// Even a session that lives longer than any may today keeps its life.
pub async fn an_extension_never_shortens(store: &dyn ActiveStore) {
    let long = Session {
        expires_at: after(30 * DAY),
        ..session(0)
    };
    insert(store, &long).await;
    let applied = extended(store, HOUR, after(HOUR)).await;
    assert_eq!(applied.expires_at, after(30 * DAY));
    assert!(applied.ttl_capped, "it got less than it asked for");
}

/// 168 hours from now, or whatever the limits say; the answer says when that cut it.
pub async fn an_extension_is_capped_at_the_maximum_from_now_and_says_so(store: &dyn ActiveStore) {
    insert_for_a_day(store).await;
    let applied = extended(store, 6 * DAY, START).await;
    assert_eq!((applied.expires_at, applied.ttl_capped), (after(7 * DAY), false));
    let applied = extended(store, MICRO, START).await;
    assert_eq!((applied.expires_at, applied.ttl_capped), (after(7 * DAY), true));
    let applied = extended(store, 100 * DAY, after(HOUR)).await;
    let expected = (after(7 * DAY + HOUR), true);
    assert_eq!((applied.expires_at, applied.ttl_capped), expected);
    let endless = SessionChange::Extended { micros: u64::MAX }.into();
    let longer = Limits {
        max_ttl: 8 * DAY,
        ..Limits::default()
    };
    let applied = apply_within(store, id(0), &endless, &longer, after(HOUR)).await;
    assert_eq!(applied.unwrap().expires_at, after(8 * DAY + HOUR));
}

/// Behind the extension, not before it.
pub async fn an_extended_session_takes_queries_again_in_the_same_batch(store: &dyn ActiveStore) {
    insert_for_a_day(store).await;
    let late = batch([ask("price"), extend(HOUR)]);
    let refused = apply(store, id(0), &late, after(2 * DAY)).await;
    assert!(matches!(refused, Err(Refusal::Expired { .. })), "{refused:?}");
    assert_eq!(live(store, id(0)).await, session(0));
    let first = batch([extend(HOUR), ask("price")]);
    let applied = apply(store, id(0), &first, after(2 * DAY)).await.unwrap();
    assert_eq!((applied.version, applied.total_queries), (2, 1));
}

/// Its own end, before its time.
pub async fn an_ended_session_is_expired_from_then_on(store: &dyn ActiveStore) {
    insert_for_a_day(store).await;
    let ended = SessionChange::Ended.into();
    let applied = apply(store, id(0), &ended, after(HOUR)).await.unwrap();
    assert_eq!(applied.expires_at, after(HOUR));
    let refused = apply(store, id(0), &ask("price").into(), after(HOUR)).await;
    assert!(matches!(refused, Err(Refusal::Expired { .. })), "{refused:?}");
}

/// What is over stays over since when it was.
pub async fn ending_an_expired_session_does_not_prolong_it(store: &dyn ActiveStore) {
    insert_for_a_day(store).await;
    let ended = SessionChange::Ended.into();
    let applied = apply(store, id(0), &ended, after(3 * DAY)).await.unwrap();
    assert_eq!(applied.expires_at, after(DAY));
}
