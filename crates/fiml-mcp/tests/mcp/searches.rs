//! The tools that ask a market, and what they leave in a session.

use fiml_session_core::{Policy, SessionId, store::Scope};
use serde_json::{Value, json};

use crate::{client::Client, world::World};

/// The parameters of the last query of a session, and its execution time.
async fn last_query(world: &World, session: &str) -> fiml_session_core::QueryRecord {
    let id: SessionId = session.parse().expect("an id");
    let session = world
        .store
        .get_session(&Scope::All, id)
        .await
        .expect("it is there");
    let recent = session.state.history.get_recent_queries(1);
    (*recent.first().expect("a query")).clone()
}

#[tokio::test]
async fn a_share_is_answered_with_its_true_date_and_where_it_is_from() {
    let mut client = Client::modern(&World::new().await).await;
    let found = client
        .succeed("search-by-symbol", json!({"symbol": "aapl"}))
        .await;
    assert_eq!(found["symbol"], "AAPL");
    assert_eq!(found["currency"], "USD");
    let cached = &found["cached"];
    assert_eq!(cached["price"], 223.02);
    assert_eq!(cached["change"], 18.4);
    assert_eq!(cached["change_percent"], 8.9923);
    assert_eq!(cached["change_basis"], "previous_row");
    assert_eq!(cached["previous_price"], 204.62);
    assert_eq!(cached["previous_date"], "2010-02-01");
    assert_eq!(cached["as_of"], "2010-03-01");
    assert_eq!(cached["last_updated"], "2100-01-01T00:00:00Z");
    assert_eq!(cached["source"], "file:prices.csv");
    assert_eq!(cached["ttl"], 300);
    assert_eq!(found["freshness"]["status"], "stale");
    assert_eq!(found["freshness"]["as_of_kind"], "date");
    assert_eq!(found["cache"]["result"], "miss");
    assert_eq!(found["attempts"][0]["outcome"], "answered");
    assert_eq!(found["data_lineage"]["source_count"], 1);
    assert!(
        found["disclaimer"]
            .as_str()
            .unwrap()
            .contains("not investment advice")
    );
    for invented in ["task", "narrative", "session", "name", "exchange", "market"] {
        assert_eq!(found.get(invented), None, "{invented}");
    }
}

#[tokio::test]
async fn a_currency_that_no_file_states_is_absent() {
    let mut client = Client::modern(&World::new().await).await;
    let found = client
        .succeed(
            "search-by-symbol",
            json!({"symbol": "MSFT", "depth": "quick"}),
        )
        .await;
    assert_eq!(found.get("currency"), None);
    assert_eq!(found.get("structural_data"), None);
}

#[tokio::test]
async fn a_coin_is_answered_with_the_pair_really_found() {
    let mut client = Client::modern(&World::new().await).await;
    for pair in [json!(null), json!("USD"), json!("BTC/USD")] {
        let call = json!({"symbol": "btc", "pair": pair});
        let found = client.succeed("search-by-coin", call).await;
        assert_eq!(found["symbol"], "BTC");
        assert_eq!(found["pair"], "BTC/USD");
        assert_eq!(found["cached"]["price"], 1.5);
    }
    let call = json!({"symbol": "BTC", "pair": "USDT", "exchange": "binance"});
    let found = client.succeed("search-by-coin", call).await;
    assert_eq!(
        found["pair"], "BTC/USD",
        "what was found, not what was asked for"
    );
    let notes = found["notes"].as_array().unwrap();
    assert!(
        notes
            .iter()
            .any(|note| note["kind"] == "exchange_not_honoured")
    );
    assert!(notes.iter().any(|note| note["kind"] == "pair_substituted"));
    assert_eq!(found.get("exchange"), None);
}

#[tokio::test]
async fn a_language_without_answers_is_taken_and_said_not_to_be_honoured() {
    let mut client = Client::modern(&World::new().await).await;
    for (language, honoured) in [("en", true), ("en-GB", true), ("de", false)] {
        let call = json!({"symbol": "AAPL", "language": language});
        let found = client.succeed("search-by-symbol", call).await;
        let notes = found["notes"].to_string();
        assert_eq!(
            !notes.contains("language_not_honoured"),
            honoured,
            "{language}"
        );
    }
}

#[tokio::test]
async fn a_search_with_a_session_is_recorded_as_it_went() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let call = json!({"symbol": "aapl", "market": "US", "depth": "deep", "sessionId": session});
    let found = client.succeed("search-by-symbol", call.clone()).await;
    assert_eq!(
        found["session"],
        json!({"id": session, "tracked": true, "query_number": 1})
    );
    let query = last_query(&world, &session).await;
    assert_eq!(query.query_type, "equity_price");
    assert_eq!(
        Value::Object(query.parameters),
        json!({"symbol": "AAPL", "market": "US", "depth": "deep"})
    );
    assert_eq!(
        query.result_summary,
        "AAPL 223.02 USD +8.99 % (file:prices.csv, as of 2010-03-01, stale, miss)"
    );
    assert_eq!(query.source.as_deref(), Some("file:prices.csv"));
    assert_eq!(query.as_of, "2010-03-01T00:00:00Z".parse().ok());
    assert_eq!(query.timestamp, Some(world.now()));
    assert!(query.execution_time_ms.is_some_and(|ms| ms > 0.0));
    assert!(!query.cache_hit);
    let again = client.succeed("search-by-symbol", call).await;
    assert_eq!(again["session"]["query_number"], 2);
    assert_eq!(again["cache"]["result"], "hit");
    assert!(last_query(&world, &session).await.cache_hit);
    let coin = json!({"symbol": "BTC", "pair": "USD", "sessionId": session});
    client.succeed("search-by-coin", coin).await;
    let query = last_query(&world, &session).await;
    assert_eq!(query.query_type, "crypto_price");
    assert_eq!(
        Value::Object(query.parameters),
        json!({"symbol": "BTC", "pair": "USD", "depth": "standard"})
    );
}

