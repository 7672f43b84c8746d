//! Figures of archived sessions.

use std::collections::BTreeSet;

use fiml_session_core::{
    AnalysisHistory, Asset, MetricsDigest, QueryRecord, Session, SessionMetrics, SessionType, Tag,
    Timestamp,
    store::{MetricsFilter, Scope, StagedSession},
};

use super::ArchiveWithMetrics;
use crate::fixtures::{
    DAY, HOUR, MANY, MICRO, ODD_NAMES, START, after, archived, full_session, id, owner, session,
    session_of, session_with_queries, stage, staged, tags, token, user,
};

/// Late enough that every session here has expired.
const LATE: Timestamp = Timestamp::MAX;

async fn digest(store: &dyn ArchiveWithMetrics, scope: &Scope) -> MetricsDigest {
    let (any, none) = (MetricsFilter::default(), BTreeSet::new());
    store.digest(scope, &any, &none, LATE).await.unwrap()
}

fn of<'a>(sessions: impl IntoIterator<Item = &'a Session>, at: Timestamp) -> MetricsDigest {
    let mut digest = MetricsDigest::default();
    for session in sessions {
        digest.add(&SessionMetrics::of(session), at);
    }
    digest
}

async fn archive(store: &dyn ArchiveWithMetrics, session: &Session) {
    archived(store, session.clone(), START).await;
}

/// Zeros are the truth here.
pub async fn an_empty_store_gives_empty_figures(store: &dyn ArchiveWithMetrics) {
    assert_eq!(digest(store, &Scope::All).await, MetricsDigest::default());
}

/// As if each session's figures were added up one by one.
pub async fn it_agrees_with_the_sessions(store: &dyn ArchiveWithMetrics) {
    let sessions = [
        full_session(1),
        session(2),
        session_with_queries(3, 30),
        full_session(4),
        session_of(5, None),
    ];
    for session in &sessions {
        archive(store, session).await;
    }
    assert_eq!(digest(store, &Scope::All).await, of(&sessions, LATE));
}

/// Ended at `expires_at`, not before; abandoned only if ended.
pub async fn what_has_expired_is_decided_by_the_instant(store: &dyn ArchiveWithMetrics) {
    let sessions = [session(1), full_session(2)];
    for session in &sessions {
        archive(store, session).await;
    }
    let end = session(1).expires_at;
    for (at, ended, abandoned) in [
        (end.minus(MICRO), 0, 0),
        (end, 1, 1),
        (end.plus(HOUR), 2, 1),
    ] {
        let (any, none) = (MetricsFilter::default(), BTreeSet::new());
        let found = store.digest(&Scope::All, &any, &none, at).await.unwrap();
        assert_eq!(found, of(&sessions, at));
        assert_eq!((found.ended, found.abandoned), (ended, abandoned), "{at}");
    }
}

/// A repeated call writes no second row.
pub async fn each_session_is_counted_once_however_often_it_was_staged(
    store: &dyn ArchiveWithMetrics,
) {
    let once = full_session(1);
    for _ in 0..3 {
        stage(store, once.clone(), START).await;
    }
    let twice = [staged(once.clone()), staged(once.clone())];
    store.stage(&twice, after(HOUR)).await.unwrap();
    assert_eq!(digest(store, &Scope::All).await, of([&once], LATE));
}

/// Its queries are not added to theirs.
pub async fn a_newer_version_replaces_the_figures_of_an_older_one(store: &dyn ArchiveWithMetrics) {
    archive(store, &full_session(1)).await;
    let newer = Session {
        tags: tags(["newer"]),
        ..session_with_queries(1, 20)
    };
    archive(store, &newer).await;
    assert_eq!(digest(store, &Scope::All).await, of([&newer], LATE));
}

/// A late copy is refused with its figures.
pub async fn an_older_version_leaves_the_figures_alone(store: &dyn ArchiveWithMetrics) {
    let newer = session_with_queries(1, 20);
    archive(store, &newer).await;
    let late = [staged(full_session(1))];
    store.stage(&late, after(HOUR)).await.unwrap();
    assert_eq!(digest(store, &Scope::All).await, of([&newer], LATE));
}

