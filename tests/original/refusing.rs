//! Arguments and askers.

use fiml_session_core::{ListRequest, NewSession, SessionError, SessionType, store::Scope};

use crate::{ALL, House};

fn new() -> NewSession {
    NewSession::new(SessionType::Equity, ["AAPL"])
}

/// One hour was left, and −5 hours were a "success".
#[tokio::test(flavor = "multi_thread")]
async fn extending_a_session_of_168_hours_never_shortens_it() {
    let house = House::new().await;
    let new = NewSession {
        ttl_hours: Some(168.0),
        ..new()
    };
    let created = house
        .store
        .create_session(&ALL, &new, None)
        .await
        .unwrap()
        .session;
    let applied = house
        .store
        .extend_session(&ALL, created.id, 1.0, None)
        .await
        .unwrap();
    assert_eq!(applied.expires_at, created.expires_at);
    assert!(applied.ttl_capped);
    let shortened = house
        .store
        .extend_session(&ALL, created.id, -5.0, None)
        .await;
    let error = shortened.unwrap_err();
    assert_eq!(
        (error.code().name(), error.argument()),
        ("invalid_argument", Some("hours"))
    );
}

/// That session could never be archived, and the cleanup stopped there for everybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_nul_in_a_tag_is_refused_and_the_cleanup_never_meets_it() {
    let house = House::new().await;
    let bad = NewSession {
        tags: vec!["a\0b".to_owned()],
        ..new()
    };
    let error = house
        .store
        .create_session(&ALL, &bad, None)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code().name(), error.argument()),
        ("invalid_argument", Some("tags[0]"))
    );
    assert_eq!(house.list(true).await.total, 0);
    house.create().await;
    assert_eq!(house.expire_and_clean().await, 1);
}

/// It was a raw error of Redis.
#[tokio::test(flavor = "multi_thread")]
async fn half_an_hour_is_a_life() {
    let house = House::new().await;
    let new = NewSession {
        ttl_hours: Some(0.5),
        ..new()
    };
    let created = house.store.create_session(&ALL, &new, None).await.unwrap();
    assert_eq!(created.ttl.as_secs(), 1_800);
}

/// Any caller read any session, and listed anybody's.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_lists_changes_or_deletes_the_session_of_another() {
    let house = House::new().await;
    let (ann, bob) = (owner("ann"), owner("bob"));
    let created = house
        .store
        .create_session(&ann, &new(), None)
        .await
        .unwrap();
    let id = created.session.id;
    let house_of_bob = house.store.scoped(bob.clone());
    let found = house_of_bob.get_session(id).await;
    assert!(
        matches!(found, Err(SessionError::NotFound { .. })),
        "{found:?}"
    );
    let extended = house_of_bob.extend_session(id, 1.0).await;
    assert!(
        matches!(extended, Err(SessionError::NotFound { .. })),
        "{extended:?}"
    );
    assert!(!house_of_bob.delete_session(id).await.unwrap());
    for user_id in [None, Some("ann".to_owned())] {
        let request = ListRequest {
            user_id,
            include_archived: true,
            ..ListRequest::default()
        };
        let page = house_of_bob.list_user_sessions(&request).await.unwrap();
        assert_eq!((page.total, page.sessions.len()), (0, 0));
    }
    let session = house.store.get_session(&ann, id).await.unwrap();
    assert_eq!(session.version, 1, "nothing was changed");
}

fn owner(name: &str) -> Scope {
    Scope::Owner(name.parse().unwrap())
}
