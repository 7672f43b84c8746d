//! Beginnings, and jobs that are to run.

use fiml_session_core::{NewSession, SessionType};
use fiml_tests::{
    place::{Place, Tiers},
    support::json_of,
};

use crate::ALL;

/// Of two first calls one got a store that was never initialised, for ever.
#[tokio::test(flavor = "multi_thread")]
async fn two_first_uses_of_empty_servers_at_once_both_work() {
    let tiers = Tiers::shared();
    let first = async || {
        let (store, _) = tiers.service(fiml_session_core::Policy::default()).await;
        let new = NewSession::new(SessionType::Macro, ["GDP"]);
        let id = store
            .create_session(&ALL, &new, None)
            .await
            .unwrap()
            .session
            .id;
        assert!(store.archive_session(&ALL, id).await.unwrap());
        id
    };
    let (one, other) = tokio::join!(first(), first());
    let (store, _) = tiers.service(fiml_session_core::Policy::default()).await;
    for id in [one, other] {
        assert!(store.get_session(&ALL, id).await.is_ok());
    }
}

/// `async def` under Celery: no job of the original ever ran.
#[test]
fn the_cleanup_job_really_runs() {
    let place = Place::two_tiers();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let stores = place.stores().await;
        let policy = fiml_session_core::Policy::default();
        let clock = std::sync::Arc::new(fiml_session_core::SystemClock);
        let store = fiml_session_core::SessionStore::new(stores, policy, clock);
        let new = NewSession {
            ttl_hours: Some(0.000_001),
            ..NewSession::new(SessionType::Macro, ["GDP"])
        };
        for _ in 0..5 {
            store.create_session(&ALL, &new, None).await.unwrap();
        }
    });
    let mut job = place.fiml();
    job.args(["jobs", "run", "cleanup_expired_sessions"]);
    job.env("SESSION_ARCHIVE_GRACE_SECONDS", "0");
    let report = json_of(&mut job);
    assert_eq!(report["archived"], 5, "{report}");
}
