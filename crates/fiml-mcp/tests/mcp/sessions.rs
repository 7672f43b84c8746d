//! The tools that keep sessions.

use serde_json::{Value, json};

use crate::{client::Client, world::World};

#[tokio::test]
async fn a_session_is_created_with_everything_it_was_asked_for() {
    let mut client = Client::modern(&World::new().await).await;
    let created = client
        .succeed(
            "create-analysis-session",
            json!({
                "assets": [" aapl", "GOOG", "Aapl"],
                "sessionType": "comparative",
                "userId": "user_123",
                "ttlHours": 0.5,
                "tags": ["tech", "tech"],
            }),
        )
        .await;
    let id = created["session_id"].clone();
    assert_eq!(
        created,
        json!({
            "status": "success",
            "session_id": id,
            "user_id": "user_123",
            "type": "comparative",
            "assets": ["AAPL", "GOOG"],
            "created_at": "2100-01-01T00:00:00Z",
            "expires_at": "2100-01-01T00:30:00Z",
            "ttl_hours": 0.5,
            "ttl_capped": false,
            "tags": ["tech"],
        })
    );
}

#[tokio::test]
async fn what_is_left_out_or_null_takes_its_default() {
    let mut client = Client::modern(&World::new().await).await;
    let created = client
        .succeed(
            "create-analysis-session",
            json!({"assets": ["BTC"], "sessionType": "crypto", "userId": null, "ttlHours": null, "tags": null}),
        )
        .await;
    assert_eq!(created["user_id"], "analyst");
    assert_eq!(created["ttl_hours"], 24.0);
    assert_eq!(created["tags"], json!([]));
}

#[tokio::test]
async fn a_life_beyond_the_maximum_is_capped_and_says_so() {
    let mut client = Client::modern(&World::new().await).await;
    for hours in [json!(169), json!(1e308), json!(168.000_1)] {
        let arguments = json!({"assets": ["A"], "sessionType": "macro", "ttlHours": hours});
        let created = client.succeed("create-analysis-session", arguments).await;
        assert_eq!(created["ttl_hours"], 168.0, "{hours}");
        assert_eq!(created["ttl_capped"], true, "{hours}");
    }
    let arguments = json!({"assets": ["A"], "sessionType": "macro", "ttlHours": 168});
    let created = client.succeed("create-analysis-session", arguments).await;
    assert_eq!(created["ttl_capped"], false);
}

#[tokio::test]
async fn the_same_key_creates_once_and_other_content_is_a_conflict() {
    let mut client = Client::modern(&World::new().await).await;
    let call =
        |asset: &str| json!({"assets": [asset], "sessionType": "equity", "idempotencyKey": "k1"});
    let first = client
        .succeed("create-analysis-session", call("AAPL"))
        .await;
    let again = client
        .succeed("create-analysis-session", call("AAPL"))
        .await;
    assert_eq!(first, again);
    let refused = client
        .fail(
            "create-analysis-session",
            call("MSFT"),
            "idempotency_conflict",
        )
        .await;
    assert_eq!(refused["argument"], "idempotencyKey");
    let listed = client.succeed("list-sessions", json!({})).await;
    assert_eq!(listed["total_sessions"], 1);
}

