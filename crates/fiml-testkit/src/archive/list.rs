//! Listing archived sessions.

use std::num::NonZeroUsize;

use fiml_session_core::{
    Session, SessionId, SessionType,
    store::{ArchiveStore, Cursor, Page, Scope, SessionFilter},
};

use crate::fixtures::{
    DAY, HOUR, MANY, MICRO, ODD_NAMES, START, after, archived, asset, full_session, full_snapshot,
    id, owner, session, session_of, stage, tags, token, user,
};

fn page(after: Option<Cursor>, limit: usize) -> Page {
    let limit = NonZeroUsize::new(limit).expect("a page holds something");
    Page { after, limit }
}

async fn listed(
    archive: &dyn ArchiveStore,
    scope: &Scope,
    filter: &SessionFilter,
) -> Vec<SessionId> {
    let rows = archive.list(scope, filter, page(None, 1_000)).await.unwrap();
    rows.iter().map(|row| row.header.id).collect()
}

fn ids<const N: usize>(numbers: [u32; N]) -> Vec<SessionId> {
    numbers.map(id).to_vec()
}

/// By creation, not by archiving.
pub async fn it_runs_from_the_newest_to_the_oldest(archive: &dyn ArchiveStore) {
    for n in [3, 1, 5, 2, 4] {
        archived(archive, session(n), after(HOUR * (10 - n))).await;
    }
    let all = listed(archive, &Scope::All, &SessionFilter::default()).await;
    assert_eq!(all, ids([5, 4, 3, 2, 1]));
}

/// The larger id first, over pages too.
pub async fn equal_instants_are_ordered_by_id(archive: &dyn ArchiveStore) {
    for n in [2, 5, 1, 4, 3] {
        let together = Session {
            created_at: START,
            ..session(n)
        };
        archived(archive, together, START).await;
    }
    let (mut found, mut place) = (Vec::new(), None);
    for _ in 0..3 {
        let any = SessionFilter::default();
        let rows = archive.list(&Scope::All, &any, page(place, 2)).await.unwrap();
        place = rows.last().map(|row| Cursor::of(&row.header));
        found.extend(rows.iter().map(|row| row.header.id));
    }
    assert_eq!(found, ids([5, 4, 3, 2, 1]));
}

/// Newer sessions, and rows that change state, do not move what lies behind the page.
pub async fn pages_have_no_duplicates_and_no_gaps_while_sessions_are_added(
    archive: &dyn ArchiveStore,
) {
    for n in 1..=9 {
        archived(archive, session(n), START).await;
    }
    let (mut found, mut place) = (Vec::new(), None);
    for turn in 0..5 {
        let any = SessionFilter::default();
        let rows = archive.list(&Scope::All, &any, page(place, 2)).await.unwrap();
        found.extend(rows.iter().map(|row| row.header.id));
        place = rows.last().map(|row| Cursor::of(&row.header)).or(place);
        archived(archive, session(100 + turn), START).await;
        let claimed = archive.claim_restore(&Scope::All, id(turn + 1), token(1), START);
        claimed.await.unwrap();
        let twin = Session {
            created_at: place.expect("a page").created_at,
            ..session(200 + turn)
        };
        archived(archive, twin, START).await;
    }
    assert_eq!(found, ids([9, 8, 7, 6, 5, 4, 3, 2, 1]));
}

/// Each asker sees their own; all sees everything.
pub async fn it_shows_what_is_in_scope(archive: &dyn ArchiveStore) {
    for (n, name) in (1..).zip([Some("alice"), Some("bob"), None, Some("alice")]) {
        archived(archive, session_of(n, name), START).await;
    }
    let any = SessionFilter::default();
    for (scope, expected) in [
        (owner("alice"), ids([4, 1])),
        (owner("bob"), ids([2])),
        (owner("carol"), ids([])),
        (Scope::Unowned, ids([3])),
        (Scope::All, ids([4, 3, 2, 1])),
    ] {
        assert_eq!(listed(archive, &scope, &any).await, expected, "{scope:?}");
    }
}

/// User, type, every tag, asset and expiry, alone and together.
pub async fn every_filter_narrows_it(archive: &dyn ArchiveStore) {
    for n in 0..32 {
        let odd = |bit: u32| n & (1 << bit) != 0;
        let mut mixed = session_of(n, odd(0).then_some("alice"));
        if odd(1) {
            mixed.session_type = SessionType::Crypto;
        }
        mixed.tags = if odd(2) {
            tags(["x", "y"])
        } else {
            tags(["x"])
        };
        if odd(3) {
            mixed.assets.push(asset("BTC"));
        }
        if odd(4) {
            mixed.expires_at = after(9 * DAY);
        }
        archived(archive, mixed, START).await;
    }
    let any = SessionFilter::default;
    let filters = [
        SessionFilter {
            user_id: Some(user("alice")),
            ..any()
        },
        SessionFilter {
            session_type: Some(SessionType::Crypto),
            ..any()
        },
        SessionFilter {
            tags: tags(["y", "x"]),
            ..any()
        },
        SessionFilter {
            asset: Some(asset("btc")),
            ..any()
        },
        SessionFilter {
            unexpired_at: Some(after(2 * DAY)),
            ..any()
        },
    ];
    for (bit, filter) in filters.iter().enumerate() {
        let expected: Vec<_> = (0..32).rev().filter(|n| n & (1 << bit) != 0).map(id).collect();
        assert_eq!(listed(archive, &Scope::All, filter).await, expected, "{filter:?}");
    }
    let [by_user, by_type, by_tags, by_asset, by_expiry] = filters;
    let together = SessionFilter {
        user_id: by_user.user_id,
        session_type: by_type.session_type,
        tags: by_tags.tags,
        asset: by_asset.asset,
        unexpired_at: by_expiry.unexpired_at,
    };
    assert_eq!(listed(archive, &owner("alice"), &together).await, ids([31]));
    assert_eq!(listed(archive, &Scope::Unowned, &together).await, ids([]));
    let end = session(0).expires_at;
    for (at, found) in [(end.minus(MICRO), true), (end, false)] {
        let unexpired = SessionFilter {
            unexpired_at: Some(at),
            ..any()
        };
        let all = listed(archive, &Scope::All, &unexpired).await;
        assert_eq!(all.contains(&id(0)), found, "{at}");
    }
}

