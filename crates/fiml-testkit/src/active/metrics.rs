//! Figures of live sessions.

use fiml_session_core::{
    QueryRecord, SessionChange, SessionMetrics, SessionType,
    store::{ActiveStore, MetricsFilter, Scope},
};

use crate::fixtures::{
    HOUR, MICRO, after, apply, ask, batch, extend, full_session, id, insert, owner, session,
    session_of, session_with_queries, tags, user,
};

/// Compares with the figures of these whole sessions.
async fn agree(store: &dyn ActiveStore, scope: &Scope, filter: &MetricsFilter, numbers: &[u32]) {
    let mut found = store.metrics(scope, filter).await.unwrap();
    found.sort_by_key(|metrics| metrics.session_id);
    let mut expected = Vec::new();
    for &n in numbers {
        let whole = store.get(&Scope::All, id(n)).await.unwrap();
        expected.push(SessionMetrics::of(&whole.expect("it was stored")));
    }
    assert_eq!(found, expected, "{scope:?} {filter:?}");
}

/// Types, sources, errors and execution times are counted as `SessionMetrics::of` counts them.
pub async fn they_agree_with_the_sessions(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    insert(store, &session(2)).await;
    insert(store, &session_with_queries(3, 30)).await;
    agree(store, &Scope::All, &MetricsFilter::default(), &[1, 2, 3]).await;
}

/// Counters that a store keeps follow every change.
pub async fn they_agree_after_changes(store: &dyn ActiveStore) {
    insert(store, &full_session(1)).await;
    insert(store, &session(2)).await;
    let timed = |ms: f64, source: &str| SessionChange::QueryAdded {
        query: QueryRecord {
            execution_time_ms: Some(ms),
            source: Some(source.to_owned()),
            cache_hit: true,
            ..QueryRecord::new("price")
        },
    };
    let failed = SessionChange::QueryAdded {
        query: QueryRecord {
            error: Some("no such symbol".to_owned()),
            ..QueryRecord::new("it's \"odd\" 🦀")
        },
    };
    for changes in [
        batch([timed(0.0, "file"), timed(12.345_678, "file"), failed]),
        batch([timed(31_536_000_000.0, "%"), timed(0.000_4, "file")]),
        batch([extend(HOUR)]),
        batch([SessionChange::TagsAdded { tags: tags(["t"]) }]),
    ] {
        for n in 1..=2 {
            apply(store, id(n), &changes, after(2 * HOUR)).await.unwrap();
        }
        agree(store, &Scope::All, &MetricsFilter::default(), &[1, 2]).await;
    }
    // Many more different values than a session usually has.
    let many: [_; 25] = std::array::from_fn(|n| timed(n as f64 * 1.7, &format!("source {n}")));
    apply(store, id(1), &batch(many), after(3 * HOUR)).await.unwrap();
    agree(store, &Scope::All, &MetricsFilter::default(), &[1, 2]).await;
}

/// Nobody counts another's sessions.
pub async fn they_cover_what_is_in_scope(store: &dyn ActiveStore) {
    for (n, name) in (1..).zip([Some("alice"), Some("bob"), None, Some("alice")]) {
        insert(store, &session_of(n, name)).await;
        apply(store, id(n), &ask("price").into(), after(HOUR)).await.unwrap();
    }
    let any = MetricsFilter::default();
    agree(store, &owner("alice"), &any, &[1, 4]).await;
    agree(store, &owner("bob"), &any, &[2]).await;
    agree(store, &owner("%"), &any, &[]).await;
    agree(store, &Scope::Unowned, &any, &[3]).await;
    agree(store, &Scope::All, &any, &[1, 2, 3, 4]).await;
}

/// By user, type, asset, tag and creation: from an instant on, and before another.
pub async fn every_filter_narrows_them(store: &dyn ActiveStore) {
    for (n, name) in (1..).zip([Some("alice"), Some("bob"), None, Some("alice")]) {
        let mut some = session_of(n, name);
        if n >= 3 {
            some.session_type = SessionType::Macro;
        }
        if n == 2 {
            some.assets = vec!["IBM".parse().unwrap(), "GDP".parse().unwrap()];
            some.tags = tags(["q3"]);
        }
        insert(store, &some).await;
    }
    let any = MetricsFilter::default;
    let of_alice = MetricsFilter {
        user_id: Some(user("alice")),
        ..any()
    };
    agree(store, &Scope::All, &of_alice, &[1, 4]).await;
    agree(store, &owner("bob"), &of_alice, &[]).await;
    let of_macro = MetricsFilter {
        session_type: Some(SessionType::Macro),
        ..any()
    };
    agree(store, &Scope::All, &of_macro, &[3, 4]).await;
    let since = |created_from| MetricsFilter {
        created_from: Some(created_from),
        ..any()
    };
    agree(store, &Scope::All, &since(session(2).created_at), &[2, 3, 4]).await;
    let later = session(2).created_at.plus(MICRO);
    agree(store, &Scope::All, &since(later), &[3, 4]).await;
    let before = |created_before| MetricsFilter {
        created_before: Some(created_before),
        ..any()
    };
    agree(store, &Scope::All, &before(later), &[1, 2]).await;
    agree(store, &Scope::All, &before(session(2).created_at), &[1]).await;
    let about = MetricsFilter {
        asset: Some("GDP".parse().unwrap()),
        ..any()
    };
    agree(store, &Scope::All, &about, &[2]).await;
    agree(store, &owner("alice"), &about, &[]).await;
    let tagged = MetricsFilter {
        tag: Some("q3".parse().unwrap()),
        ..any()
    };
    agree(store, &Scope::All, &tagged, &[2]).await;
    let together = MetricsFilter {
        created_from: Some(later),
        session_type: Some(SessionType::Macro),
        user_id: Some(user("alice")),
        ..any()
    };
    agree(store, &Scope::All, &together, &[4]).await;
}
