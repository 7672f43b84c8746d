//! Writing sessions into the archive.

use serde_json::json;

use fiml_session_core::{Entry, Session, SessionSnapshot, StateMap, Timestamp, store::{ArchiveStore, Scope, StageOutcome}};

use crate::fixtures::{
    DAY, HOUR, MICRO, ODD_NAMES, START, after, archived, at_once, full_session, full_snapshot, id,
    pending, restoring, session, session_of, session_with_queries, stage, staged, tag, token,
    unsettled_row,
};

async fn reads_back(archive: &dyn ArchiveStore, given: &SessionSnapshot) {
    let id = given.session.id;
    let found = archive.get(&Scope::All, id).await.unwrap();
    let found = found.expect("it was staged");
    assert_eq!(found, *given);
    let text = |snapshot: &SessionSnapshot| serde_json::to_string(snapshot).unwrap();
    assert_eq!(text(&found), text(given), "the same bits, -0.0 included");
}

/// State, history and remembered answers; empty, full and large ones; with figures or without.
pub async fn a_staged_session_reads_back_equal(archive: &dyn ArchiveStore) {
    let given = [
        full_snapshot(1),
        session(2).into(),
        session_of(3, None).into(),
        session_with_queries(4, 1_000).into(),
    ];
    let mut sessions = given.clone().map(staged);
    sessions[1].metrics = None;
    archive.stage(&sessions, after(HOUR)).await.unwrap();
    for snapshot in &given {
        reads_back(archive, snapshot).await;
    }
}

/// Patterns, quotes, emoji, integers at their limits and floats down to the bit.
pub async fn odd_texts_and_numbers_read_back_verbatim(archive: &dyn ArchiveStore) {
    let mut odd = session_of(1, Some(ODD_NAMES[0]));
    odd.tags = ODD_NAMES.map(tag).to_vec();
    odd.created_at = Timestamp::MIN;
    odd.expires_at = Timestamp::MAX;
    let values = [
        json!(u64::MAX),
        json!(i64::MIN),
        json!(-0.0),
        json!(1e308),
        json!(5e-324),
        json!(0.1 + 0.2),
        json!([]),
        json!({}),
        json!(null),
        json!({"": [[], {}]}),
    ];
    for (name, value) in ODD_NAMES.into_iter().zip(values) {
        let entry = Entry { value, version: 1 };
        let metadata = odd.state.entries_mut(StateMap::Metadata);
        metadata.insert(name.to_owned(), entry);
    }
    let given = odd.into();
    stage(archive, SessionSnapshot::clone(&given), START).await;
    reads_back(archive, &given).await;
}

/// The answer and `unsettled` agree on the row.
pub async fn a_staged_row_is_pending_since_then(archive: &dyn ArchiveStore) {
    let row = stage(archive, full_session(1), after(HOUR + MICRO)).await;
    assert_eq!(row, pending(id(1), 9, after(HOUR + MICRO)));
    assert_eq!(unsettled_row(archive, id(1)).await, Some(row));
}

/// One for each, whatever they are.
pub async fn outcomes_come_in_the_order_of_the_sessions(archive: &dyn ArchiveStore) {
    archive.bury(&Scope::All, id(1), START).await.unwrap();
    archived(archive, full_session(3), START).await;
    let older = Session {
        version: 8,
        ..full_session(3)
    };
    let sessions = [session(4), session(1), older, session(2)].map(staged);
    let outcomes = archive.stage(&sessions, after(HOUR)).await.unwrap();
    let since = after(HOUR);
    let expected = [
        StageOutcome::Staged { since },
        StageOutcome::Buried,
        StageOutcome::Outdated,
        StageOutcome::Staged { since },
    ];
    assert_eq!(outcomes, expected);
}

/// An empty batch is no error.
pub async fn nothing_staged_is_nothing_done(archive: &dyn ArchiveStore) {
    assert_eq!(archive.stage(&[], START).await.unwrap(), []);
}

fn newer() -> SessionSnapshot {
    let mut newer = session(1);
    newer.version = 10;
    newer.tags = vec![tag("newer")];
    newer.into()
}

/// Nothing of the older one is left, and the row stands since now.
pub async fn a_newer_version_replaces_an_older_one_whole(archive: &dyn ArchiveStore) {
    stage(archive, full_snapshot(1), START).await;
    let row = stage(archive, newer(), after(HOUR)).await;
    assert_eq!(row, pending(id(1), 10, after(HOUR)));
    reads_back(archive, &newer()).await;
    assert_eq!(unsettled_row(archive, id(1)).await, Some(row));
}

