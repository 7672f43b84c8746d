//! Listing sessions.

use std::num::NonZeroUsize;

use fiml_session_core::{
    Session, SessionChange, SessionId, SessionSnapshot, SessionType,
    store::{ActiveStore, Cursor, Page, Scope, SessionFilter},
};

use crate::fixtures::{
    DAY, HOUR, MICRO, ODD_NAMES, SECOND, START, after, apply, ask, asset, extend, full_session, id,
    insert, owner, session, session_of, set, tag, tags, user,
};

fn page(after: Option<Cursor>, limit: usize) -> Page {
    let limit = NonZeroUsize::new(limit).expect("a page holds something");
    Page { after, limit }
}

async fn listed(store: &dyn ActiveStore, scope: &Scope, filter: &SessionFilter) -> Vec<SessionId> {
    let headers = store.list(scope, filter, page(None, 1_000)).await.unwrap();
    headers.iter().map(|header| header.id).collect()
}

fn ids<const N: usize>(numbers: [u32; N]) -> Vec<SessionId> {
    numbers.map(id).to_vec()
}

/// By creation, however they were stored and changed.
pub async fn it_runs_from_the_newest_to_the_oldest(store: &dyn ActiveStore) {
    for n in [3, 1, 5, 2, 4] {
        insert(store, &session(n)).await;
    }
    apply(store, id(1), &ask("price").into(), after(HOUR)).await.unwrap();
    let all = listed(store, &Scope::All, &SessionFilter::default()).await;
    assert_eq!(all, ids([5, 4, 3, 2, 1]));
}

/// The larger id first, on one page and over many.
pub async fn equal_instants_are_ordered_by_id(store: &dyn ActiveStore) {
    for n in [2, 5, 1, 4, 3] {
        let together = Session {
            created_at: START,
            ..session(n)
        };
        insert(store, &together).await;
    }
    let all = listed(store, &Scope::All, &SessionFilter::default()).await;
    assert_eq!(all, ids([5, 4, 3, 2, 1]));
    assert_eq!(paged(store, 2).await, all);
    assert_eq!(paged(store, 1).await, all);
}

/// Walks through all pages of this size.
async fn paged(store: &dyn ActiveStore, limit: usize) -> Vec<SessionId> {
    let (mut found, mut place) = (Vec::new(), None);
    for _ in 0..1_000 {
        let any = SessionFilter::default();
        let headers = store.list(&Scope::All, &any, page(place, limit)).await.unwrap();
        assert!(headers.len() <= limit, "a page holds at most its limit");
        let Some(last) = headers.last() else {
            return found;
        };
        place = Some(Cursor::of(last));
        found.extend(headers.iter().map(|header| header.id));
    }
    panic!("a thousand pages, and no end");
}

/// Whatever its size, the pages together are the list.
pub async fn a_page_holds_at_most_its_limit_and_the_next_begins_behind_it(
    store: &dyn ActiveStore,
) {
    for n in 1..=10 {
        insert(store, &session(n)).await;
    }
    let all = listed(store, &Scope::All, &SessionFilter::default()).await;
    assert_eq!(all.len(), 10);
    for limit in [1, 3, 5, 10, 11] {
        assert_eq!(paged(store, limit).await, all, "pages of {limit}");
    }
}

/// Newer sessions do not push older ones over the edge of a page.
pub async fn pages_have_no_duplicates_and_no_gaps_while_sessions_are_added(
    store: &dyn ActiveStore,
) {
    for n in 1..=9 {
        insert(store, &session(n)).await;
    }
    let (mut found, mut place) = (Vec::new(), None);
    for turn in 0..5 {
        let any = SessionFilter::default();
        let headers = store.list(&Scope::All, &any, page(place, 2)).await.unwrap();
        found.extend(headers.iter().map(|header| header.id));
        place = headers.last().map(Cursor::of).or(place);
        insert(store, &session(100 + turn)).await;
        // One that was created at the very instant of the page's edge, and lies before it.
        let twin = Session {
            created_at: place.expect("a page").created_at,
            ..session(200 + turn)
        };
        insert(store, &twin).await;
    }
    assert_eq!(found, ids([9, 8, 7, 6, 5, 4, 3, 2, 1]));
}

/// A place is an instant and an id, not a session.
pub async fn a_cursor_of_a_removed_session_still_holds_its_place(store: &dyn ActiveStore) {
    for n in 1..=4 {
        insert(store, &session(n)).await;
    }
    let place = Cursor::of(&SessionSnapshot::from(session(3)).header());
    store.remove(&Scope::All, id(3)).await.unwrap();
    let any = SessionFilter::default();
    let rest = store.list(&Scope::All, &any, page(Some(place), 10)).await.unwrap();
    let rest: Vec<_> = rest.iter().map(|header| header.id).collect();
    assert_eq!(rest, ids([2, 1]));
}

