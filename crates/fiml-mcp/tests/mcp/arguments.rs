//! Arguments that are refused: each answer names the argument and the limit.

use serde_json::{Value, json};

use crate::{client::Client, world::World};

const UNKNOWN: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// A creation with one argument set to a value.
fn creation(argument: &str, value: Value) -> Value {
    let mut call = json!({"assets": ["AAPL"], "sessionType": "equity"});
    call[argument] = value;
    call
}

/// Makes calls that must be refused, each with the argument and the limit that the refusal names.
async fn refuse(tool: &str, cases: Vec<(Value, &str, &str)>) {
    let mut client = Client::modern(&World::new().await).await;
    for (call, argument, limit) in cases {
        let refused = client.fail(tool, call.clone(), "invalid_argument").await;
        assert_eq!(refused["argument"], argument, "{call}: {refused}");
        let said = refused["limit"].as_str().expect("a limit");
        assert!(said.contains(limit), "{call}: {said}");
        let message = refused["message"].as_str().expect("a message");
        assert!(message.contains(argument), "{call}: {message}");
    }
    let listed = client.succeed("list-sessions", json!({})).await;
    assert_eq!(listed["total_sessions"], 0, "nothing of it was stored");
}

#[tokio::test]
async fn a_life_that_is_no_number_above_zero_is_refused() {
    let life = |value| creation("ttlHours", value);
    refuse(
        "create-analysis-session",
        vec![
            (life(json!(0)), "ttlHours", "above 0"),
            (life(json!(-1)), "ttlHours", "above 0"),
            (life(json!(1e-300)), "ttlHours", "above 0"),
            (life(json!("24")), "ttlHours", "number"),
            (life(json!([24])), "ttlHours", "number"),
        ],
    )
    .await;
}