/// Pending and restoring sessions are left out by whoever knows that they are live.
pub async fn rows_are_counted_whatever_their_state(store: &dyn ArchiveWithMetrics) {
    let sessions = [full_session(1), full_session(2), full_session(3)];
    stage(store, sessions[0].clone(), START).await;
    archive(store, &sessions[1]).await;
    archive(store, &sessions[2]).await;
    let claimed = store.claim_restore(&Scope::All, id(3), token(1), START);
    claimed.await.unwrap();
    assert_eq!(digest(store, &Scope::All).await, of(&sessions, LATE));
}

/// It is live, and counted there; excluding what is not archived changes nothing.
pub async fn an_excluded_session_is_not_counted(store: &dyn ArchiveWithMetrics) {
    let sessions = [full_session(1), session(2), full_session(3)];
    for session in &sessions {
        archive(store, session).await;
    }
    let any = MetricsFilter::default();
    for (excluding, counted) in [
        (vec![2], vec![0, 2]),
        (vec![1, 3], vec![1]),
        (vec![1, 2, 3, 4], vec![]),
        (vec![4, 5], vec![0, 1, 2]),
    ] {
        let excluding: BTreeSet<_> = excluding.into_iter().map(id).collect();
        let found = store.digest(&Scope::All, &any, &excluding, LATE).await;
        let expected = of(counted.into_iter().map(|n: usize| &sessions[n]), LATE);
        assert_eq!(found.unwrap(), expected, "{excluding:?}");
    }
    // More than a driver takes as parameters of one statement.
    let mut many: BTreeSet<_> = (10..40_000).map(id).collect();
    many.insert(id(1));
    let found = store.digest(&Scope::All, &any, &many, LATE).await;
    assert_eq!(found.unwrap(), of(&sessions[1..], LATE));
}

/// Its figures go with it.
pub async fn a_deleted_session_is_not_counted(store: &dyn ArchiveWithMetrics) {
    let stays = full_session(2);
    archive(store, &full_session(1)).await;
    archive(store, &stays).await;
    store.bury(&Scope::All, id(1), START).await.unwrap();
    assert_eq!(digest(store, &Scope::All).await, of([&stays], LATE));
    let late = Session {
        version: 99,
        ..full_session(1)
    };
    store.stage(&[staged(late)], after(HOUR)).await.unwrap();
    let found = digest(store, &Scope::All).await;
    assert_eq!(
        found,
        of([&stays], LATE),
        "a late copy is not counted either"
    );
    store.bury(&owner("bob"), id(2), START).await.unwrap();
    let found = digest(store, &Scope::All).await;
    assert_eq!(found, of([&stays], LATE), "out of scope nothing is deleted");
}

/// Figures outlive the session that they are of.
pub async fn a_purged_session_is_still_counted(store: &dyn ArchiveWithMetrics) {
    archive(store, &full_session(1)).await;
    let purged = store.purge_before(Timestamp::MAX, MANY).await.unwrap();
    assert_eq!(purged, 1);
    let found = digest(store, &Scope::All).await;
    assert_eq!(found, of([&full_session(1)], LATE));
}

/// It is live, and counted there.
pub async fn a_discarded_session_is_not_counted(store: &dyn ArchiveWithMetrics) {
    let row = stage(store, full_session(1), START).await;
    archive(store, &session(2)).await;
    store.discard(&row).await.unwrap();
    assert_eq!(digest(store, &Scope::All).await, of([&session(2)], LATE));
}

/// Analytics may have been switched off when it was archived, or when it was archived again.
pub async fn a_session_without_figures_is_not_counted(store: &dyn ArchiveWithMetrics) {
    let without = |session: Session| StagedSession {
        metrics: None,
        ..staged(session)
    };
    archive(store, &full_session(1)).await;
    let again = Session {
        version: 10,
        ..full_session(1)
    };
    let sessions = [without(again), without(session(2)), staged(session(3))];
    store.stage(&sessions, after(HOUR)).await.unwrap();
    assert_eq!(digest(store, &Scope::All).await, of([&session(3)], LATE));
}