/// Each asker sees their own; all sees everything.
pub async fn it_shows_what_is_in_scope(store: &dyn ActiveStore) {
    for (n, name) in (1..).zip([Some("alice"), Some("bob"), None, Some("alice"), None]) {
        insert(store, &session_of(n, name)).await;
    }
    let any = SessionFilter::default();
    for (scope, expected) in [
        (owner("alice"), ids([4, 1])),
        (owner("bob"), ids([2])),
        (owner("carol"), ids([])),
        (Scope::Unowned, ids([5, 3])),
        (Scope::All, ids([5, 4, 3, 2, 1])),
    ] {
        assert_eq!(listed(store, &scope, &any).await, expected, "{scope:?}");
    }
}

/// Within the scope, not beyond it.
pub async fn it_narrows_by_user(store: &dyn ActiveStore) {
    for (n, name) in (1..).zip([Some("alice"), Some("bob"), None]) {
        insert(store, &session_of(n, name)).await;
    }
    let of = |name| SessionFilter {
        user_id: Some(user(name)),
        ..SessionFilter::default()
    };
    for (scope, name, expected) in [
        (Scope::All, "alice", ids([1])),
        (Scope::All, "carol", ids([])),
        (owner("alice"), "alice", ids([1])),
        (owner("alice"), "bob", ids([])),
        (Scope::Unowned, "alice", ids([])),
    ] {
        let found = listed(store, &scope, &of(name)).await;
        assert_eq!(found, expected, "{scope:?} asks for {name}");
    }
}

/// Every type has its own list.
pub async fn it_narrows_by_type(store: &dyn ActiveStore) {
    for (n, session_type) in (1..).zip(SessionType::ALL) {
        let typed = Session {
            session_type,
            ..session(n)
        };
        insert(store, &typed).await;
    }
    for (n, session_type) in (1..).zip(SessionType::ALL) {
        let filter = SessionFilter {
            session_type: Some(session_type),
            ..SessionFilter::default()
        };
        assert_eq!(listed(store, &Scope::All, &filter).await, ids([n]));
    }
}

/// Who asks for two tags gets what carries both.
pub async fn it_narrows_by_every_tag(store: &dyn ActiveStore) {
    for (n, names) in (1..).zip([vec!["a", "b"], vec!["a"], vec!["b", "c", "a"], vec![]]) {
        let tags = names.into_iter().map(tag).collect();
        insert(store, &Session { tags, ..session(n) }).await;
    }
    let of = |names: &[&str]| SessionFilter {
        tags: names.iter().map(|name| tag(name)).collect(),
        ..SessionFilter::default()
    };
    for (names, expected) in [
        (&["a"][..], ids([3, 2, 1])),
        (&["a", "b"], ids([3, 1])),
        (&["b", "a", "b"], ids([3, 1])),
        (&["a", "b", "c"], ids([3])),
        (&["c", "d"], ids([])),
        (&["A"], ids([])),
        (&[], ids([4, 3, 2, 1])),
    ] {
        assert_eq!(listed(store, &Scope::All, &of(names)).await, expected, "{names:?}");
    }
}

/// Any of a session's assets will do.
pub async fn it_narrows_by_asset(store: &dyn ActiveStore) {
    for (n, symbols) in (1..).zip([["AAPL", "IBM"], ["IBM", "GOOG"], ["A", "AA"]]) {
        let assets = symbols.map(asset).to_vec();
        insert(store, &Session { assets, ..session(n) }).await;
    }
    for (symbol, expected) in [
        ("ibm", ids([2, 1])),
        ("GOOG", ids([2])),
        ("AAPL", ids([1])),
        ("A", ids([3])),
        ("AAP", ids([])),
    ] {
        let filter = SessionFilter {
            asset: Some(asset(symbol)),
            ..SessionFilter::default()
        };
        assert_eq!(listed(store, &Scope::All, &filter).await, expected, "{symbol}");
    }
}

/// Expired at its `expires_at`, not before; without the filter everything is listed.
pub async fn it_narrows_by_expiry(store: &dyn ActiveStore) {
    insert(store, &session(1)).await;
    insert(store, &session(2)).await;
    for (at, expected) in [
        (session(1).expires_at.minus(MICRO), ids([2, 1])),
        (session(1).expires_at, ids([2])),
        (session(2).expires_at, ids([])),
    ] {
        let filter = SessionFilter {
            unexpired_at: Some(at),
            ..SessionFilter::default()
        };
        assert_eq!(listed(store, &Scope::All, &filter).await, expected, "{at}");
    }
    let all = listed(store, &Scope::All, &SessionFilter::default()).await;
    assert_eq!(all, ids([2, 1]), "expiry is not absence");
}

