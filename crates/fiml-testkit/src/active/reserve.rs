//! Promising ids to calls that create.

use std::collections::BTreeSet;

use fiml_session_core::store::{ActiveStore, Reservation, Scope};

use crate::fixtures::{DAY, HOUR, MICRO, ODD_NAMES, SECOND, START, after, at_once, id, key, user};

fn reservation(name: &str, n: u32) -> Reservation {
    Reservation {
        key: key(name, &"content"),
        id: id(n),
        created_at: after(SECOND * n),
        expires_at: after(SECOND * n + HOUR + 7 * MICRO),
    }
}

/// The promise comes back exactly as it was made, and stands when it is asked for again.
pub async fn the_first_reservation_of_an_owner_and_key_is_kept_and_returned(
    store: &dyn ActiveStore,
) {
    let first = reservation("k", 1);
    let alice = user("alice");
    for _ in 0..2 {
        assert_eq!(store.reserve(Some(&alice), &first).await.unwrap(), first);
    }
}

/// Another id, other instants, even other content: what was promised first stands.
pub async fn a_later_reservation_gets_the_first_whatever_it_offers(store: &dyn ActiveStore) {
    let (alice, first) = (user("alice"), reservation("k", 1));
    store.reserve(Some(&alice), &first).await.unwrap();
    let other = Reservation {
        key: key("k", &"other content"),
        ..reservation("k", 2)
    };
    for later in [reservation("k", 2), other] {
        assert_eq!(store.reserve(Some(&alice), &later).await.unwrap(), first);
    }
}

/// Two users and nobody may use the same key.
pub async fn owners_do_not_share_keys(store: &dyn ActiveStore) {
    let owners = [Some(user("alice")), Some(user("bob")), None];
    for _ in 0..2 {
        for (n, owner) in (1..).zip(&owners) {
            let own = reservation("k", n);
            let held = store.reserve(owner.as_ref(), &own).await.unwrap();
            assert_eq!(held, own, "{owner:?}");
        }
    }
}

/// One owner's keys each have their own promise.
pub async fn keys_of_one_owner_are_apart(store: &dyn ActiveStore) {
    for name in ["k", "K", "k ", "kk"] {
        let n = u32::from(name.as_bytes()[0]) + name.len() as u32;
        let own = reservation(name, n);
        assert_eq!(store.reserve(None, &own).await.unwrap(), own, "{name:?}");
    }
}

/// A microsecond before the day is over the promise stands; then it is made anew.
pub async fn a_reservation_is_forgotten_24_hours_after_its_created_at(store: &dyn ActiveStore) {
    let first = reservation("k", 0);
    assert_eq!(first.created_at, START);
    store.reserve(None, &first).await.unwrap();
    let late = Reservation {
        created_at: after(DAY).minus(MICRO),
        ..reservation("k", 1)
    };
    assert_eq!(store.reserve(None, &late).await.unwrap(), first);
    let fresh = Reservation {
        created_at: after(DAY),
        ..reservation("k", 2)
    };
    assert_eq!(store.reserve(None, &fresh).await.unwrap(), fresh);
}

/// What means something to a query language means nothing here.
pub async fn odd_owners_and_keys_match_only_themselves(store: &dyn ActiveStore) {
    let mut n = 0;
    for owner in ODD_NAMES {
        for name in ODD_NAMES {
            n += 1;
            let own = reservation(name, n);
            let held = store.reserve(Some(&user(owner)), &own).await.unwrap();
            assert_eq!(held, own, "{owner:?} {name:?}");
        }
    }
    let nobody = reservation("null", n + 1);
    assert_eq!(store.reserve(None, &nobody).await.unwrap(), nobody);
}

/// A promise is no session yet.
pub async fn a_reservation_stores_no_session(store: &dyn ActiveStore) {
    let first = reservation("k", 1);
    store.reserve(None, &first).await.unwrap();
    assert_eq!(store.get(&Scope::All, first.id).await.unwrap(), None);
}

/// A call that is sent many times at once gets one id.
pub async fn thirty_two_reservations_at_once_get_one_id(store: &dyn ActiveStore) {
    let reserve = |task| async move {
        let offered = reservation("k", u32::try_from(task).unwrap());
        store.reserve(None, &offered).await.unwrap()
    };
    let held = at_once(32, reserve).await;
    let ids: BTreeSet<_> = held.iter().map(|held| held.id).collect();
    assert_eq!(ids.len(), 1, "one call got one id: {ids:?}");
}
