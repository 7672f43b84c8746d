//! The cleanup, while others act and stores fail.

use fiml_session_core::{
    ErrorCode, ListRequest, QueryRecord, SessionError,
    store::{ActiveStore, Scope},
};

use crate::house::{all, failed, house, unavailable};

#[tokio::test]
async fn a_failing_archive_stops_the_cleanup_and_sets_nobody_aside() {
    let house = house();
    let ids = house.expired(5).await;
    house.archive.fail("stage", failed());
    let error = house.service.cleanup_expired_sessions().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Internal);
    let report = house.service.cleanup_expired_sessions().await.unwrap();
    assert_eq!((report.archived, report.quarantined), (ids.len() as u64, 0));
}

#[tokio::test]
async fn one_session_that_the_archive_cannot_take_is_set_aside_and_the_others_move() {
    let house = house();
    let ids = house.expired(5).await;
    house.archive.poison(ids[2]);
    let report = house.service.cleanup_expired_sessions().await.unwrap();
    assert_eq!((report.archived, report.quarantined), (4, 1));
    let aside = house
        .active
        .quarantined(std::num::NonZeroUsize::MIN)
        .await
        .unwrap();
    assert_eq!(aside[0].id, ids[2]);
    assert!(aside[0].reason.contains("poison"), "{}", aside[0].reason);
}

#[tokio::test]
async fn a_query_acknowledged_while_the_session_is_archived_is_not_lost() {
    let house = house();
    let ids = house.expired(1).await;
    let (other, id) = (house.other.clone(), ids[0]);
    house.archive.hook("after", "stage", move || async move {
        other
            .extend_session(&Scope::All, id, 1.0, None)
            .await
            .unwrap();
        other
            .record_query(&Scope::All, id, QueryRecord::new("price"), None)
            .await
            .unwrap();
    });
    let report = house.service.cleanup_expired_sessions().await.unwrap();
    assert_eq!(report.archived, 0, "it is alive again");
    let session = house.service.get_session(&Scope::All, id).await.unwrap();
    assert_eq!(session.state.history.total_queries(), 1);
    let page = house
        .service
        .list_user_sessions(&Scope::All, &all())
        .await
        .unwrap();
    assert_eq!((page.sessions.len(), page.total), (1, 1));
}

#[tokio::test]
async fn a_crash_at_any_step_of_a_move_is_put_right_by_the_next_cleanup() {
    for step in ["remove_unchanged", "settle"] {
        let house = house();
        let ids = house.expired(3).await;
        let tier = if step == "settle" {
            &house.archive
        } else {
            &house.active
        };
        for _ in &ids {
            tier.fail(step, unavailable());
        }
        house.service.cleanup_expired_sessions().await.unwrap_err();
        let before = house
            .service
            .list_user_sessions(&Scope::All, &all())
            .await
            .unwrap();
        assert_eq!(
            (before.sessions.len(), before.total),
            (3, 3),
            "{step}: each is readable all the time"
        );
        house.service.cleanup_expired_sessions().await.unwrap();
        let after = house
            .service
            .list_user_sessions(&Scope::All, &all())
            .await
            .unwrap();
        assert!(
            after.sessions.iter().all(|session| session.is_archived),
            "{step}"
        );
        assert_eq!((after.sessions.len(), after.total), (3, 3), "{step}");
    }
}

#[tokio::test]
async fn old_copies_of_what_the_archive_holds_newer_do_not_stop_the_cleanup() {
    let house = house();
    let ids = house.expired(120).await;
    let mut copies = Vec::new();
    for &id in &ids[..100] {
        copies.push(house.active.snapshot(id).await.unwrap().unwrap());
        house
            .other
            .extend_session(&Scope::All, id, 1.0, None)
            .await
            .unwrap();
        house.other.archive_session(&Scope::All, id).await.unwrap();
    }
    for copy in &copies {
        house.active.insert(copy).await.unwrap();
    }
    let report = house.service.cleanup_expired_sessions().await.unwrap();
    assert_eq!(report.archived, 20);
    let request = ListRequest {
        limit: 200,
        ..all()
    };
    let page = house
        .service
        .list_user_sessions(&Scope::All, &request)
        .await
        .unwrap();
    assert!(page.sessions.iter().all(|session| session.is_archived));
}

#[tokio::test]
async fn the_duration_of_an_expired_session_stays_what_it_was_when_it_is_archived_by_hand() {
    let house = house();
    let id = house.expired(1).await[0];
    let before = house
        .service
        .overview(&Scope::All, id, 0)
        .await
        .unwrap()
        .header;
    assert!(
        house
            .service
            .archive_session(&Scope::All, id)
            .await
            .unwrap()
    );
    let after = house
        .service
        .overview(&Scope::All, id, 0)
        .await
        .unwrap()
        .header;
    assert_eq!(
        (after.duration(), after.version),
        (before.duration(), before.version)
    );
}

#[tokio::test]
async fn a_cleanup_that_stops_on_the_way_says_what_it_has_done() {
    let house = house();
    let count = house.expired(150).await.len() as u64;
    let archive = house.archive.clone();
    house.archive.hook("after", "stage", move || async move {
        archive.fail("stage", unavailable());
    });
    let error = house.service.cleanup_expired_sessions().await.unwrap_err();
    let SessionError::CleanupStopped { done, source } = &error else {
        panic!("{error:?}");
    };
    assert_eq!((done.archived, done.quarantined), (100, 0));
    assert_eq!(source.code(), ErrorCode::ArchiveUnavailable);
    assert_eq!(error.code(), ErrorCode::OutcomeUnknown);
    assert!(error.to_string().contains("archived 100"), "{error}");
    let rest = house.service.cleanup_expired_sessions().await.unwrap();
    assert_eq!(rest.archived, count - done.archived);
}
