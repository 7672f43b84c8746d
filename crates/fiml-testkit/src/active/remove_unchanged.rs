//! Removing sessions unless they have changed.

use fiml_session_core::{Limits, Timestamp, store::{ActiveStore, Removal, Scope}};

use super::remove::assert_gone;
use crate::fixtures::{
    HOUR, after, apply, ask, at_once, full_snapshot, id, insert, live, session,
};

/// What was archived may go.
pub async fn a_session_of_this_version_goes_with_everything_that_belongs_to_it(
    store: &dyn ActiveStore,
) {
    store.insert(&full_snapshot(1)).await.unwrap();
    store.quarantine(id(1), "unreadable", Timestamp::MAX).await.unwrap();
    assert_eq!(store.remove_unchanged(id(1), 9).await.unwrap(), Removal::Removed);
    assert_gone(store, id(1)).await;
    insert(store, &session(1)).await;
    assert_eq!(store.snapshot(id(1)).await.unwrap(), Some(session(1).into()));
}

/// Neither a newer nor an older one is what the caller has seen.
pub async fn a_changed_session_stays(store: &dyn ActiveStore) {
    let held = full_snapshot(1);
    store.insert(&held).await.unwrap();
    for version in [0, 1, 8, 10, u64::MAX] {
        let removal = store.remove_unchanged(id(1), version).await.unwrap();
        assert_eq!(removal, Removal::Changed, "version {version}");
    }
    assert_eq!(store.snapshot(id(1)).await.unwrap(), Some(held));
}

/// That is an answer, too.
pub async fn a_missing_session_is_absent(store: &dyn ActiveStore) {
    insert(store, &session(2)).await;
    assert_eq!(store.remove_unchanged(id(1), 1).await.unwrap(), Removal::Absent);
    assert_eq!(live(store, id(2)).await, session(2));
}

/// Of a writer and a remover at once, the first to come wins: no acknowledged change is removed.
pub async fn no_change_slips_in_between(store: &dyn ActiveStore) {
    for n in 0..20 {
        insert(store, &session(n)).await;
        let race = |task| async move {
            if task == 0 {
                let removal = store.remove_unchanged(id(n), 1).await.unwrap();
                return removal == Removal::Removed;
            }
            let (change, limits) = (ask("price").into(), Limits::default());
            let answer = store.apply(&Scope::All, id(n), &change, &limits, after(HOUR)).await;
            answer.unwrap().is_some()
        };
        let winners = at_once(2, race).await;
        let expected = usize::from(winners[0]) + usize::from(winners[1]);
        assert_eq!(expected, 1, "either removed or changed: {winners:?}");
        if winners[1] {
            let applied = apply(store, id(n), &ask("price").into(), after(HOUR)).await;
            assert_eq!(applied.unwrap().total_queries, 2);
        }
    }
}
