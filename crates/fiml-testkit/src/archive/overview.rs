//! Reading an archived session without its history.

use fiml_session_core::store::{ArchiveStore, Scope};

use crate::fixtures::{
    START, archived, full_snapshot, id, owner, session, session_with_queries, stage,
};

/// The header and the last queries are those of the whole session, whatever the state of its row.
pub async fn it_agrees_with_get(archive: &dyn ArchiveStore) {
    stage(archive, full_snapshot(1), START).await;
    archived(archive, full_snapshot(2), START).await;
    archived(archive, session(3), START).await;
    for n in 1..=3 {
        let whole = archive.get(&Scope::All, id(n)).await.unwrap();
        let whole = whole.expect("it was staged");
        for recent in [0, 1, 2, 5] {
            let found = archive.overview(&owner("alice"), id(n), recent).await.unwrap();
            assert_eq!(found, Some(whole.overview(recent, true)), "{recent}");
        }
    }
}

/// Whoever wants more reads the whole session.
pub async fn at_most_five_queries_are_at_hand(archive: &dyn ArchiveStore) {
    archived(archive, session_with_queries(1, 7), START).await;
    for (recent, expected) in [
        (0, vec![]),
        (3, vec![7, 6, 5]),
        (5, vec![7, 6, 5, 4, 3]),
        (6, vec![7, 6, 5, 4, 3]),
        (usize::MAX, vec![7, 6, 5, 4, 3]),
    ] {
        let found = archive.overview(&Scope::All, id(1), recent).await.unwrap();
        let found = found.expect("it was staged");
        let seqs: Vec<_> = found.recent_queries.iter().map(|query| query.seq).collect();
        assert_eq!(seqs, expected, "{recent}");
        assert_eq!((found.header.total_queries, found.is_archived), (7, true));
    }
}

/// As with `get`.
pub async fn a_session_out_of_scope_or_missing_or_buried_is_none(archive: &dyn ArchiveStore) {
    archived(archive, session(1), START).await;
    archived(archive, session(2), START).await;
    archive.bury(&Scope::All, id(2), START).await.unwrap();
    for (scope, id) in [
        (owner("bob"), id(1)),
        (Scope::Unowned, id(1)),
        (Scope::All, id(2)),
        (Scope::All, id(3)),
    ] {
        let found = archive.overview(&scope, id, 5).await.unwrap();
        assert_eq!(found, None, "{scope:?}");
    }
}