/// What is listed meets every one; pages of it are its pages.
pub async fn filters_narrow_together(store: &dyn ActiveStore) {
    for n in 0..32 {
        let odd = |bit: u32| n & (1 << bit) != 0;
        let mut mixed = session_of(n, odd(0).then_some("alice"));
        if odd(1) {
            mixed.session_type = SessionType::Crypto;
        }
        if odd(2) {
            mixed.tags = tags(["x", "y"]);
        }
        if odd(3) {
            mixed.assets.push(asset("BTC"));
        }
        if odd(4) {
            mixed.expires_at = after(9 * DAY);
        }
        insert(store, &mixed).await;
    }
    let filter = SessionFilter {
        user_id: Some(user("alice")),
        session_type: Some(SessionType::Crypto),
        tags: tags(["y", "x"]),
        asset: Some(asset("BTC")),
        unexpired_at: Some(after(2 * DAY)),
    };
    assert_eq!(listed(store, &Scope::All, &filter).await, ids([31]));
    assert_eq!(listed(store, &Scope::Unowned, &filter).await, ids([]));
    let loose = SessionFilter {
        session_type: None,
        asset: None,
        ..filter
    };
    let all = listed(store, &owner("alice"), &loose).await;
    assert_eq!(all, ids([31, 29, 23, 21]));
    let first = store.list(&Scope::All, &loose, page(None, 2)).await.unwrap();
    let place = first.last().map(Cursor::of);
    let second = store.list(&Scope::All, &loose, page(place, 2)).await.unwrap();
    let both: Vec<_> = first.iter().chain(&second).map(|header| header.id).collect();
    assert_eq!(both, all, "matching sessions fill the pages, however far apart they lie");
}

/// A tag or user that looks like a pattern is one name.
pub async fn odd_filters_match_only_themselves(store: &dyn ActiveStore) {
    insert(store, &full_session(0)).await;
    for (n, name) in (1..).zip(ODD_NAMES) {
        let odd = Session {
            tags: tags([name]),
            ..session_of(n, Some(name))
        };
        insert(store, &odd).await;
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
        let any = SessionFilter::default();
        assert_eq!(listed(store, &Scope::All, &by_tag).await, ids([n]), "{name:?}");
        assert_eq!(listed(store, &Scope::All, &by_user).await, ids([n]), "{name:?}");
        assert_eq!(listed(store, &owner(name), &any).await, ids([n]), "{name:?}");
    }
}

/// Tags that come and go, a life that is prolonged or ended.
pub async fn it_follows_every_change_of_what_it_filters_by(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    let tagged = |name| SessionFilter {
        tags: tags([name]),
        unexpired_at: Some(after(2 * DAY)),
        ..SessionFilter::default()
    };
    assert_eq!(listed(store, &Scope::All, &tagged("zeta")).await, ids([]), "expired");
    for change in [
        extend(3 * DAY),
        SessionChange::TagsRemoved { tags: tags(["zeta"]) },
        SessionChange::TagsAdded { tags: tags(["new"]) },
    ] {
        apply(store, id(1), &change.into(), after(2 * HOUR)).await.unwrap();
    }
    assert_eq!(listed(store, &Scope::All, &tagged("tech")).await, ids([1]));
    assert_eq!(listed(store, &Scope::All, &tagged("new")).await, ids([1]));
    assert_eq!(listed(store, &Scope::All, &tagged("zeta")).await, ids([]));
    let ended = SessionChange::Ended.into();
    apply(store, id(1), &ended, after(3 * HOUR)).await.unwrap();
    assert_eq!(listed(store, &Scope::All, &tagged("tech")).await, ids([]));
}

/// Counters, sizes and instants included, before and after changes.
pub async fn headers_agree_with_the_sessions(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    insert(store, &session_of(2, None)).await;
    for change in [ask("price"), set("k", "🦀"), extend(SECOND)] {
        let any = SessionFilter::default();
        let headers = store.list(&Scope::All, &any, page(None, 10)).await.unwrap();
        assert_eq!(headers.len(), 2);
        for header in headers {
            let whole = store.snapshot(header.id).await.unwrap().unwrap();
            assert_eq!(header, whole.header());
        }
        for n in 1..=2 {
            let change = change.clone().into();
            apply(store, id(n), &change, after(2 * HOUR)).await.unwrap();
        }
    }
}

/// An empty list is an answer, not an error.
pub async fn an_empty_store_lists_nothing(store: &dyn ActiveStore) {
    for scope in [Scope::All, Scope::Unowned, owner("alice")] {
        assert_eq!(listed(store, &scope, &SessionFilter::default()).await, ids([]));
    }
}