#[tokio::test]
async fn a_search_under_a_key_is_recorded_once() {
    let mut client = Client::modern(&World::new().await).await;
    let session = client.session().await;
    let call = json!({"symbol": "AAPL", "sessionId": session, "idempotencyKey": "q"});
    for _ in 0..3 {
        let found = client.succeed("search-by-symbol", call.clone()).await;
        assert_eq!(found["session"]["query_number"], 1);
    }
    let info = client
        .succeed("get-session-info", json!({"sessionId": session}))
        .await;
    assert_eq!(info["total_queries"], 1);
    let other = json!({"symbol": "MSFT", "sessionId": session, "idempotencyKey": "q"});
    let refused = client
        .fail("search-by-symbol", other, "idempotency_conflict")
        .await;
    assert_eq!(refused["argument"], "idempotencyKey");
}

#[tokio::test]
async fn a_symbol_without_a_price_names_near_ones_and_is_recorded_as_failed() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let call = json!({"symbol": "APPL", "sessionId": session});
    let refused = client
        .fail("search-by-symbol", call, "symbol_not_found")
        .await;
    assert_eq!(refused["argument"], "symbol");
    assert!(
        refused["hint"].as_str().unwrap().contains("AAPL"),
        "{refused}"
    );
    let query = last_query(&world, &session).await;
    assert_eq!(query.error.as_deref(), Some("symbol_not_found"));
    assert_eq!(query.parameters["symbol"], "APPL");
    assert!(query.execution_time_ms.is_some());
    assert_eq!(query.source, None);
}

#[tokio::test]
async fn a_server_without_prices_says_how_to_name_them() {
    let mut client = Client::modern(&World::without_prices()).await;
    for tool in ["search-by-symbol", "search-by-coin"] {
        let refused = client
            .fail(tool, json!({"symbol": "AAPL"}), "provider_unavailable")
            .await;
        let hint = refused["hint"].as_str().unwrap();
        assert!(
            hint.contains("--prices") && hint.contains("FIML_PRICES"),
            "{hint}"
        );
    }
}

#[tokio::test]
async fn a_session_that_is_over_is_an_error_and_no_quote_is_fetched() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    world.hours_pass(25);
    let call = json!({"symbol": "AAPL", "sessionId": session});
    let refused = client
        .fail("search-by-symbol", call.clone(), "session_expired")
        .await;
    assert_eq!(refused["argument"], "sessionId");
    assert!(refused["hint"].as_str().unwrap().contains("extend"));
    world.store.cleanup_expired_sessions().await.unwrap();
    client
        .fail("search-by-symbol", call, "session_archived")
        .await;
    // Had a quote been fetched, this one would come from memory.
    let fresh = client
        .succeed("search-by-symbol", json!({"symbol": "AAPL"}))
        .await;
    assert_eq!(fresh["cache"]["result"], "miss");
}

#[tokio::test]
async fn a_full_history_gives_the_quote_and_names_the_limit() {
    let mut policy = Policy::default();
    policy.limits.max_queries = 3;
    let mut client = Client::modern(&World::with(policy).await).await;
    let session = client.session().await;
    let call = json!({"symbol": "AAPL", "sessionId": session});
    for number in 1..=3 {
        let found = client.succeed("search-by-symbol", call.clone()).await;
        assert_eq!(found["session"]["query_number"], number);
    }
    let found = client.succeed("search-by-symbol", call).await;
    assert_eq!(found["cached"]["price"], 223.02);
    let tracking = &found["session"];
    assert_eq!(tracking["tracked"], false);
    assert_eq!(tracking.get("query_number"), None);
    let reason = tracking["reason"].as_str().unwrap();
    assert!(reason.starts_with("query_limit_reached: "), "{reason}");
    assert!(
        reason.contains("at most 3 queries (SESSION_MAX_QUERIES_PER_SESSION)"),
        "{reason}"
    );
}

#[tokio::test]
async fn an_unreachable_store_gives_the_quote_and_says_so() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    world.live.begin();
    let call = json!({"symbol": "AAPL", "sessionId": session});
    let found = client.succeed("search-by-symbol", call.clone()).await;
    assert_eq!(found["cached"]["price"], 223.02);
    assert_eq!(found["session"]["tracked"], false);
    let reason = found["session"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("store_unavailable: "), "{reason}");
    world.live.end();
    let found = client.succeed("search-by-symbol", call).await;
    assert_eq!(found["session"]["query_number"], 1);
}
