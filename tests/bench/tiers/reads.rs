//! A whole session, beside one JSON document of it.

use fiml_session_core::{Session, SessionId, SessionStore, store::Scope};
use redis::{Client, aio::ConnectionManager};

use crate::{
    ROUNDS,
    pace::{Round, at_once},
    report::compare_rates,
    servers::{Servers, now, service},
    sessions::{fill, session},
};

const QUERIES: usize = 1_000;
/// Calls in a round, by all callers together.
const CALLS: usize = 240;
const DOCUMENT: &str = "document";

pub(crate) async fn beside_a_document(servers: &Servers) {
    let tiers = servers.tiers();
    let (store, live) = (service(&tiers).await, tiers.redis().await.into());
    let whole = session("analyst", now(), QUERIES);
    let (id, document) = (whole.id, serde_json::to_string(&whole).unwrap());
    fill(&live, 1, move |_| whole.clone()).await;
    let set = servers.redis.command(&["SET", DOCUMENT, &document]);
    assert_eq!(set, "OK");
    let links = connect(&servers.redis.url()).await;
    for callers in [1, 8] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let rates = (
                get_session(&store, id, callers).await.rate,
                get_document(&links, callers).await.rate,
            );
            if round > 0 {
                ours.push(rates.0);
                theirs.push(rates.1);
            }
        }
        compare_rates(
            &format!(
                "a whole session of {QUERIES} queries, {} bytes as JSON, tasks: {callers}",
                document.len()
            ),
            ("get_session", &ours),
            ("GET and serde_json", &theirs),
            "at least 0.9",
        );
    }
    servers.empty_redis();
}

/// Two connections that callers share, as the store has for whole sessions.
async fn connect(url: &str) -> [ConnectionManager; 2] {
    let client = Client::open(format!("{url}/?protocol=resp3")).unwrap();
    let first = client.get_connection_manager().await.unwrap();
    let second = client.get_connection_manager().await.unwrap();
    [first, second]
}

async fn get_session(store: &SessionStore, id: SessionId, callers: usize) -> Round {
    let store = store.clone();
    at_once(callers, CALLS / callers, move |_, _| {
        let store = store.clone();
        async move {
            let found = store.get_session(&Scope::All, id).await.unwrap();
            assert_eq!(found.state.history.queries().len(), QUERIES);
        }
    })
    .await
}

async fn get_document(links: &[ConnectionManager; 2], callers: usize) -> Round {
    let links = links.clone();
    at_once(callers, CALLS / callers, move |caller, n| {
        let mut link = links[(caller + n) % links.len()].clone();
        async move {
            let mut get = redis::cmd("GET");
            let text: Vec<u8> = get.arg(DOCUMENT).query_async(&mut link).await.unwrap();
            let found: Session = serde_json::from_slice(&text).unwrap();
            assert_eq!(found.state.history.queries().len(), QUERIES);
        }
    })
    .await
}