/// A late copy is refused, and the row stays as it is: pending or archived.
pub async fn an_older_version_does_not_replace_a_newer_one(archive: &dyn ArchiveStore) {
    let row = stage(archive, newer(), START).await;
    let late = [staged(full_snapshot(1))];
    let outcomes = archive.stage(&late, after(HOUR)).await.unwrap();
    assert_eq!(outcomes, [StageOutcome::Outdated]);
    assert_eq!(unsettled_row(archive, id(1)).await, Some(row));
    archive.settle(&row, after(HOUR)).await.unwrap();
    let outcomes = archive.stage(&late, after(2 * HOUR)).await.unwrap();
    assert_eq!(outcomes, [StageOutcome::Outdated]);
    assert_eq!(unsettled_row(archive, id(1)).await, None, "it is archived still");
    reads_back(archive, &newer()).await;
}

/// A repeated call is answered with since when the row stands, and changes nothing.
pub async fn the_same_version_again_is_staged_whatever_the_state_of_the_row(
    archive: &dyn ArchiveStore,
) {
    let again = [staged(full_snapshot(1))];
    let row = stage(archive, full_snapshot(1), START).await;
    let outcomes = archive.stage(&again, after(HOUR)).await.unwrap();
    assert_eq!(outcomes, [StageOutcome::Staged { since: START }], "pending");
    assert_eq!(unsettled_row(archive, id(1)).await, Some(row));

    let since = after(2 * HOUR);
    archive.settle(&row, since).await.unwrap();
    let outcomes = archive.stage(&again, after(3 * HOUR)).await.unwrap();
    assert_eq!(outcomes, [StageOutcome::Staged { since }], "archived");
    assert_eq!(unsettled_row(archive, id(1)).await, None);

    let since = after(4 * HOUR);
    let claimed = archive.claim_restore(&Scope::All, id(1), token(1), since);
    claimed.await.unwrap();
    let outcomes = archive.stage(&again, after(5 * HOUR)).await.unwrap();
    assert_eq!(outcomes, [StageOutcome::Staged { since }], "restoring");
    let row = unsettled_row(archive, id(1)).await;
    assert_eq!(row, Some(restoring(id(1), 9, since)));
    assert!(archive.confirm_restore(id(1), token(1)).await.unwrap());
}

/// The session has lived on, and is archived anew.
pub async fn a_newer_version_makes_a_settled_or_restoring_row_pending(archive: &dyn ArchiveStore) {
    for (n, restored) in [(1, false), (2, true)] {
        archived(archive, full_snapshot(n), START).await;
        if restored {
            let claimed = archive.claim_restore(&Scope::All, id(n), token(1), START);
            claimed.await.unwrap();
        }
        let mut lived_on = full_snapshot(n);
        lived_on.session.version = 11;
        let row = stage(archive, lived_on, after(DAY)).await;
        assert_eq!(unsettled_row(archive, id(n)).await, Some(row));
        assert_eq!(row, pending(id(n), 11, after(DAY)));
    }
}

/// No version of it comes back, however new.
pub async fn a_buried_session_stays_buried(archive: &dyn ArchiveStore) {
    archived(archive, full_session(1), START).await;
    for n in 1..=2 {
        archive.bury(&Scope::All, id(n), after(HOUR)).await.unwrap();
        for version in [1, 9, 10, u64::from(u32::MAX)] {
            let late = Session {
                version,
                ..full_session(n)
            };
            let outcomes = archive.stage(&[staged(late)], after(DAY)).await.unwrap();
            assert_eq!(outcomes, [StageOutcome::Buried], "version {version}");
            assert_eq!(archive.get(&Scope::All, id(n)).await.unwrap(), None);
            assert!(archive.is_buried(id(n)).await.unwrap());
        }
    }
}

/// A batch is many sessions, not one.
pub async fn one_refused_session_stops_no_other(archive: &dyn ArchiveStore) {
    archive.bury(&Scope::All, id(2), START).await.unwrap();
    let sessions = [full_session(1), full_session(2), full_session(3)].map(staged);
    archive.stage(&sessions, START).await.unwrap();
    for n in [1, 3] {
        reads_back(archive, &full_session(n).into()).await;
    }
    assert_eq!(archive.get(&Scope::All, id(2)).await.unwrap(), None);
}

/// In whatever order they arrive.
pub async fn the_newest_of_thirty_two_at_once_stays(archive: &dyn ArchiveStore) {
    let version = |task: usize| Session {
        version: task as u64 + 1,
        ..full_session(1)
    };
    let write = |task| async move {
        let one = [staged(version(task))];
        archive.stage(&one, START).await.unwrap();
    };
    at_once(32, write).await;
    reads_back(archive, &version(31).into()).await;
    assert_eq!(
        unsettled_row(archive, id(1)).await,
        Some(pending(id(1), 32, START))
    );
}
