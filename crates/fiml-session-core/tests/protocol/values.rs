//! Creating and updating, beside other writers.

use std::time::Duration;

use fiml_session_core::{
    Clock, Conditions, ErrorCode, IdempotencyKey, NewSession, QueryRecord, SessionType,
    store::Scope,
};

use crate::house::{house, unavailable};

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
