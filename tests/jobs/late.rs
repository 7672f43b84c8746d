//! A cleanup that is stopped between two tiers, taken over, and goes on when the sessions have moved on.

use std::collections::BTreeSet;

use fiml_session_core::{
    QueryRecord, SessionId, SessionStore, Timestamp,
    store::{MetricsFilter, Page, SessionFilter},
};
use fiml_tests::place::Place;

use crate::{ALL, create_expired, run, worker::Workers};

const SESSIONS: usize = 30;

#[test]
fn what_a_cleanup_does_late_harms_no_session_that_has_moved_on() {
    let place = Place::two_tiers();
    run(async {
        let store = create_expired(&place, SESSIONS).await;
        let (stores, ids) = (store.stores().clone(), ids(&store).await);
        let mut workers = Workers::on(&place, 1_000, "cleanup");
        let first = workers.start("stop:stage:1");
        let begun = workers.hear("granted", |said| said.word == "granted");
        workers.hear("stopped", |said| said.word == "stopped");
        let second = workers.start("never");
        let ended = workers.hear("the end of the run", |said| {
            said.word == "ended" && said.tick == begun.tick
        });
        assert_eq!((ended.by, ended.more.as_str()), (second, "true"));
        // All are archived; one is brought back and written to before the other goes on.
        let back = ids[0];
        store.extend_session(&ALL, back, 1.0, None).await.unwrap();
        let query = QueryRecord::new("price");
        store.record_query(&ALL, back, query, None).await.unwrap();
        workers.signal(first, "CONT");
        let refused = workers.hear("the refusal", |said| {
            said.by == first && said.tick == begun.tick
        });
        assert_ne!(refused.more, "true", "{refused:?}");
        // Its steps may come later than that, but not later than its end.
        workers.close();
        let read = store.get_session(&ALL, back).await.unwrap();
        assert_eq!(read.state.history.total_queries(), 1);
        assert!(!store.overview(&ALL, back, 0).await.unwrap().is_archived);
        for &id in &ids[1..] {
            let archived = store.overview(&ALL, id, 0).await.unwrap().is_archived;
            assert!(archived, "{id}");
            let live = stores.active.overview(&ALL, id, 0).await.unwrap();
            assert_eq!(live, None, "{id} is in one tier");
        }
        let (any, live) = (MetricsFilter::default(), BTreeSet::from([back]));
        let digest = stores.metrics.digest(&ALL, &any, &live, Timestamp::MAX);
        let digest = digest.await.unwrap();
        assert_eq!(digest.sessions, SESSIONS as u64 - 1, "each is counted once");
    });
}

async fn ids(store: &SessionStore) -> Vec<SessionId> {
    let filter = SessionFilter::default();
    let limit = 1_000.try_into().unwrap();
    let page = Page { after: None, limit };
    let listed = store
        .stores()
        .active
        .list(&ALL, &filter, page)
        .await
        .unwrap();
    listed.into_iter().map(|header| header.id).collect()
}
