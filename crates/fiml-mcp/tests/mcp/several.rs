//! Several symbols in one call, and what an answer without a price still holds.

use serde_json::{Value, json};

use fiml_session_core::{QueryRecord, SessionId, store::Scope};

use crate::{client::Client, world::World};

async fn queries(world: &World, session: &str) -> Vec<QueryRecord> {
    let id: SessionId = session.parse().expect("an id");
    let session = world.store.get_session(&Scope::All, id).await;
    let recent = session.expect("it is there").state.history;
    let recent = recent.get_recent_queries(50).into_iter();
    recent.map(|query| (*query).clone()).collect()
}

#[tokio::test]
async fn where_the_first_symbol_fails_the_others_are_answered_and_recorded() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    for (tool, bad, good) in [
        ("search-by-symbol", "APPL", ["AAPL", "MSFT"]),
        ("search-by-coin", "BCT", ["BTC", "BTC-USD"]),
    ] {
        let call = json!({"symbol": bad, "moreSymbols": good, "sessionId": session});
        let failed = client.fail(tool, call, "symbol_not_found").await;
        assert_eq!(failed["session"]["tracked"], true);
        let more = failed["more"].as_array().expect("one for each");
        let of = |name: &str| -> Vec<&Value> { more.iter().map(|one| &one[name]).collect() };
        assert_eq!(of("status"), ["success", "success"]);
        assert_eq!(of("symbol"), good);
        assert!(more.iter().all(|one| one["session"]["tracked"] == true));
    }
    let queries = queries(&world, &session).await;
    assert_eq!(queries.len(), 6);
    let failed = queries.iter().filter(|query| query.error.is_some());
    assert_eq!(failed.count(), 2);
}

#[tokio::test]
async fn what_is_no_symbol_keeps_no_other_from_its_answer() {
    let mut client = Client::modern(&World::new().await).await;
    let call = json!({"symbol": "AAPL/USD", "moreSymbols": ["AAPL", "a b"]});
    let failed = client
        .fail("search-by-symbol", call, "invalid_argument")
        .await;
    assert_eq!(failed["argument"], "symbol");
    assert_eq!(failed.get("session"), None, "nothing was asked");
    assert_eq!(failed["more"][0]["status"], "success");
    assert_eq!(failed["more"][1]["code"], "invalid_argument");
}

#[tokio::test]
async fn a_failed_question_says_whether_it_was_recorded() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    for number in [1, 2] {
        let call = json!({"symbol": "APPL", "sessionId": session});
        let failed = client
            .fail("search-by-symbol", call, "symbol_not_found")
            .await;
        assert_eq!(failed["session"]["id"], session);
        assert_eq!(failed["session"]["query_number"], number);
    }
    let failed = client
        .fail(
            "search-by-symbol",
            json!({"symbol": "APPL"}),
            "symbol_not_found",
        )
        .await;
    assert_eq!(failed.get("session"), None);
}

#[tokio::test]
async fn a_symbol_stands_once_in_a_call() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let call = json!({"symbol": "AAPL", "moreSymbols": ["MSFT", " aapl"], "sessionId": session});
    let refused = client
        .fail("search-by-symbol", call, "invalid_argument")
        .await;
    assert_eq!(refused["argument"], "moreSymbols[1]");
    assert!(queries(&world, &session).await.is_empty());
}

#[tokio::test]
async fn a_question_is_answered_and_recorded_as_what_its_symbol_names() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let call =
        json!({"symbol": "AAPL", "moreSymbols": ["BTC-USD", "UST10Y"], "sessionId": session});
    let by_symbol = client.succeed("search-by-symbol", call).await;
    let coin = json!({"symbol": "BTC", "sessionId": session});
    let by_name = client.succeed("search-by-coin", coin).await;
    assert_eq!(by_symbol["more"][0]["disclaimer"], by_name["disclaimer"]);
    assert_ne!(by_symbol["disclaimer"], by_name["disclaimer"]);
    let queries = queries(&world, &session).await;
    let mut types: Vec<_> = queries.iter().map(|query| &*query.query_type).collect();
    types.sort_unstable();
    assert_eq!(
        types,
        [
            "crypto_price",
            "crypto_price",
            "equity_price",
            "macro_series"
        ]
    );
}

#[tokio::test]
async fn a_share_asked_for_as_a_coin_is_sent_to_the_other_search() {
    let mut client = Client::modern(&World::new().await).await;
    let call = json!({"symbol": "AAPL"});
    let failed = client
        .fail("search-by-coin", call, "symbol_not_found")
        .await;
    let hint = failed["hint"].as_str().expect("a hint");
    assert!(hint.contains("search-by-symbol"), "{hint}");
}

#[tokio::test]
async fn what_the_server_has_not_is_named() {
    let mut client = Client::modern(&World::new().await).await;
    for (method, has_no) in [
        ("prompts/list", "no prompts"),
        ("resources/list", "no resources"),
    ] {
        let refused = client.request(method, json!({})).await;
        let message = refused["error"]["message"].as_str().expect("a message");
        assert!(message.contains(has_no), "{message}");
        assert_eq!(refused["error"]["code"], -32601);
    }
}

#[tokio::test]
async fn what_does_not_pass_by_itself_is_not_to_be_called_for_again() {
    let world = World::new().await;
    let prices = world.files.path().join("prices.csv");
    std::fs::write(
        prices,
        "symbol,date,price\nAAPL,2010-01-01,x\nMSFT,2010-01-01,1\n",
    )
    .unwrap();
    for (world, told) in [
        (&world, "mend"),
        (&World::without_prices(), "does not help"),
    ] {
        let mut client = Client::modern(world).await;
        let call = json!({"symbol": "AAPL"});
        let failed = client
            .fail("search-by-symbol", call, "provider_unavailable")
            .await;
        let hint = failed["hint"].as_str().expect("a hint");
        assert!(hint.contains(told), "{hint}");
        assert!(!hint.contains("later"), "{hint}");
    }
}
