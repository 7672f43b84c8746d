//! Every bad input that a tool can be given, in one table: the answer names the argument and the limit.

use fiml_session_core::{QueryRecord, store::Scope};
use serde_json::{Value, json};

use crate::{client::Client, world::World};

const UNKNOWN: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// A tool, its arguments, and the code, argument and limit that refuse them.
type Case = (
    &'static str,
    Value,
    &'static str,
    &'static str,
    &'static str,
);

/// A creation with one argument set to a value.
fn creation(argument: &'static str, value: Value) -> Value {
    let mut call = json!({"assets": ["AAPL"], "sessionType": "equity"});
    call[argument] = value;
    call
}

/// The calls that name a session, by every tool that takes one.
fn about(session: &str) -> [(&'static str, Value); 4] {
    let search = json!({"symbol": "AAPL", "sessionId": session});
    [
        ("get-session-info", json!({"sessionId": session})),
        ("extend-session", json!({"sessionId": session})),
        ("search-by-symbol", search.clone()),
        ("search-by-coin", search),
    ]
}

async fn refuse(client: &mut Client, cases: Vec<Case>) {
    for (tool, call, code, argument, limit) in cases {
        let shown: String = format!("{tool} {call}").chars().take(200).collect();
        let refused = client.fail(tool, call, code).await;
        assert_eq!(refused["argument"], argument, "{shown}: {refused}");
        let said = refused["limit"].as_str().unwrap_or_default();
        assert!(said.contains(limit), "{shown}: {refused}");
    }
}

#[tokio::test]
async fn a_creation_that_is_refused_names_the_argument_and_the_limit() {
    const CREATE: &str = "create-analysis-session";
    const INVALID: &str = "invalid_argument";
    let nested = |depth| (0..depth).fold(json!(1), |value, _| json!([value]));
    let assets: Vec<_> = (0..101).map(|n| format!("A{n}")).collect();
    let tags: Vec<_> = (0..33).map(|n| format!("t{n}")).collect();
    let malformed = [
        ("ttlHours", json!(0), "ttlHours", "above 0"),
        ("ttlHours", json!(-1), "ttlHours", "above 0"),
        ("ttlHours", json!("24"), "ttlHours", "of type number"),
        (
            "sessionType",
            json!("forex"),
            "sessionType",
            "one of equity, crypto, portfolio, comparative, macro",
        ),
        ("assets", json!([]), "assets", "1 to 100 items"),
        ("assets", json!(assets), "assets", "1 to 100 items"),
        (
            "assets",
            json!(["A".repeat(33)]),
            "assets[0]",
            "1 to 32 characters",
        ),
        (
            "assets",
            json!(["AAPL", ""]),
            "assets[1]",
            "1 to 32 characters",
        ),
        (
            "assets",
            json!(["AAPL", "  "]),
            "assets[1]",
            "1 to 32 visible characters",
        ),
        (
            "assets",
            json!(["A\u{202E}B"]),
            "assets[0]",
            "1 to 32 visible characters",
        ),
        // Longer only once it is upper-cased.
        (
            "assets",
            json!(["ß".repeat(20)]),
            "assets[0]",
            "1 to 32 visible characters",
        ),
        ("tags", json!(tags), "tags", "0 to 32 items"),
        (
            "tags",
            json!(["a\u{200B}b"]),
            "tags[0]",
            "1 to 64 bytes of visible",
        ),
        (
            "tags",
            json!(["ok", "a\u{E0041}"]),
            "tags[1]",
            "1 to 64 bytes of visible",
        ),
        (
            "tags",
            json!(["x".repeat(65)]),
            "tags[0]",
            "1 to 64 characters",
        ),
        (
            "userId",
            json!("u".repeat(300)),
            "userId",
            "1 to 255 characters",
        ),
        (
            "userId",
            json!("a\u{0}"),
            "userId",
            "1 to 255 bytes of visible",
        ),
        (
            "idempotencyKey",
            json!("a\u{7}"),
            "idempotencyKey",
            "1 to 128 bytes of visible",
        ),
        (
            "idempotencyKey",
            json!("k".repeat(129)),
            "idempotencyKey",
            "1 to 128 characters",
        ),
        (
            "colour",
            json!("red"),
            "colour",
            "the arguments are assets, idempotencyKey, sessionType",
        ),
    ];
    let mut cases: Vec<Case> = malformed
        .into_iter()
        .map(|(name, value, argument, limit)| {
            (CREATE, creation(name, value), INVALID, argument, limit)
        })
        .collect();
    for argument in ["assets", "tags", "userId", "colour"] {
        let call = creation(argument, nested(65));
        let limit = "at most 64 levels of arrays and objects";
        cases.push((CREATE, call, "value_too_large", argument, limit));
    }
    let mut client = Client::modern(&World::new().await).await;
    refuse(&mut client, cases).await;
    let listed = client.succeed("list-sessions", json!({})).await;
    assert_eq!(listed["total_sessions"], 0, "nothing of it was stored");
}

#[tokio::test]
async fn a_session_that_a_call_may_not_name_is_refused_with_the_rule() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let (expired, gone) = (client.session().await, client.session().await);
    let id = gone.parse().unwrap();
    world.store.delete_session(&Scope::All, id).await.unwrap();
    world.hours_pass(25);
    let refused = |session: &str, code, limit| {
        let calls = about(session).into_iter();
        calls
            .map(|(tool, call)| (tool, call, code, "sessionId", limit))
            .collect::<Vec<Case>>()
    };
    let searches = |session: &str, code, limit| {
        let mut cases = refused(session, code, limit);
        cases.retain(|(tool, ..)| tool.starts_with("search"));
        cases
    };
    let not_deleted = "create-analysis-session or list-sessions that has not been deleted";
    let mut cases = Vec::new();
    for session in [
        "",
        "nonsense",
        "a\u{0}b",
        "01890a5dac96774bbcceb302099a8057",
    ] {
        cases.extend(refused(session, "invalid_argument", "a UUID such as"));
    }
    cases.extend(refused(UNKNOWN, "session_not_found", not_deleted));
    cases.extend(refused(&gone, "session_not_found", not_deleted));
    cases.extend(searches(
        &expired,
        "session_expired",
        "it expired at 2100-01-02T00:00:00Z; only extend-session is taken",
    ));
    refuse(&mut client, cases).await;
    world.store.cleanup_expired_sessions().await.unwrap();
    let read_only = "archived sessions are read-only until extended";
    let cases = searches(&expired, "session_archived", read_only);
    refuse(&mut client, cases).await;
}