#[tokio::test]
async fn assets_that_are_no_list_of_1_to_100_names_are_refused() {
    let assets = |value| creation("assets", value);
    let many: Vec<_> = (0..101).map(|n| format!("A{n}")).collect();
    refuse(
        "create-analysis-session",
        vec![
            (assets(json!([])), "assets", "1 to 100"),
            (assets(json!(many)), "assets", "1 to 100"),
            (assets(json!("AAPL")), "assets", "array"),
            (assets(json!(["AAPL", 7])), "assets[1]", "string"),
            (assets(json!(["AAPL", null])), "assets[1]", "string"),
            (assets(json!(["AAPL", ""])), "assets[1]", "1 to 32"),
            (
                assets(json!(["A".repeat(33)])),
                "assets[0]",
                "32 characters",
            ),
            (assets(json!(["AAPL", " "])), "assets[1]", "visible"),
            (assets(json!(["AA\u{202E}PL"])), "assets[0]", "visible"),
            (assets(json!(["AA\u{0}PL"])), "assets[0]", "visible"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_hundred_assets_are_taken() {
    let mut client = Client::modern(&World::new().await).await;
    let many: Vec<_> = (0..100).map(|n| format!("a{n}")).collect();
    let created = client
        .succeed("create-analysis-session", creation("assets", json!(many)))
        .await;
    assert_eq!(created["assets"].as_array().unwrap().len(), 100);
    assert_eq!(created["assets"][99], "A99");
}

#[tokio::test]
async fn labels_with_forbidden_characters_or_beyond_their_length_are_refused() {
    let tags: Vec<_> = (0..33).map(|n| format!("t{n}")).collect();
    refuse(
        "create-analysis-session",
        vec![
            (
                creation("tags", json!(["ok", "a\u{200B}b"])),
                "tags[1]",
                "visible",
            ),
            (creation("tags", json!(["a\u{0}b"])), "tags[0]", "visible"),
            (
                creation("tags", json!(["é".repeat(33)])),
                "tags[0]",
                "64 bytes",
            ),
            (
                creation("tags", json!(["x".repeat(65)])),
                "tags[0]",
                "1 to 64",
            ),
            (creation("tags", json!(tags)), "tags", "0 to 32"),
            (creation("userId", json!("u".repeat(300))), "userId", "255"),
            (
                creation("userId", json!("é".repeat(150))),
                "userId",
                "255 bytes",
            ),
            (creation("userId", json!("a\nb")), "userId", "visible"),
            (creation("userId", json!("")), "userId", "1 to 255"),
            (
                creation("idempotencyKey", json!("a\u{7F}")),
                "idempotencyKey",
                "visible",
            ),
            (
                creation("idempotencyKey", json!("k".repeat(129))),
                "idempotencyKey",
                "128",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn unknown_types_missing_and_unknown_arguments_are_refused_by_name() {
    refuse(
        "create-analysis-session",
        vec![
            (
                creation("sessionType", json!("forex")),
                "sessionType",
                "one of equity, crypto",
            ),
            (json!({"assets": ["AAPL"]}), "sessionType", "required"),
            (
                json!({"assets": null, "sessionType": "equity"}),
                "assets",
                "required",
            ),
            (
                creation("session_type", json!("equity")),
                "session_type",
                "sessionType",
            ),
            (creation("colour", json!(null)), "colour", "idempotencyKey"),
            (
                json!({"colour": "red", "assets": 7}),
                "colour",
                "the arguments are assets",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn numbers_out_of_bounds_are_refused_with_their_bounds() {
    refuse(
        "list-sessions",
        vec![
            (json!({"limit": 0}), "limit", "1 to 200"),
            (json!({"limit": 201}), "limit", "1 to 200"),
            (json!({"limit": 1.5}), "limit", "integer"),
            (json!({"cursor": "x"}), "cursor", "next_cursor"),
            (
                json!({"includeArchived": "yes"}),
                "includeArchived",
                "boolean",
            ),
            (json!({"asset": "A".repeat(33)}), "asset", "32"),
        ],
    )
    .await;
    refuse(
        "get-session-analytics",
        vec![
            (json!({"days": 0}), "days", "1 to 3650"),
            (json!({"days": 3651}), "days", "1 to 3650"),
            (json!({"days": "30"}), "days", "integer"),
            (json!({"asset": "A".repeat(33)}), "asset", "32"),
            (json!({"asset": "A\u{202E}"}), "asset", "visible"),
            (json!({"tag": "t".repeat(65)}), "tag", "64"),
            (json!({"tag": " "}), "tag", "1 to 64 bytes"),
            (json!({"from": "yesterday"}), "from", "2026-11-26T08:30:00Z"),
            (
                json!({"until": "2026-13-01"}),
                "until",
                "such as 2026-11-26",
            ),
            (json!({"until": "1".repeat(65)}), "until", "64"),
            (json!({"from": "9999-01-01"}), "from", "before its end"),
            (json!({"from": "1970-01-01"}), "from", "at most 3650 days"),
            (
                json!({"from": "2026-01-02", "until": "2026-01-02"}),
                "from",
                "before its end",
            ),
            (json!({"sessionType": "fx"}), "sessionType", "one of"),
        ],
    )
    .await;
    refuse(
        "extend-session",
        vec![
            (
                json!({"sessionId": UNKNOWN, "hours": 0}),
                "hours",
                "above 0",
            ),
            (
                json!({"sessionId": UNKNOWN, "hours": -5}),
                "hours",
                "above 0",
            ),
            (
                json!({"sessionId": UNKNOWN, "hours": "1"}),
                "hours",
                "number",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_session_id_that_is_none_and_one_that_nobody_has_are_told_apart() {
    let mut client = Client::modern(&World::new().await).await;
    for tool in [
        "get-session-info",
        "extend-session",
        "search-by-symbol",
        "search-by-coin",
    ] {
        let call = |id: &str| {
            let mut call = json!({"sessionId": id});
            if tool.starts_with("search") {
                call["symbol"] = json!("AAPL");
            }
            call
        };
        for id in ["", "nonsense", "01890a5dac96774bbcceb302099a8057"] {
            let refused = client.fail(tool, call(id), "invalid_argument").await;
            assert_eq!(refused["argument"], "sessionId");
            assert!(refused["limit"].as_str().unwrap().contains("UUID"));
        }
        let refused = client.fail(tool, call(UNKNOWN), "session_not_found").await;
        assert_eq!(refused["argument"], "sessionId");
        assert!(refused["message"].as_str().unwrap().contains(UNKNOWN));
    }
}

#[tokio::test]
async fn json_nested_65_deep_is_refused_wherever_it_stands() {
    let mut client = Client::modern(&World::new().await).await;
    let nested = |depth| (0..depth).fold(json!(1), |value, _| json!([value]));
    for argument in ["assets", "tags", "userId", "colour"] {
        let refused = client
            .fail(
                "create-analysis-session",
                creation(argument, nested(65)),
                "value_too_large",
            )
            .await;
        assert_eq!(refused["argument"], argument);
        assert!(refused["limit"].as_str().unwrap().contains("64 levels"));
        client
            .fail(
                "create-analysis-session",
                creation(argument, nested(64)),
                "invalid_argument",
            )
            .await;
    }
}

#[tokio::test]
async fn symbols_that_are_none_are_refused_before_the_market_is_asked() {
    let mut client = Client::modern(&World::without_prices()).await;
    for (tool, call, argument) in [
        ("search-by-symbol", json!({"symbol": "../../x"}), "symbol"),
        (
            "search-by-symbol",
            json!({"symbol": "A".repeat(33)}),
            "symbol",
        ),
        ("search-by-symbol", json!({"symbol": "\u{0}"}), "symbol"),
        (
            "search-by-symbol",
            json!({"symbol": "AAPL", "market": "U\nS"}),
            "market",
        ),
        (
            "search-by-symbol",
            json!({"symbol": "AAPL", "depth": "bottomless"}),
            "depth",
        ),
        ("search-by-symbol", json!({}), "symbol"),
        ("search-by-coin", json!({"symbol": "BTC/USD"}), "symbol"),
        (
            "search-by-coin",
            json!({"symbol": "BTC", "pair": "ETH/USD"}),
            "pair",
        ),
        (
            "search-by-coin",
            json!({"symbol": "BTC", "exchange": "x".repeat(33)}),
            "exchange",
        ),
    ] {
        let refused = client.fail(tool, call.clone(), "invalid_argument").await;
        assert_eq!(refused["argument"], argument, "{call}: {refused}");
        assert!(refused["limit"].is_string(), "{call}: {refused}");
    }
}
