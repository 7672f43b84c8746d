//! Writers, readers and deletions at once.

use fiml_session_core::{Policy, QueryRecord, SessionError};
use tokio::task::JoinSet;

use crate::{ALL, House};

/// The original kept 12 of 320.
#[tokio::test(flavor = "multi_thread")]
async fn thirty_two_writers_of_ten_queries_on_one_session_keep_all_320() {
    let house = House::new().await;
    let id = house.create().await;
    let mut writers = JoinSet::new();
    for writer in 0..32 {
        let store = house.store.clone();
        writers.spawn(async move {
            for n in 0..10 {
                let query = QueryRecord::new(format!("{writer}-{n}"));
                store.record_query(&ALL, id, query, None).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    let session = house.store.get_session(&ALL, id).await.unwrap();
    let queries = session.state.history.queries();
    assert_eq!(queries.len(), 320);
    for writer in 0..32 {
        let own = queries.iter().map(|query| query.query_type.clone());
        let own: Vec<_> = own
            .filter(|name| name.starts_with(&format!("{writer}-")))
            .collect();
        let expected: Vec<_> = (0..10).map(|n| format!("{writer}-{n}")).collect();
        assert_eq!(own, expected, "in the order they were asked");
    }
}

/// The original kept 1 to 96, because its reads wrote the session back.
#[tokio::test(flavor = "multi_thread")]
async fn one_writer_keeps_all_200_queries_while_eight_readers_only_read() {
    let house = House::new().await;
    let id = house.create().await;
    let mut readers = JoinSet::new();
    for _ in 0..8 {
        let store = house.store.clone();
        readers.spawn(async move {
            let mut seen = 0;
            while seen < 200 {
                let session = store.get_session(&ALL, id).await.unwrap();
                let queries = session.state.history.queries().len();
                assert!(queries >= seen, "what was read once stays");
                seen = queries;
            }
        });
    }
    for n in 0..200 {
        house.ask(id, &n.to_string()).await;
    }
    readers.join_all().await;
    let session = house.store.get_session(&ALL, id).await.unwrap();
    assert_eq!(session.state.history.total_queries(), 200);
}

/// In the original all 200 were alive afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn none_of_200_deleted_sessions_is_alive_though_a_reader_reads_it_meanwhile() {
    let house = House::new().await;
    for id in house.create_many(200).await {
        let store = house.store.clone();
        let reader = tokio::spawn(async move {
            loop {
                match store.get_session(&ALL, id).await {
                    Ok(_) => {}
                    Err(SessionError::NotFound { .. }) => return,
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
        assert!(house.store.delete_session(&ALL, id).await.unwrap());
        reader.await.unwrap();
        assert_eq!(house.tiers_of(id).await, (false, false));
    }
    assert_eq!(house.list(true).await.total, 0);
}

/// The original rewrote 1.16 MB in 302 ms.
#[tokio::test(flavor = "multi_thread")]
async fn an_append_at_5000_queries_sends_no_more_bytes_than_one_at_10() {
    let mut policy = Policy::default();
    policy.limits.max_queries = 100_000;
    let house = House::with(policy).await;
    // A server of its own, whose traffic nobody else adds to.
    let server = fiml_testkit::servers::RedisServer::start();
    let tiers = fiml_tests::place::Tiers::on(&server.url(), &house.tiers.database_url);
    let (store, clock) = tiers.service(house.store.policy().clone()).await;
    let house = House {
        tiers,
        store,
        clock,
    };
    let id = house.create().await;
    let sent = || {
        let stats = server.command(&["INFO", "stats"]);
        let counter = |name: &str| -> u64 {
            let line = stats
                .lines()
                .find_map(|line| line.trim().strip_prefix(name));
            line.unwrap().parse().unwrap()
        };
        counter("total_net_input_bytes:") + counter("total_net_output_bytes:")
    };
    let mut asked = 0;
    let mut bytes_at = async |held: usize| {
        while asked < held {
            house.ask(id, "filling").await;
            asked += 1;
        }
        let before = sent();
        for _ in 0..20 {
            house.ask(id, "measured").await;
        }
        asked += 20;
        (sent() - before) / 20
    };
    let (at_10, at_5000) = (bytes_at(10).await, bytes_at(5_000).await);
    assert!(
        at_5000 < at_10 + 100,
        "{at_5000} bytes an append at 5,000 queries, {at_10} at 10"
    );
}

/// The original stored 3,000.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_1000_queries_stores_exactly_1000_of_3000() {
    let house = House::new().await;
    let id = house.create().await;
    let mut writers = JoinSet::new();
    for _ in 0..30 {
        let store = house.store.clone();
        writers.spawn(async move {
            let mut stored = 0;
            for _ in 0..100 {
                let asked = store.record_query(&ALL, id, QueryRecord::new("price"), None);
                match asked.await {
                    Ok(_) => stored += 1,
                    Err(error @ SessionError::Refused { .. }) => {
                        assert_eq!(error.code().name(), "query_limit_reached");
                        assert!(error.chain().contains("1000"), "{error}");
                    }
                    Err(error) => panic!("{error:?}"),
                }
            }
            stored
        });
    }
    let stored: u32 = writers.join_all().await.into_iter().sum();
    assert_eq!(stored, 1_000);
    let session = house.store.get_session(&ALL, id).await.unwrap();
    assert_eq!(session.state.history.queries().len(), 1_000);
}
