//! Listing ids.

use std::num::NonZeroUsize;

use fiml_session_core::{
    Session, SessionType,
    store::{ActiveStore, Page, Scope, SessionFilter},
};

use crate::fixtures::{START, asset, insert, owner, session, session_of, tag, tags, user};

async fn agree(store: &dyn ActiveStore, scope: &Scope, filter: &SessionFilter, limit: usize) {
    let limit = NonZeroUsize::new(limit).expect("more than none");
    let page = Page { after: None, limit };
    let headers = store.list(scope, filter, page).await.unwrap();
    let expected: Vec<_> = headers.iter().map(|header| header.id).collect();
    let found = store.ids(scope, filter, limit).await.unwrap();
    assert_eq!(found, expected, "{scope:?} {filter:?} {limit}");
}

async fn insert_some(store: &dyn ActiveStore) {
    for (n, name) in (0..).zip([Some("alice"), None, Some("bob"), Some("alice"), None]) {
        let mut some = Session {
            tags: tags(["t"]),
            ..session_of(n, name)
        };
        if n % 2 == 0 {
            some.session_type = SessionType::Macro;
            some.tags.push(tag("even"));
            some.created_at = START;
        }
        insert(store, &some).await;
    }
}

/// The same sessions in the same order, for every scope and filter.
pub async fn they_agree_with_list(store: &dyn ActiveStore) {
    insert_some(store).await;
    let any = SessionFilter::default;
    let filters = [
        any(),
        SessionFilter {
            user_id: Some(user("alice")),
            ..any()
        },
        SessionFilter {
            session_type: Some(SessionType::Macro),
            ..any()
        },
        SessionFilter {
            tags: tags(["even", "t"]),
            ..any()
        },
        SessionFilter {
            asset: Some(asset("AAPL")),
            ..any()
        },
        SessionFilter {
            unexpired_at: Some(session(2).expires_at),
            ..any()
        },
    ];
    for scope in [Scope::All, Scope::Unowned, owner("alice"), owner("carol")] {
        for filter in &filters {
            agree(store, &scope, filter, 1_001).await;
        }
    }
}

/// The newest ones.
pub async fn they_are_at_most_the_limit(store: &dyn ActiveStore) {
    insert_some(store).await;
    for limit in 1..=6 {
        agree(store, &Scope::All, &SessionFilter::default(), limit).await;
    }
}