#[tokio::test]
async fn a_search_or_listing_that_is_refused_names_the_argument_and_the_limit() {
    const INVALID: &str = "invalid_argument";
    let mut client = Client::modern(&World::new().await).await;
    let search = |name: &str, value: Value| {
        let mut call = json!({"symbol": "AAPL"});
        call[name] = value;
        call
    };
    let symbols = "1 to 15 of A-Z 0-9";
    let place = "1 to 32 bytes of visible";
    let cases = vec![
        (
            "search-by-symbol",
            search("symbol", json!("A\u{0}")),
            INVALID,
            "symbol",
            symbols,
        ),
        (
            "search-by-symbol",
            search("market", json!("U\u{200B}S")),
            INVALID,
            "market",
            place,
        ),
        (
            "search-by-symbol",
            search("exchange", json!("X")),
            INVALID,
            "exchange",
            "the arguments are depth, idempotencyKey, language, market",
        ),
        (
            "search-by-coin",
            search("pair", json!("ETH/USD")),
            INVALID,
            "pair",
            symbols,
        ),
        (
            "search-by-coin",
            search("exchange", json!("a\nb")),
            INVALID,
            "exchange",
            place,
        ),
        (
            "list-sessions",
            json!({"asset": "  "}),
            INVALID,
            "asset",
            "1 to 32 visible characters",
        ),
        (
            "list-sessions",
            json!({"asset": "A".repeat(33)}),
            INVALID,
            "asset",
            "1 to 32 characters",
        ),
        (
            "list-sessions",
            json!({"tags": ["a\u{202E}"]}),
            INVALID,
            "tags[0]",
            "1 to 64 bytes of visible",
        ),
        (
            "list-sessions",
            json!({"limit": 201}),
            INVALID,
            "limit",
            "1 to 200",
        ),
        (
            "get-session-analytics",
            json!({"userId": "u".repeat(300)}),
            INVALID,
            "userId",
            "1 to 255 characters",
        ),
        (
            "get-session-analytics",
            json!({"days": 3651}),
            INVALID,
            "days",
            "1 to 3650",
        ),
    ];
    refuse(&mut client, cases).await;
}

#[tokio::test]
async fn a_key_with_other_content_is_refused_with_the_rule_of_keys() {
    let mut client = Client::modern(&World::new().await).await;
    let session = client.session().await;
    let calls = [
        (
            "create-analysis-session",
            creation("tags", json!(["one"])),
            creation("tags", json!(["two"])),
        ),
        (
            "extend-session",
            json!({"sessionId": session, "hours": 1}),
            json!({"sessionId": session, "hours": 2}),
        ),
        (
            "search-by-symbol",
            json!({"sessionId": session, "symbol": "AAPL"}),
            json!({"sessionId": session, "symbol": "MSFT"}),
        ),
    ];
    let mut cases = Vec::new();
    for (tool, mut first, mut other) in calls {
        // One key a tool: an extension and a search share the keys of their session.
        first["idempotencyKey"] = json!(tool);
        other["idempotencyKey"] = json!(tool);
        client.succeed(tool, first).await;
        let rule = "within 24 hours the same tool with the same arguments";
        cases.push((tool, other, "idempotency_conflict", "idempotencyKey", rule));
    }
    refuse(&mut client, cases).await;
}

#[tokio::test]
async fn query_1001_is_not_recorded_and_names_the_argument_and_the_limit() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let id = session.parse().unwrap();
    for _ in 0..1_000 {
        let query = QueryRecord::new("note");
        let recorded = world.store.record_query(&Scope::All, id, query, None);
        recorded.await.unwrap();
    }
    let call = json!({"symbol": "AAPL", "sessionId": session});
    let found = client.succeed("search-by-symbol", call).await;
    assert_eq!(found["session"]["tracked"], false);
    let reason = found["session"]["reason"].as_str().unwrap();
    for part in [
        "query_limit_reached: ",
        "argument: sessionId",
        "limit: at most 1000 queries (SESSION_MAX_QUERIES_PER_SESSION)",
        "hint: create a new session",
    ] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    let info = client
        .succeed("get-session-info", json!({"sessionId": session}))
        .await;
    assert_eq!(info["total_queries"], 1_000);
}
