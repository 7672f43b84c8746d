//! `get-session-analytics`: whose figures, of when, and what they say of themselves.

use std::time::Duration;

use fiml_session_core::Policy;
use serde_json::json;

use crate::{client::Client, world::World};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn analytics_count_everybody_unless_told_otherwise() {
    let mut client = Client::modern(&World::new().await).await;
    let session = client.session().await;
    let other = json!({"assets": ["BTC"], "sessionType": "crypto", "userId": "u", "tags": ["t"]});
    client.succeed("create-analysis-session", other).await;
    let search = json!({"symbol": "AAPL", "sessionId": session});
    client.succeed("search-by-symbol", search).await;
    let all = client.succeed("get-session-analytics", json!({})).await;
    assert_eq!(all["total_sessions"], 2);
    assert_eq!(all["active_sessions"], 2);
    assert_eq!(all["total_queries"], 1);
    assert_eq!(all["period_days"], 30);
    assert_eq!(all["query_type_distribution"], json!({"equity_price": 1}));
    assert_eq!(
        all["session_type_breakdown"],
        json!({"crypto": 1, "equity": 1})
    );
    assert_eq!(all["popular_tags"], json!([{"tag": "t", "count": 1}]));
    assert!(all["user_id"].is_null());
    let call = json!({"userId": "u", "sessionType": "crypto", "days": 7});
    let one = client.succeed("get-session-analytics", call).await;
    assert_eq!(one["total_sessions"], 1);
    assert_eq!(one["user_id"], "u");
    assert_eq!(one["session_type"], "crypto");
    assert_eq!(one["period_days"], 7);
}

#[tokio::test]
async fn analytics_that_are_switched_off_are_an_error_and_no_zeros() {
    let policy = Policy {
        enable_analytics: false,
        ..Policy::default()
    };
    let mut client = Client::modern(&World::with(policy).await).await;
    client
        .fail("get-session-analytics", json!({}), "analytics_disabled")
        .await;
}

#[tokio::test]
async fn analytics_are_narrowed_by_asset_and_tag() {
    let mut client = Client::modern(&World::new().await).await;
    for (asset, tag) in [("AAPL", "tech"), ("AAPL", "q3"), ("BTC", "tech")] {
        let new = json!({"assets": [asset], "sessionType": "equity", "tags": [tag]});
        client.succeed("create-analysis-session", new).await;
    }
    for (call, sessions) in [
        (json!({"asset": "aapl"}), 2),
        (json!({"tag": "tech"}), 2),
        (json!({"asset": "AAPL", "tag": "tech"}), 1),
        (json!({"asset": "AAPL", "tag": "energy"}), 0),
    ] {
        let told = client.succeed("get-session-analytics", call.clone()).await;
        assert_eq!(told["total_sessions"], sessions, "{call}");
        assert_eq!(told["tag"], call["tag"], "{call}");
    }
}

#[tokio::test]
async fn analytics_may_be_of_a_period_between_two_instants() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    let begin = world.store.now();
    for _ in 0..4 {
        client.session().await;
        world.clock.advance(DAY);
    }
    let day = |n: u32| begin.plus(DAY * n).to_string();
    for (call, sessions, days) in [
        (json!({"from": day(0)}), 4, 4),
        (json!({"from": day(1), "until": day(3)}), 2, 2),
        (json!({"until": day(3), "days": 1}), 1, 1),
        // What it begins with is said twice, and the instant wins.
        (json!({"from": day(3), "days": 30}), 1, 1),
    ] {
        let told = client.succeed("get-session-analytics", call.clone()).await;
        assert_eq!(told["total_sessions"], sessions, "{call}");
        assert_eq!(told["period_days"], days, "{call}");
        assert_eq!(
            (&told["from"], &told["until"]),
            (&call["from"], &call["until"])
        );
    }
    let by_day = json!({"from": &day(1)[..10], "until": &day(2)[..10]});
    let told = client.succeed("get-session-analytics", by_day).await;
    assert_eq!(told["period_days"], 1, "{told}");
}

#[tokio::test]
async fn analytics_say_as_of_when_live_sessions_and_since_when_figures_are_counted() {
    let world = World::with(Policy {
        metrics_retention: 20 * DAY,
        ..Policy::default()
    });
    let world = world.await;
    let mut client = Client::modern(&world).await;
    client.session().await;
    let month = client.succeed("get-session-analytics", json!({})).await;
    let (now, kept) = (world.store.now(), world.store.now().minus(20 * DAY));
    assert_eq!(month["live_as_of"], now.to_string());
    assert_eq!(month["complete_since"], kept.to_string());
    let week = client
        .succeed("get-session-analytics", json!({"days": 7}))
        .await;
    assert!(week["complete_since"].is_null(), "{week}");
}
