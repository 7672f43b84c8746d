//! Adding figures up beforehand.

use std::{collections::BTreeSet, num::NonZeroUsize};

use fiml_session_core::{Session, SessionMetrics, store::Scope};

use super::{ArchiveWithUpkeep, agree, archive_spread, bare, late, roll_up_all, spread};
use crate::fixtures::{DAY, HOUR, MANY, MICRO, START, after, archived, id, pending, stage};

/// Whatever part of a period is asked for, and also as of an instant at which some had not ended.
pub async fn figures_stay_the_same_rolled_up_or_not(store: &dyn ArchiveWithUpkeep) {
    let (sessions, none) = (archive_spread(store).await, BTreeSet::new());
    agree(store, &sessions, &none).await;
    // Hours alone, then days too.
    let hours = NonZeroUsize::new(3).unwrap();
    store.roll_up(late(), hours).await.unwrap();
    agree(store, &sessions, &none).await;
    roll_up_all(store).await;
    agree(store, &sessions, &none).await;
    store.purge_before(late().plus(DAY), MANY).await.unwrap();
    agree(store, &sessions, &none).await;
}

/// By every call that changes figures.
pub async fn what_is_written_replaced_or_deleted_later_counts_at_once(
    store: &dyn ArchiveWithUpkeep,
) {
    let (mut sessions, none) = (archive_spread(store).await, BTreeSet::new());
    roll_up_all(store).await;
    let another = Session {
        id: id(50),
        ..spread()[0].clone()
    };
    archived(store, another.clone(), late()).await;
    sessions.push(another.clone());
    agree(store, &sessions, &none).await;

    roll_up_all(store).await;
    let newer = Session {
        version: 90,
        last_accessed_at: START.plus(7 * MICRO),
        ..sessions[1].clone()
    };
    archived(store, newer.clone(), late()).await;
    sessions[1] = newer;
    agree(store, &sessions, &none).await;

    roll_up_all(store).await;
    store.bury(&Scope::All, id(3), late()).await.unwrap();
    sessions.remove(2);
    agree(store, &sessions, &none).await;

    roll_up_all(store).await;
    let staged = Session {
        id: id(51),
        ..another.clone()
    };
    let row = stage(store, staged, late()).await;
    roll_up_all(store).await;
    assert!(store.discard(&row).await.unwrap());
    agree(store, &sessions, &none).await;

    roll_up_all(store).await;
    let missing = bare(52);
    let session = missing.snapshot.session.clone();
    let row = pending(session.id, session.version, late());
    store.stage(&[missing], late()).await.unwrap();
    assert!(store.settle(&row, late()).await.unwrap());
    agree(store, &sessions, &none).await;
    let metrics = SessionMetrics::of(&session);
    assert!(store.measure(&metrics, session.version).await.unwrap());
    sessions.push(session);
    agree(store, &sessions, &none).await;
    roll_up_all(store).await;
    agree(store, &sessions, &none).await;
}

/// It is live, and counted there, and so is one of which there is no row.
pub async fn an_excluded_session_is_not_counted_in_a_rollup_either(store: &dyn ArchiveWithUpkeep) {
    let sessions = archive_spread(store).await;
    roll_up_all(store).await;
    for excluding in [vec![1], vec![2, 3, 99], (1..=9).collect(), (4..60_000).collect()] {
        let excluding = excluding.into_iter().map(id).collect();
        agree(store, &sessions, &excluding).await;
    }
}

/// Whatever runs beside it.
pub async fn it_rolls_up_at_most_to_the_limit_and_no_hour_that_has_not_ended(
    store: &dyn ArchiveWithUpkeep,
) {
    archive_spread(store).await;
    assert_eq!(store.roll_up(after(HOUR).minus(MICRO), MANY).await.unwrap(), 0);
    let stale = store.stale_rollups(late(), MANY).await.unwrap();
    for done in 1..=stale {
        let rolled = store.roll_up(late(), NonZeroUsize::MIN).await.unwrap();
        let left = store.stale_rollups(late(), MANY).await.unwrap();
        assert_eq!((rolled, left), (1, stale - done));
    }
    assert_eq!(store.roll_up(late(), MANY).await.unwrap(), 0);
}
