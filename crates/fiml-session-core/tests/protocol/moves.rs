//! Deleting, restoring and listing, while others act and stores fail.

use std::time::Duration;

use fiml_session_core::{Clock, ErrorCode, QueryRecord, store::Scope};

use crate::house::{all, house, unavailable};

#[tokio::test]
async fn whatever_fails_after_the_first_effect_is_an_unknown_outcome() {
    let house = house();
    let deleted = house.session(&[]).await;
    house.active.fail("remove", unavailable());
    let error = house
        .service
        .delete_session(&Scope::All, deleted)
        .await
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::OutcomeUnknown);
    assert!(
        house
            .service
            .delete_session(&Scope::All, deleted)
            .await
            .unwrap(),
        "a repetition completes it"
    );
    assert!(
        !house
            .service
            .delete_session(&Scope::All, deleted)
            .await
            .unwrap()
    );

    let archived = house.session(&[]).await;
    house.archive.fail("stage", unavailable());
    let error = house
        .service
        .archive_session(&Scope::All, archived)
        .await
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::OutcomeUnknown);
    assert!(
        house
            .service
            .archive_session(&Scope::All, archived)
            .await
            .unwrap()
    );

    house.archive.fail("confirm_restore", unavailable());
    let extended = house
        .service
        .extend_session(&Scope::All, archived, 1.0, None)
        .await;
    assert_eq!(extended.unwrap_err().code(), ErrorCode::OutcomeUnknown);
    assert!(
        !house
            .service
            .overview(&Scope::All, archived, 0)
            .await
            .unwrap()
            .is_archived
    );
}

#[tokio::test]
async fn a_session_that_comes_back_between_the_two_reads_of_a_list_is_on_its_page() {
    let house = house();
    let id = house.archived().await;
    let other = house.other.clone();
    house.active.hook("after", "list", move || async move {
        other
            .extend_session(&Scope::All, id, 1.0, None)
            .await
            .unwrap();
    });
    let page = house
        .service
        .list_user_sessions(&Scope::All, &all())
        .await
        .unwrap();
    assert_eq!(page.sessions.len(), 1);
    assert!(!page.sessions[0].is_archived, "the live copy is shown");
}

#[tokio::test]
async fn a_session_archived_between_the_two_reads_of_a_list_is_on_its_page_once() {
    let house = house();
    let id = house.session(&[]).await;
    let other = house.other.clone();
    house.active.hook("after", "list", move || async move {
        other.archive_session(&Scope::All, id).await.unwrap();
    });
    let page = house
        .service
        .list_user_sessions(&Scope::All, &all())
        .await
        .unwrap();
    assert_eq!(page.sessions.len(), 1);
}

#[tokio::test]
async fn a_session_deleted_while_it_is_brought_back_stays_deleted() {
    let house = house();
    let id = house.archived().await;
    let other = house.other.clone();
    house.active.hook("before", "insert", move || async move {
        assert!(other.delete_session(&Scope::All, id).await.unwrap());
    });
    let other = house.other.clone();
    house.active.hook("after", "insert", move || async move {
        // Somebody who sees the copy before it is taken away again.
        let query = QueryRecord::new("price");
        let refused = other.record_query(&Scope::All, id, query, None).await;
        assert_eq!(refused.unwrap_err().code(), ErrorCode::SessionExpired);
        other
            .extend_session(&Scope::All, id, 1.0, None)
            .await
            .unwrap();
    });
    let error = house
        .service
        .extend_session(&Scope::All, id, 1.0, None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::SessionNotFound);
    assert!(house.other.get_session(&Scope::All, id).await.is_err());
}

#[tokio::test]
async fn two_extensions_of_an_archived_session_at_once_both_count() {
    let house = house();
    let id = house.archived().await;
    let other = house.other.clone();
    house.active.hook("before", "insert", move || async move {
        other
            .extend_session(&Scope::All, id, 1.0, None)
            .await
            .unwrap();
    });
    let applied = house
        .service
        .extend_session(&Scope::All, id, 1.0, None)
        .await
        .unwrap();
    assert_eq!(
        applied.expires_at.since(house.clock.now()),
        Duration::from_hours(2)
    );
    assert_eq!(
        house
            .service
            .list_user_sessions(&Scope::All, &all())
            .await
            .unwrap()
            .sessions
            .len(),
        1
    );
}
