//! Searches over a provider reached by HTTP, and what they leave in a session.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use fiml_market::{Coinbase, HttpClient, Market, MarketConfig};
use fiml_session_core::{Policy, SessionId, store::Scope};
use serde_json::{Value, json};

use crate::{client::Client, world::World};

/// A server that plays Coinbase on a good day, or fails; the world's clock stands in 2100.
#[derive(Clone)]
struct Exchange {
    url: String,
    calls: Arc<AtomicUsize>,
    failing: Arc<AtomicBool>,
    /// Where as many calls for prices meet before any of them is answered.
    meeting: Arc<Mutex<Option<Arc<Barrier>>>>,
}

impl Exchange {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let exchange = Self {
            url: format!("http://{}", listener.local_addr().expect("an address")),
            calls: Arc::default(),
            failing: Arc::default(),
            meeting: Arc::default(),
        };
        let playing = exchange.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let playing = playing.clone();
                thread::spawn(move || playing.serve(stream.expect("a connection")));
            }
        });
        exchange
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("a request");
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("text");
        self.calls.fetch_add(1, Ordering::SeqCst);
        let target = head.split(' ').nth(1).expect("a target");
        let meeting = self.meeting.lock().expect("no panic").clone();
        if let Some(meeting) = meeting.filter(|_| target.ends_with("/ticker")) {
            meeting.wait();
        }
        let (status, body) = self.answer(target);
        let kind = "content-type: application/json\r\nconnection: close";
        let length = body.len();
        let _ = write!(
            stream,
            "HTTP/1.1 {status} Played\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
    }

    fn answer(&self, target: &str) -> (u16, &'static str) {
        if self.failing.load(Ordering::SeqCst) {
            return (500, "{}");
        }
        match target {
            "/products/BTC-USD/ticker" => (
                200,
                r#"{"price":"105000.00","time":"2099-12-31T23:59:58.5Z","bid":"104999.99","ask":"105000.01","volume":"5360.2"}"#,
            ),
            "/products/BTC-USD/stats" => (
                200,
                r#"{"open":"100000.00","high":"106000","low":"99000","volume":"5368.7"}"#,
            ),
            _ => (404, r#"{"message":"NotFound"}"#),
        }
    }

    fn world(&self) -> World {
        let client = HttpClient::new().expect("a client");
        let coinbase = Coinbase::new(&client, &self.url).expect("a provider");
        let market = Market::new(vec![Arc::new(coinbase)], MarketConfig::default());
        World::over_market(Policy::default(), market)
    }
}

async fn queries(world: &World, session: &str) -> Vec<Value> {
    let id: SessionId = session.parse().expect("an id");
    let session = world
        .store
        .get_session(&Scope::All, id)
        .await
        .expect("it is there");
    let recent = session.state.history.get_recent_queries(50);
    recent.iter().map(|query| json!(query)).collect()
}

#[tokio::test]
async fn d3_the_history_tells_hits_from_misses_and_how_long_each_took() {
    let world = Exchange::open().world();
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let call = json!({"symbol": "BTC", "pair": "USD", "sessionId": session});
    let first = client.succeed("search-by-coin", call.clone()).await;
    assert_eq!(first["cache"]["result"], "miss");
    assert_eq!(first["cached"]["change_basis"], "24h");
    assert_eq!(first["cached"]["bid"], 104_999.99);
    assert_eq!(first["cached"]["market_state"], "open");
    let of_24h = json!({"volume24h": 5368.7, "high_24h": 106_000, "low_24h": 99_000});
    assert_eq!(first["crypto_metrics"], of_24h);
    assert_eq!(first["freshness"]["status"], "live");
    assert_eq!(first["freshness"]["age_seconds"], 1);
    assert!(first["licence"].as_str().unwrap().contains("Coinbase"));
    let second = client.succeed("search-by-coin", call).await;
    assert_eq!(second["cache"]["result"], "hit");
    assert_eq!(second["attempts"], json!([]));
    let queries = queries(&world, &session).await;
    let hits: Vec<&Value> = queries.iter().map(|query| &query["cache_hit"]).collect();
    assert!(
        hits.contains(&&json!(true)) && hits.contains(&&json!(false)),
        "{hits:?}"
    );
    for query in &queries {
        assert!(query["execution_time_ms"].as_f64().unwrap() > 0.0);
        assert_eq!(query["query_type"], "crypto_price");
        assert_eq!(query["source"], "coinbase");
        let hit = query["cache_hit"].as_bool().unwrap();
        let cache = if hit { "hit" } else { "miss" };
        let price = "BTC-USD 105000.00 USD +5.00 %";
        assert_eq!(
            query["result_summary"],
            format!("{price} (coinbase, as of 2099-12-31T23:59Z, live, {cache})")
        );
    }
    let info = client
        .succeed("get-session-info", json!({"sessionId": session}))
        .await;
    assert_eq!(info["cache_hit_rate"], 0.5);
}