/// A tag or user that looks like a pattern is one name.
pub async fn odd_filters_match_only_themselves(archive: &dyn ArchiveStore) {
    archived(archive, full_session(0), START).await;
    for (n, name) in (1..).zip(ODD_NAMES) {
        let odd = Session {
            tags: tags([name]),
            ..session_of(n, Some(name))
        };
        archived(archive, odd, START).await;
    }
    for (n, name) in (1..).zip(ODD_NAMES) {
        let by_tag = SessionFilter {
            tags: tags([name]),
            ..SessionFilter::default()
        };
        let by_user = SessionFilter {
            user_id: Some(user(name)),
            ..SessionFilter::default()
        };
        for filter in [by_tag, by_user] {
            let found = listed(archive, &Scope::All, &filter).await;
            assert_eq!(found, ids([n]), "{name:?}");
        }
    }
}

/// Pending and restoring rows may have a live copy.
pub async fn a_row_that_is_not_archived_says_so(archive: &dyn ArchiveStore) {
    stage(archive, session(1), START).await;
    archived(archive, session(2), START).await;
    archived(archive, session(3), START).await;
    let claimed = archive.claim_restore(&Scope::All, id(3), token(1), START);
    claimed.await.unwrap();
    let any = SessionFilter::default();
    let rows = archive.list(&Scope::All, &any, page(None, 10)).await.unwrap();
    let settled: Vec<_> = rows.iter().map(|row| (row.header.id, row.is_settled)).collect();
    assert_eq!(settled, [(id(3), false), (id(2), true), (id(1), false)]);
}

/// A tombstone is no session, whoever asks.
pub async fn a_buried_session_is_not_listed(archive: &dyn ArchiveStore) {
    archived(archive, session(1), START).await;
    archived(archive, session(2), START).await;
    for n in [1, 3] {
        archive.bury(&Scope::All, id(n), START).await.unwrap();
    }
    for (scope, expected) in [
        (Scope::All, ids([2])),
        (owner("alice"), ids([2])),
        (Scope::Unowned, ids([])),
    ] {
        let any = SessionFilter::default();
        assert_eq!(listed(archive, &scope, &any).await, expected, "{scope:?}");
        let found = archive.ids(&scope, &any, MANY).await.unwrap();
        assert_eq!(found, expected, "{scope:?}");
    }
}

/// Tags and expiry of the version before are forgotten.
pub async fn a_newer_version_is_listed_as_what_it_is_now(archive: &dyn ArchiveStore) {
    archived(archive, full_session(1), START).await;
    let newer = Session {
        version: 10,
        tags: tags(["newer"]),
        ..full_session(1)
    };
    archived(archive, newer, after(HOUR)).await;
    let tagged = |name| SessionFilter {
        tags: tags([name]),
        ..SessionFilter::default()
    };
    assert_eq!(listed(archive, &Scope::All, &tagged("zeta")).await, ids([]));
    assert_eq!(listed(archive, &Scope::All, &tagged("newer")).await, ids([1]));
}

/// Counters, sizes and instants included.
pub async fn headers_agree_with_the_sessions(archive: &dyn ArchiveStore) {
    archived(archive, full_snapshot(1), START).await;
    archived(archive, session_of(2, None), START).await;
    let any = SessionFilter::default();
    let rows = archive.list(&Scope::All, &any, page(None, 10)).await.unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        let whole = archive.get(&Scope::All, row.header.id).await.unwrap();
        assert_eq!(row.header, whole.unwrap().header());
    }
}

/// The same rows in the same order, at most the limit.
pub async fn ids_agree_with_it(archive: &dyn ArchiveStore) {
    for (n, name) in (1..).zip([Some("alice"), None, Some("bob"), Some("alice"), None]) {
        stage(archive, session_of(n, name), START).await;
    }
    let of_alice = SessionFilter {
        user_id: Some(user("alice")),
        ..SessionFilter::default()
    };
    for filter in [SessionFilter::default(), of_alice] {
        for scope in [Scope::All, Scope::Unowned, owner("alice")] {
            for limit in [1, 2, 5, 1_001] {
                let page = page(None, limit);
                let rows = archive.list(&scope, &filter, page).await.unwrap();
                let expected: Vec<_> = rows.iter().map(|row| row.header.id).collect();
                let found = archive.ids(&scope, &filter, page.limit).await.unwrap();
                assert_eq!(found, expected, "{scope:?} {filter:?} {limit}");
            }
        }
    }
}
