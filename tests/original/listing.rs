//! Listings, and what lies beside our keys.

use std::time::Duration;

use fiml_session_core::{ListRequest, NewSession, SessionType};
use fiml_testkit::servers::{RedisServer, shared_postgres};
use fiml_tests::place::Tiers;
use tokio::task::JoinSet;

use crate::{ALL, House};

/// A Redis of its own, which no other test writes to.
async fn alone(server: &RedisServer) -> House {
    let tiers = Tiers::on(&server.url(), &shared_postgres().url());
    let (store, clock) = tiers.service(fiml_session_core::Policy::default()).await;
    House {
        tiers,
        store,
        clock,
    }
}

/// One such key made listing and cleanup fail for everybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_key_in_redis_disturbs_neither_listing_nor_cleanup() {
    let server = RedisServer::start();
    let house = alone(&server).await;
    house.create_many(3).await;
    let prefix = house.tiers.key_prefix.clone();
    for key in ["session:1", "session:abc", &format!("{prefix}:session:1")] {
        let _ = server.command(&["SET", key, "not a session"]);
    }
    let _ = server.command(&["LPUSH", "session:list", "x"]);
    assert_eq!(house.list(false).await.total, 3);
    assert_eq!(house.expire_and_clean().await, 3);
    assert_eq!(server.command(&["GET", "session:1"]), "not a session");
}

/// One of the newest ten was returned, in no order.
#[tokio::test(flavor = "multi_thread")]
async fn the_newest_10_of_50_are_the_newest_10_in_order() {
    let house = House::new().await;
    let mut ids = house.create_many(50).await;
    ids.reverse();
    let request = ListRequest {
        user_id: Some("ann".to_owned()),
        limit: 10,
        ..ListRequest::default()
    };
    let page = house
        .store
        .list_user_sessions(&ALL, &request)
        .await
        .unwrap();
    let listed: Vec<_> = page
        .sessions
        .iter()
        .map(|session| session.header.id)
        .collect();
    assert_eq!(listed, ids[..10]);
    assert_eq!(page.total, 50);
}

/// It took 20,000 GETs and 15 seconds.
#[tokio::test(flavor = "multi_thread")]
async fn listing_ten_sessions_of_one_user_among_20000_asks_redis_for_those_ten() {
    let server = RedisServer::start_with(&[("appendonly", "no")]);
    let house = alone(&server).await;
    let mut others = JoinSet::new();
    for task in 0..50 {
        let store = house.store.clone();
        others.spawn(async move {
            let new = NewSession {
                user_id: Some(format!("other-{task}")),
                ..NewSession::new(SessionType::Equity, ["AAPL"])
            };
            for _ in 0..400 {
                store.create_session(&ALL, &new, None).await.unwrap();
            }
        });
    }
    others.join_all().await;
    house.create_many(10).await;
    house.clock.advance(Duration::from_secs(1));
    let _ = server.command(&["CONFIG", "RESETSTAT"]);
    let page = house.list(false).await;
    assert_eq!((page.total, page.sessions.len()), (10, 10));
    let stats = server.command(&["INFO", "commandstats"]);
    let mut calls = 0;
    for line in stats.lines() {
        let Some((name, rest)) = line.trim().split_once(":calls=") else {
            continue;
        };
        assert!(!["cmdstat_scan", "cmdstat_keys"].contains(&name), "{line}");
        let (count, _) = rest.split_once(',').unwrap();
        calls += count.parse::<u64>().unwrap();
    }
    assert!(calls <= 60, "{calls} commands:\n{stats}");
}