#[tokio::test]
async fn d1_a_provider_that_fails_is_an_error_with_attempts_and_recorded_as_one() {
    let exchange = Exchange::open();
    exchange.failing.store(true, Ordering::SeqCst);
    let world = exchange.world();
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let call = json!({"symbol": "BTC", "sessionId": session});
    let refused = client
        .fail("search-by-coin", call, "provider_unavailable")
        .await;
    let attempts = refused["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2, "one more try");
    assert_eq!(attempts[0]["provider"], "coinbase");
    assert_eq!(attempts[0]["outcome"], "server_error");
    assert_eq!(attempts[0]["http_status"], 500);
    assert_eq!(refused.get("cached"), None);
    let queries = queries(&world, &session).await;
    assert_eq!(queries.len(), 1);
    assert_eq!(queries[0]["error"], "provider_unavailable");
    assert_eq!(
        queries[0].get("source").unwrap_or(&Value::Null),
        &Value::Null
    );
    assert!(
        !queries[0]["result_summary"]
            .as_str()
            .unwrap()
            .contains("105000")
    );
}

#[tokio::test]
async fn d6_another_exchange_is_named_where_the_one_asked_for_is_not_there() {
    let world = Exchange::open().world();
    let mut client = Client::modern(&world).await;
    let call = json!({"symbol": "BTC", "pair": "USDT", "exchange": "binance"});
    let found = client.succeed("search-by-coin", call).await;
    assert_eq!(found["exchange"], "coinbase");
    assert_eq!(found["pair"], "BTC/USD");
    let notes = found["notes"].to_string();
    assert!(
        notes.contains("exchange_substituted") && notes.contains("pair_substituted"),
        "{notes}"
    );
}

#[tokio::test]
async fn several_symbols_are_answered_in_one_call_and_recorded_one_by_one() {
    let world = Exchange::open().world();
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let call = json!({"symbol": "BTC", "pair": "USD", "moreSymbols": ["NOSUCH", "XBT"], "sessionId": session});
    let found = client.succeed("search-by-coin", call).await;
    assert_eq!(found["cached"]["price"], 105_000);
    let more = found["more"].as_array().unwrap();
    assert_eq!(more[0]["status"], "error");
    assert_eq!(more[0]["code"], "symbol_not_found");
    assert_eq!(more[0]["symbol"], "NOSUCH");
    assert_eq!(more[1]["status"], "success");
    assert_eq!(more[1]["symbol"], "XBT");
    assert_eq!(more[1]["session"]["tracked"], true);
    assert_eq!(queries(&world, &session).await.len(), 3);
    let keyed = json!({"symbol": "BTC", "moreSymbols": ["ETH"], "idempotencyKey": "k"});
    let refused = client
        .fail("search-by-coin", keyed, "invalid_argument")
        .await;
    assert_eq!(refused["argument"], "idempotencyKey");
}

#[tokio::test]
async fn several_symbols_are_asked_for_at_the_same_time() {
    let exchange = Exchange::open();
    *exchange.meeting.lock().unwrap() = Some(Arc::new(Barrier::new(2)));
    let mut client = Client::modern(&exchange.world()).await;
    let call = json!({"symbol": "BTC", "pair": "USD", "depth": "quick", "moreSymbols": ["XBT"]});
    let found = client.succeed("search-by-coin", call).await;
    for answer in [&found, &found["more"][0]] {
        assert_eq!(answer["status"], "success");
        assert_eq!(answer["attempts"].as_array().unwrap().len(), 1, "{answer}");
    }
}

#[tokio::test]
async fn where_the_first_of_several_symbols_fails_the_others_are_not_recorded() {
    let world = Exchange::open().world();
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let call =
        json!({"symbol": "NOSUCH", "pair": "USD", "moreSymbols": ["BTC"], "sessionId": session});
    client
        .fail("search-by-coin", call, "symbol_not_found")
        .await;
    let queries = queries(&world, &session).await;
    assert_eq!(queries.len(), 1);
    assert_eq!(queries[0]["error"], "symbol_not_found");
}

#[tokio::test]
async fn what_is_no_symbol_is_refused_and_nobody_is_asked() {
    let exchange = Exchange::open();
    let world = exchange.world();
    let mut client = Client::modern(&world).await;
    let long = "A".repeat(33);
    for symbol in [
        "../../x",
        "BTC?x=1",
        "BTC#",
        "é",
        "\u{0}",
        "B\u{202e}TC",
        &long,
    ] {
        for call in [
            json!({"symbol": symbol}),
            json!({"symbol": "BTC", "pair": symbol}),
        ] {
            let refused = client
                .fail("search-by-coin", call, "invalid_argument")
                .await;
            assert!(refused["argument"].is_string(), "{refused}");
        }
    }
    assert_eq!(exchange.calls.load(Ordering::SeqCst), 0);
}
