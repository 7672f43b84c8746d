//! Finding rows that have not arrived.

use std::num::NonZeroUsize;

use fiml_session_core::store::{ArchiveStore, Scope, UnsettledState};

use crate::fixtures::{
    HOUR, MANY, MICRO, START, after, archived, full_session, id, pending, restoring, session,
    stage, token,
};

/// Pending, restoring and buried ones, exactly; archived ones not.
pub async fn it_gives_every_row_that_is_not_archived_as_it_stands(archive: &dyn ArchiveStore) {
    assert_eq!(archive.unsettled(None, MANY).await.unwrap(), []);
    stage(archive, session(1), after(MICRO)).await;
    archived(archive, session(2), START).await;
    archived(archive, full_session(3), START).await;
    let claimed = archive.claim_restore(&Scope::All, id(3), token(1), after(HOUR));
    claimed.await.unwrap();
    archive.bury(&Scope::All, id(4), after(2 * HOUR)).await.unwrap();
    let rows = archive.unsettled(None, MANY).await.unwrap();
    let [first, second, third] = rows[..] else {
        panic!("three rows are not archived: {rows:?}");
    };
    assert_eq!(first, pending(id(1), 1, after(MICRO)));
    assert_eq!(second, restoring(id(3), 9, after(HOUR)));
    assert_eq!(third.id, id(4));
    assert_eq!(third.state, UnsettledState::Buried);
    assert_eq!(third.since, after(2 * HOUR));
}

/// The oldest id first, each row once, none left out.
pub async fn it_runs_by_id_behind_a_place_and_at_most_to_the_limit(archive: &dyn ArchiveStore) {
    for n in [7, 3, 5, 1, 6, 2, 4] {
        if n % 2 == 0 {
            archive.bury(&Scope::All, id(n), START).await.unwrap();
        } else {
            stage(archive, session(n), START).await;
        }
    }
    for limit in [1, 2, 3, 7, 8] {
        let limit = NonZeroUsize::new(limit).expect("more than none");
        let (mut found, mut place) = (Vec::new(), None);
        for _ in 0..8 {
            let rows = archive.unsettled(place, limit).await.unwrap();
            assert!(rows.len() <= limit.get());
            place = rows.last().map(|row| row.id).or(place);
            found.extend(rows.iter().map(|row| row.id));
        }
        assert_eq!(found, [1, 2, 3, 4, 5, 6, 7].map(id), "{limit} at a time");
    }
    let behind = archive.unsettled(Some(id(99)), MANY).await.unwrap();
    assert_eq!(behind, []);
}
