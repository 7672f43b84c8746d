//! What becomes of a session when use cases meet in the middle, or a store fails between two steps.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod hooked;

use std::{sync::Arc, time::Duration};

use fiml_session_core::{
    Clock, Conditions, ErrorCode, IdempotencyKey, ListRequest, ManualClock, MemoryStore,
    NewSession, Policy, QueryRecord, SessionId, SessionStore, SessionType, Stores, Timestamp,
    store::{ActiveStore, Scope, StoreError},
};

use hooked::Hooked;

/// A service whose tiers can be stopped in the middle, and one on the same data that cannot.
struct House {
    active: Arc<Hooked>,
    archive: Arc<Hooked>,
    clock: Arc<ManualClock>,
    service: SessionStore,
    other: SessionStore,
}

fn house() -> House {
    let memory = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(
        4_102_444_800_000_000,
    )));
    let (active, archive) = (
        Arc::new(Hooked::over(&memory)),
        Arc::new(Hooked::over(&memory)),
    );
    let stores = Stores {
        active: Arc::<Hooked>::clone(&active),
        archive: Arc::<Hooked>::clone(&archive),
        metrics: Arc::<MemoryStore>::clone(&memory),
    };
    let service =
        |stores| SessionStore::new(stores, Policy::default(), Arc::<ManualClock>::clone(&clock));
    House {
        service: service(stores),
        other: service(Stores::single(memory)),
        active,
        archive,
        clock,
    }
}

impl House {
    async fn session(&self, tags: &[&str]) -> SessionId {
        let new = NewSession {
            tags: tags.iter().map(ToString::to_string).collect(),
            ..NewSession::new(SessionType::Equity, ["AAPL"])
        };
        self.other
            .create_session(&Scope::All, &new, None)
            .await
            .unwrap()
            .session
            .id
    }

    async fn archived(&self) -> SessionId {
        let id = self.session(&[]).await;
        assert!(self.other.archive_session(&Scope::All, id).await.unwrap());
        id
    }

    async fn expired(&self, count: usize) -> Vec<SessionId> {
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(self.session(&[]).await);
        }
        self.clock.advance(Duration::from_hours(25));
        ids
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable {
        store: "the store",
        source: "down".into(),
    }
}

fn failed() -> StoreError {
    StoreError::Backend {
        store: "the store",
        source: "disk I/O error".into(),
    }
}

fn all() -> ListRequest {
    ListRequest {
        include_archived: true,
        ..ListRequest::default()
    }
}

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
        other
            .record_query(&Scope::All, id, QueryRecord::new("price"), None)
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
async fn a_keyed_creation_is_completed_by_its_retry_and_never_raised_from_deletion() {
    let house = house();
    let new = NewSession {
        ttl_hours: Some(0.5),
        ..NewSession::new(SessionType::Macro, ["DGS10"])
    };
    let key = IdempotencyKey::new("once", &1).unwrap();
    house.active.fail("insert", unavailable());
    house
        .service
        .create_session(&Scope::All, &new, Some(&key))
        .await
        .unwrap_err();
    house.clock.advance(Duration::from_hours(1));
    let late = house
        .service
        .create_session(&Scope::All, &new, Some(&key))
        .await
        .unwrap();
    assert!(
        !late.session.is_expired(house.clock.now()),
        "it was never alive before"
    );
    let again = house
        .service
        .create_session(&Scope::All, &new, Some(&key))
        .await
        .unwrap();
    assert_eq!(again.session.id, late.session.id);
    assert!(
        house
            .service
            .delete_session(&Scope::All, late.session.id)
            .await
            .unwrap()
    );
    let gone = house
        .service
        .create_session(&Scope::All, &new, Some(&key))
        .await
        .unwrap();
    assert_eq!(gone.session.id, late.session.id, "the first answer again");
    assert!(
        house
            .service
            .get_session(&Scope::All, gone.session.id)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_value_numbers_its_own_queries_beside_those_of_another_writer() {
    let house = house();
    let id = house.session(&[]).await;
    let mut mine = house.service.get_session(&Scope::All, id).await.unwrap();
    house
        .other
        .record_query(&Scope::All, id, QueryRecord::new("theirs"), None)
        .await
        .unwrap();
    mine.add_query(QueryRecord::new("mine"));
    mine.add_query(QueryRecord::new("mine too"));
    house
        .service
        .update_session(&Scope::All, &mut mine, Conditions::default())
        .await
        .unwrap();
    let numbers: Vec<_> = mine
        .state
        .history
        .queries()
        .iter()
        .map(|query| query.seq)
        .collect();
    assert_eq!(
        (numbers, mine.state.history.total_queries()),
        (vec![2, 3], 3)
    );
    let stale = Conditions {
        expected_version: Some(1),
        ..Conditions::default()
    };
    mine.add_query(QueryRecord::new("refused"));
    let refused = house
        .service
        .update_session(&Scope::All, &mut mine, stale)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), ErrorCode::VersionConflict);
    assert_eq!(mine.state.pending().len(), 1, "the change stays pending");
}
