//! Searches whose first answer was lost, and searches that were not recorded.

use fiml_session_core::Policy;
use serde_json::{Value, json};

use crate::{client::Client, world::World};

/// A search that is recorded in a session under a key.
fn keyed(symbol: &str, session: &str) -> Value {
    json!({"symbol": symbol, "sessionId": session, "idempotencyKey": "lost"})
}

#[tokio::test]
async fn a_search_repeated_under_its_key_gives_its_number_once_the_session_is_expired_or_archived()
{
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let first = json!({"symbol": "MSFT", "sessionId": session});
    client.succeed("search-by-symbol", first).await;
    world.hours_pass(20);
    let call = keyed("AAPL", &session);
    client.succeed("search-by-symbol", call.clone()).await;
    world.hours_pass(5);
    for archived in [false, true] {
        if archived {
            world.store.cleanup_expired_sessions().await.unwrap();
        }
        let found = client.succeed("search-by-symbol", call.clone()).await;
        assert_eq!(found["cached"]["price"], 223.02);
        assert_eq!(
            found["session"],
            json!({"id": session, "tracked": true, "query_number": 2}),
            "archived: {archived}"
        );
        let info = client
            .succeed("get-session-info", json!({"sessionId": session}))
            .await;
        assert_eq!(info["total_queries"], 2);
        assert_eq!(
            (&info["is_expired"], &info["is_archived"]),
            (&json!(true), &json!(archived)),
            "a retry extends nothing"
        );
    }
}

#[tokio::test]
async fn a_coin_repeated_under_its_key_gives_its_number_once_the_session_is_over() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    world.hours_pass(20);
    let call = keyed("BTC", &session);
    client.succeed("search-by-coin", call.clone()).await;
    world.hours_pass(5);
    let found = client.succeed("search-by-coin", call).await;
    assert_eq!(found["session"]["query_number"], 1);
}

#[tokio::test]
async fn a_key_is_good_for_24_hours_and_then_the_session_is_over() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    world.hours_pass(20);
    let call = keyed("AAPL", &session);
    client.succeed("search-by-symbol", call.clone()).await;
    world.hours_pass(23);
    client.succeed("search-by-symbol", call.clone()).await;
    world.hours_pass(2);
    client
        .fail("search-by-symbol", call, "session_expired")
        .await;
}

#[tokio::test]
async fn a_new_key_in_a_session_that_is_over_is_refused_without_a_quote_and_leaves_no_trace() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let call = keyed("AAPL", &session);
    world.hours_pass(25);
    client
        .fail("search-by-symbol", call.clone(), "session_expired")
        .await;
    world.store.cleanup_expired_sessions().await.unwrap();
    client
        .fail("search-by-symbol", call.clone(), "session_archived")
        .await;
    // Had a quote been fetched, this one would come from memory.
    let fresh = client
        .succeed("search-by-symbol", json!({"symbol": "AAPL"}))
        .await;
    assert_eq!(fresh["cache"]["result"], "miss");
    let back = json!({"sessionId": session});
    client.succeed("extend-session", back.clone()).await;
    let info = client.succeed("get-session-info", back).await;
    assert_eq!(info["total_queries"], 0);
    let found = client.succeed("search-by-symbol", call).await;
    assert_eq!(found["session"]["query_number"], 1);
}

#[tokio::test]
async fn a_used_key_with_other_arguments_is_a_conflict_in_a_session_that_is_over_too() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    world.hours_pass(20);
    client
        .succeed("search-by-symbol", keyed("AAPL", &session))
        .await;
    world.hours_pass(5);
    for archived in [false, true] {
        if archived {
            world.store.cleanup_expired_sessions().await.unwrap();
        }
        let other = keyed("MSFT", &session);
        client
            .fail("search-by-symbol", other, "idempotency_conflict")
            .await;
    }
    let fresh = client
        .succeed("search-by-symbol", json!({"symbol": "MSFT"}))
        .await;
    assert_eq!(fresh["cache"]["result"], "miss");
}

#[tokio::test]
async fn a_search_that_may_have_been_recorded_says_so_and_is_settled_by_its_key() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let call = keyed("AAPL", &session);
    world.live.fall_silent();
    let refused = client
        .fail("search-by-symbol", call.clone(), "outcome_unknown")
        .await;
    assert_eq!(refused.get("session"), None, "nothing is claimed of it");
    let hint = refused["hint"].as_str().unwrap();
    assert!(hint.contains("same idempotencyKey"), "{hint}");
    world.live.end();
    let found = client.succeed("search-by-symbol", call).await;
    assert_eq!(found["session"]["query_number"], 1);
    let info = client
        .succeed("get-session-info", json!({"sessionId": session}))
        .await;
    assert_eq!(info["total_queries"], 1);
}

#[tokio::test]
async fn a_call_without_a_key_that_may_have_been_done_is_told_to_look_first() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    world.live.fall_silent();
    for (tool, call) in [
        (
            "search-by-symbol",
            json!({"symbol": "AAPL", "sessionId": session}),
        ),
        ("extend-session", json!({"sessionId": session})),
    ] {
        let refused = client.fail(tool, call, "outcome_unknown").await;
        let hint = refused["hint"].as_str().unwrap();
        assert!(hint.contains("get-session-info"), "{hint}");
        assert!(!hint.contains("same idempotencyKey"), "{hint}");
    }
}

#[tokio::test]
async fn an_extension_that_may_have_been_done_is_settled_by_its_key() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let call = json!({"sessionId": session, "hours": 6, "idempotencyKey": "more"});
    world.live.fall_silent();
    let refused = client
        .fail("extend-session", call.clone(), "outcome_unknown")
        .await;
    assert!(
        refused["hint"]
            .as_str()
            .unwrap()
            .contains("same idempotencyKey")
    );
    world.live.end();
    let extended = client.succeed("extend-session", call).await;
    assert_eq!(extended["time_remaining_hours"], 30.0);
}

/// Asks in a session that does not take the question, and returns why not.
async fn reason(client: &mut Client, session: &str) -> String {
    let call = json!({"symbol": "AAPL", "sessionId": session});
    let found = client.succeed("search-by-symbol", call).await;
    assert_eq!(found["cached"]["price"], 223.02);
    assert_eq!(found["session"]["tracked"], false);
    assert_eq!(found["session"].get("query_number"), None);
    found["session"]["reason"]
        .as_str()
        .expect("a reason")
        .to_owned()
}

#[tokio::test]
async fn a_store_without_room_and_one_that_is_away_give_the_quote_and_what_to_do() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    world.live.fill();
    let said = reason(&mut client, &session).await;
    assert!(said.starts_with("storage_full: "), "{said}");
    assert!(
        said.contains("hint: nothing was stored; make room"),
        "{said}"
    );
    world.live.end();
    world.live.begin();
    let said = reason(&mut client, &session).await;
    assert!(said.starts_with("store_unavailable: "), "{said}");
    assert!(
        said.contains("hint: nothing was done; call again"),
        "{said}"
    );
}

#[tokio::test]
async fn a_session_without_room_gives_the_quote_and_names_argument_limit_and_what_to_do() {
    let mut policy = Policy::default();
    policy.limits.max_session_bytes = 100;
    let mut client = Client::modern(&World::with(policy).await).await;
    let session = client.session().await;
    let said = reason(&mut client, &session).await;
    assert!(said.starts_with("value_too_large: "), "{said}");
    for part in ["argument: sessionId", "limit: at most 100 bytes", "hint: "] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