#[tokio::test]
async fn a_session_tells_its_life_and_its_last_five_queries() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    for symbol in ["AAPL", "MSFT", "AAPL", "AAPL", "NONE", "MSFT"] {
        let arguments = json!({"symbol": symbol, "sessionId": session});
        client
            .request(
                "tools/call",
                json!({"name": "search-by-symbol", "arguments": arguments}),
            )
            .await;
    }
    world.hours_pass(6);
    let info = client
        .succeed("get-session-info", json!({"sessionId": session}))
        .await;
    assert_eq!(info["session_id"], session.as_str());
    assert_eq!(info["user_id"], "analyst");
    assert_eq!(info["type"], "equity");
    assert_eq!(info["assets"], json!(["AAPL"]));
    assert_eq!(info["is_expired"], false);
    assert_eq!(info["is_archived"], false);
    assert_eq!(info["time_remaining_hours"], 18.0);
    assert_eq!(info["duration_hours"], 0.0);
    assert_eq!(info["total_queries"], 6);
    assert_eq!(info["cache_hit_rate"], 0.5);
    let recent = info["recent_queries"].as_array().unwrap();
    let seqs: Vec<_> = recent
        .iter()
        .map(|query| query["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(seqs, [6, 5, 4, 3, 2]);
    assert_eq!(recent[0]["type"], "equity_price");
    assert_eq!(recent[0]["timestamp"], "2100-01-01T00:00:00Z");
    assert_eq!(recent[0]["source"], "file:prices.csv");
    assert_eq!(recent[0]["as_of"], "2010-03-01T00:00:00Z");
    assert_eq!(recent[0]["cache_hit"], true);
    assert_eq!(recent[1]["error"], "symbol_not_found");
    assert_eq!(recent[1].get("source"), None);
}

#[tokio::test]
async fn a_session_stays_readable_once_expired_and_once_archived() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let call = json!({"sessionId": session});
    world.hours_pass(25);
    let info = client.succeed("get-session-info", call.clone()).await;
    assert_eq!(
        (&info["is_expired"], &info["is_archived"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(info["time_remaining_hours"], 0.0);
    world.store.cleanup_expired_sessions().await.unwrap();
    let info = client.succeed("get-session-info", call).await;
    assert_eq!(
        (&info["is_expired"], &info["is_archived"]),
        (&json!(true), &json!(true))
    );
}

#[tokio::test]
async fn an_extension_adds_to_what_is_left_and_brings_an_archived_session_back() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    let extended = client
        .succeed("extend-session", json!({"sessionId": session, "hours": 6}))
        .await;
    assert_eq!(
        extended,
        json!({
            "status": "success",
            "session_id": session,
            "expires_at": "2100-01-02T06:00:00Z",
            "time_remaining_hours": 30.0,
            "ttl_capped": false,
        })
    );
    let capped = client
        .succeed(
            "extend-session",
            json!({"sessionId": session, "hours": 1e308}),
        )
        .await;
    assert_eq!(capped["time_remaining_hours"], 168.0);
    assert_eq!(capped["ttl_capped"], true);
    world.hours_pass(200);
    world.store.cleanup_expired_sessions().await.unwrap();
    let back = client
        .succeed("extend-session", json!({"sessionId": session}))
        .await;
    assert_eq!(back["time_remaining_hours"], 24.0);
    let search = json!({"symbol": "AAPL", "sessionId": session});
    let found = client.succeed("search-by-symbol", search).await;
    assert_eq!(found["session"]["query_number"], 1);
}

#[tokio::test]
async fn an_extension_under_a_key_counts_once() {
    let mut client = Client::modern(&World::new().await).await;
    let session = client.session().await;
    let call = json!({"sessionId": session, "hours": 6, "idempotencyKey": "more"});
    let first = client.succeed("extend-session", call.clone()).await;
    assert_eq!(client.succeed("extend-session", call).await, first);
    let other = json!({"sessionId": session, "hours": 7, "idempotencyKey": "more"});
    client
        .fail("extend-session", other, "idempotency_conflict")
        .await;
}

#[tokio::test]
async fn a_listing_pages_through_ones_own_sessions_newest_first() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(client.session().await);
        world.clock.advance(std::time::Duration::from_secs(1));
    }
    let others = json!({"assets": ["X"], "sessionType": "macro", "userId": "somebody"});
    client.succeed("create-analysis-session", others).await;
    made.reverse();
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = client
            .succeed("list-sessions", json!({"limit": 2.0, "cursor": cursor}))
            .await;
        assert_eq!(page["user_id"], "analyst");
        assert_eq!(page["total_sessions"], 5);
        assert_eq!(page.get("total_capped"), None);
        let sessions = page["sessions"].as_array().unwrap();
        seen.extend(
            sessions
                .iter()
                .map(|s| s["session_id"].as_str().unwrap().to_owned()),
        );
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen, made);
}

#[tokio::test]
async fn a_listing_narrows_by_user_type_tag_asset_and_expiry() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    for (assets, kind, tags) in [
        (
            json!(["AAPL", "MSFT"]),
            "comparative",
            json!(["tech", "q1"]),
        ),
        (json!(["BTC"]), "crypto", json!(["q1"])),
    ] {
        let arguments = json!({"assets": assets, "sessionType": kind, "tags": tags, "userId": "u"});
        client.succeed("create-analysis-session", arguments).await;
    }
    for (filter, found) in [
        (json!({"userId": "u"}), 2),
        (json!({}), 0),
        (json!({"userId": "u", "sessionType": "crypto"}), 1),
        (json!({"userId": "u", "tags": ["q1"]}), 2),
        (json!({"userId": "u", "tags": ["q1", "tech"]}), 1),
        (json!({"userId": "u", "asset": "msft"}), 1),
    ] {
        let listed = client.succeed("list-sessions", filter.clone()).await;
        assert_eq!(listed["total_sessions"], found, "{filter}");
    }
    world.hours_pass(25);
    world.store.cleanup_expired_sessions().await.unwrap();
    for (archived, found) in [(false, 0), (true, 2)] {
        let call = json!({"userId": "u", "includeArchived": archived});
        let listed = client.succeed("list-sessions", call).await;
        assert_eq!(listed["total_sessions"], found);
        for session in listed["sessions"].as_array().unwrap() {
            assert_eq!(session["is_archived"], true);
            assert_eq!(session["is_expired"], true);
        }
    }
}

#[tokio::test]
async fn an_unreachable_store_is_an_error_that_says_nothing_was_done() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let session = client.session().await;
    world.live.begin();
    let create = json!({"assets": ["A"], "sessionType": "equity"});
    for (tool, arguments) in [
        ("create-analysis-session", create),
        ("get-session-info", json!({"sessionId": session})),
        ("extend-session", json!({"sessionId": session})),
        ("list-sessions", json!({})),
        ("get-session-analytics", json!({})),
    ] {
        let refused = client.fail(tool, arguments, "store_unavailable").await;
        assert!(
            refused["hint"]
                .as_str()
                .unwrap()
                .contains("nothing was done")
        );
    }
    world.live.end();
    client
        .succeed("get-session-info", json!({"sessionId": session}))
        .await;
}

#[tokio::test]
async fn a_tool_that_breaks_down_is_an_answered_error_and_the_server_goes_on() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    world.live.break_down();
    client.fail("list-sessions", json!({}), "internal").await;
    client
        .succeed("search-by-symbol", json!({"symbol": "AAPL"}))
        .await;
}