/// Nobody counts another's sessions.
pub async fn it_covers_what_is_in_scope(store: &dyn ArchiveWithMetrics) {
    let names = [Some("alice"), Some("bob"), None, Some("alice")];
    let sessions: Vec<_> = (1..)
        .zip(names)
        .map(|(n, name)| Session {
            user_id: name.map(user),
            ..full_session(n)
        })
        .collect();
    for session in &sessions {
        archive(store, session).await;
    }
    for (scope, counted) in [
        (owner("alice"), vec![0, 3]),
        (owner("bob"), vec![1]),
        (owner("%"), vec![]),
        (Scope::Unowned, vec![2]),
        (Scope::All, vec![0, 1, 2, 3]),
    ] {
        let expected = of(counted.into_iter().map(|n: usize| &sessions[n]), LATE);
        assert_eq!(digest(store, &scope).await, expected, "{scope:?}");
    }
}

/// By user, type, asset, tag and creation: from an instant on, and before another.
pub async fn every_filter_narrows_it(store: &dyn ArchiveWithMetrics) {
    let names = [Some("alice"), Some("bob"), None, Some("alice")];
    let mut sessions: Vec<_> = (1..)
        .zip(names)
        .map(|(n, name)| session_of(n, name))
        .collect();
    for session in &mut sessions[2..] {
        session.session_type = SessionType::Macro;
    }
    let (asset, tag): (Asset, Tag) = ("GDP".parse().unwrap(), "q3".parse().unwrap());
    sessions[1].assets = vec!["IBM".parse().unwrap(), asset.clone()];
    sessions[1].tags = vec![tag.clone()];
    sessions[3].assets = vec![asset.clone()];
    for session in &sessions {
        archive(store, session).await;
    }
    let any = MetricsFilter::default;
    let from = |created_from| MetricsFilter {
        created_from: Some(created_from),
        ..any()
    };
    let second = sessions[1].created_at;
    let of_alice = MetricsFilter {
        user_id: Some(user("alice")),
        ..any()
    };
    let of_macro = MetricsFilter {
        session_type: Some(SessionType::Macro),
        ..any()
    };
    let before = |created_before| MetricsFilter {
        created_before: Some(created_before),
        ..any()
    };
    let about = MetricsFilter {
        asset: Some(asset),
        ..any()
    };
    let tagged = MetricsFilter {
        tag: Some(tag),
        ..any()
    };
    let together = MetricsFilter {
        session_type: Some(SessionType::Macro),
        created_from: Some(second),
        ..of_alice.clone()
    };
    for (scope, filter, counted) in [
        (Scope::All, before(second), vec![0]),
        (Scope::All, before(second.plus(MICRO)), vec![0, 1]),
        (Scope::All, about.clone(), vec![1, 3]),
        (owner("bob"), about, vec![1]),
        (Scope::All, tagged, vec![1]),
        (Scope::All, of_alice.clone(), vec![0, 3]),
        (owner("bob"), of_alice, vec![]),
        (Scope::All, of_macro, vec![2, 3]),
        (Scope::All, from(second), vec![1, 2, 3]),
        (Scope::All, from(second.plus(MICRO)), vec![2, 3]),
        (Scope::All, from(after(DAY)), vec![]),
        (Scope::All, together, vec![3]),
    ] {
        let found = store.digest(&scope, &filter, &BTreeSet::new(), LATE).await;
        let expected = of(counted.into_iter().map(|n: usize| &sessions[n]), LATE);
        assert_eq!(found.unwrap(), expected, "{filter:?}");
    }
}

/// Users, tags, query types, sources and errors, whatever they look like.
pub async fn odd_names_are_counted_as_they_are(store: &dyn ArchiveWithMetrics) {
    let mut sessions = Vec::new();
    for (n, name) in (1..).zip(ODD_NAMES) {
        let mut odd = Session {
            tags: tags([name]),
            version: 2,
            ..session_of(n, Some(name))
        };
        let query = QueryRecord {
            seq: 1,
            version: 2,
            source: Some(name.to_owned()),
            error: Some(name.to_owned()),
            ..QueryRecord::new(name)
        };
        odd.state.history = AnalysisHistory::from_stored(vec![query], 1, 0);
        archive(store, &odd).await;
        sessions.push(odd);
    }
    assert_eq!(digest(store, &Scope::All).await, of(&sessions, LATE));
    for (name, session) in ODD_NAMES.into_iter().zip(&sessions) {
        let found = digest(store, &owner(name)).await;
        assert_eq!(found, of([session], LATE), "{name:?}");
    }
}
