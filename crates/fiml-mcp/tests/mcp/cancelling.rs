//! A client that no longer waits: reads are given up in the store, writes are finished.

use fiml_mcp::HttpConfig;
use fiml_session_core::{ListRequest, store::Scope};
use serde_json::{Value, json};

use crate::{client::Client, http::Endpoint, world::World};

async fn total(world: &World) -> usize {
    let request = ListRequest::default();
    let page = world.store.list_user_sessions(&Scope::All, &request).await;
    page.expect("a page").total
}

fn creation() -> Value {
    json!({"assets": ["AAPL"], "sessionType": "equity"})
}

fn cancelled(id: i64) -> String {
    let params = json!({"requestId": id});
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}).to_string()
}

#[tokio::test]
async fn a_read_that_a_client_takes_back_is_dropped_in_the_store_and_not_answered() {
    let world = World::new().await;
    for mut client in [
        Client::modern(&world).await,
        Client::legacy(&world, "2025-11-25").await,
    ] {
        let session = client.session().await;
        world.live.reads.close();
        let params = json!({"name": "get-session-info", "arguments": {"sessionId": session}});
        let (id, line) = client.line("tools/call", params);
        client.send(&line).await;
        world.live.reads.one_has_come().await;
        client.send(&cancelled(id)).await;
        world.live.reads.one_was_dropped().await;
        world.live.reads.release();
        // The next answer is that of the next request.
        client.request("tools/list", json!({})).await;
    }
}

#[tokio::test]
async fn a_write_that_a_client_takes_back_is_finished() {
    let world = World::new().await;
    let mut client = Client::modern(&world).await;
    world.live.writes.close();
    let params = json!({"name": "create-analysis-session", "arguments": creation()});
    let (id, line) = client.line("tools/call", params);
    client.send(&line).await;
    world.live.writes.one_has_come().await;
    client.send(&cancelled(id)).await;
    client.request("tools/list", json!({})).await;
    world.live.writes.release();
    let (last, ended) = client.hang_up().await;
    ended.unwrap();
    assert!(last.is_empty(), "it is not answered: {last:?}");
    assert_eq!((total(&world).await, world.live.writes.dropped()), (1, 0));
}

#[tokio::test]
async fn a_read_whose_connection_is_closed_is_dropped_in_the_store() {
    let world = World::new().await;
    let endpoint = Endpoint::of(&world, HttpConfig::default()).await;
    let session = Client::modern(&world).await.session().await;
    world.live.reads.close();
    let arguments = json!({"sessionId": session});
    let params = json!({"name": "get-session-info", "arguments": arguments});
    let stream = endpoint.send("tools/call", &params).await;
    world.live.reads.one_has_come().await;
    drop(stream);
    world.live.reads.one_was_dropped().await;
    world.live.reads.release();
    let info = endpoint.call("get-session-info", &arguments).await;
    assert_eq!(info.json()["result"]["isError"], false);
}

#[tokio::test]
async fn a_write_whose_connection_is_closed_is_finished_before_the_server_ends() {
    let world = World::new().await;
    let endpoint = Endpoint::of(&world, HttpConfig::default()).await;
    let session = Client::modern(&world).await.session().await;
    world.live.writes.close();
    let creation = json!({"name": "create-analysis-session", "arguments": creation()});
    let search = json!({"symbol": "AAPL", "sessionId": session});
    let search = json!({"name": "search-by-symbol", "arguments": search});
    for params in [creation, search] {
        let stream = endpoint.send("tools/call", &params).await;
        world.live.writes.one_has_come().await;
        drop(stream);
    }
    let serving = endpoint.stop();
    world.live.writes.release();
    serving.await.unwrap().unwrap();
    assert_eq!((total(&world).await, world.live.writes.dropped()), (2, 0));
    let kept = world
        .store
        .get_session(&Scope::All, session.parse().unwrap());
    assert_eq!(kept.await.unwrap().state.history.total_queries(), 1);
}
