//! What HTTP is held to: calls, bytes, and the time that heads and bodies may take.

use fiml_mcp::HttpConfig;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::{
    client::Client,
    http::{Endpoint, answered, impatient, reply, request},
    world::World,
};

fn info(session: &str) -> Value {
    json!({"name": "get-session-info", "arguments": {"sessionId": session}})
}

#[tokio::test]
async fn a_call_for_which_there_is_no_room_is_refused_and_may_be_repeated() {
    let world = World::new().await;
    let limits = HttpConfig {
        max_calls: 1,
        max_waiting_calls: 1,
        ..HttpConfig::default()
    };
    let endpoint = Endpoint::of(&world, limits).await;
    let session = Client::modern(&world).await.session().await;
    world.live.reads.close();
    let first = endpoint.send("tools/call", &info(&session)).await;
    world.live.reads.one_has_come().await;
    // One of these waits, and the other one finds the queue full.
    let params = info(&session);
    let (second, third) = tokio::join!(
        endpoint.send("tools/call", &params),
        endpoint.send("tools/call", &params),
    );
    let (mut second, mut third) = (tokio::spawn(reply(second)), tokio::spawn(reply(third)));
    let (refused, waiting) = tokio::select! {
        refused = &mut second => (refused.unwrap(), third),
        refused = &mut third => (refused.unwrap(), second),
    };
    assert_eq!(refused.status, 503);
    assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
    let error = refused.json();
    assert_eq!(
        (&error["id"], &error["error"]["code"]),
        (&json!(1), &json!(503))
    );
    assert_eq!(error["error"]["data"]["retryable"], true);
    world.live.reads.release();
    for answer in [reply(first).await, waiting.await.unwrap()] {
        assert_eq!(answer.json()["result"]["isError"], false);
    }
    let again = endpoint.ask("tools/call", &info(&session)).await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn calls_that_were_given_up_leave_room_for_others() {
    let world = World::new().await;
    let limits = HttpConfig {
        max_calls: 1,
        max_waiting_calls: 0,
        ..HttpConfig::default()
    };
    let endpoint = Endpoint::of(&world, limits).await;
    let session = Client::modern(&world).await.session().await;
    world.live.reads.close();
    for _ in 0..3 {
        let stream = loop {
            let stream = endpoint.send("tools/call", &info(&session)).await;
            // The room of the one before is free soon, not at once.
            tokio::select! {
                () = world.live.reads.one_has_come() => break stream,
                ready = stream.readable() => ready.unwrap(),
            }
        };
        drop(stream);
        world.live.reads.one_was_dropped().await;
    }
}

#[tokio::test]
async fn bodies_together_take_no_more_than_their_room() {
    let world = World::new().await;
    let limits = HttpConfig {
        max_held_bytes: 1_000,
        ..HttpConfig::default()
    };
    let endpoint = Endpoint::of(&world, limits).await;
    let tags = json!({"tags": ["x".repeat(1_000)]});
    let refused = endpoint.call("list-sessions", &tags).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    let listed = endpoint.call("list-sessions", &json!({})).await;
    assert_eq!(listed.status, 200, "{listed:?}");
}

#[tokio::test]
async fn a_head_that_trickles_in_is_cut_off() {
    let endpoint = Endpoint::of(&World::new().await, impatient()).await;
    let mut stream = endpoint.connect().await;
    stream
        .write_all(b"POST /mcp HTTP/1.1\r\nHost: loc")
        .await
        .unwrap();
    let answer = answered(stream).await;
    assert!(
        answer.is_none_or(|answer| answer.status == 408),
        "it is closed"
    );
}

#[tokio::test]
async fn a_connection_over_which_nothing_more_comes_is_closed() {
    let endpoint = Endpoint::of(&World::new().await, impatient()).await;
    let mut stream = endpoint.connect().await;
    let kept = request("tools/list", &json!({})).replace("Connection: close\r\n", "");
    stream.write_all(kept.as_bytes()).await.unwrap();
    // Closed by the server: this ends.
    assert_eq!(reply(stream).await.status, 200);
}

#[tokio::test]
async fn a_body_that_trickles_in_is_refused() {
    let endpoint = Endpoint::of(&World::new().await, impatient()).await;
    for framing in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let mut stream = endpoint.connect().await;
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\n{framing}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(b"1\r\n{\r\n").await.unwrap();
        let refused = reply(stream).await;
        assert_eq!(refused.status, 408, "{framing}: {refused:?}");
        assert!(
            refused.json()["error"]["message"]
                .as_str()
                .unwrap()
                .contains("0.2 seconds")
        );
    }
}

#[tokio::test]
async fn a_server_that_ends_finishes_what_it_began_and_refuses_the_rest() {
    let world = World::new().await;
    let endpoint = Endpoint::of(&world, HttpConfig::default()).await;
    let session = Client::modern(&world).await.session().await;
    world.live.reads.close();
    let begun = endpoint.send("tools/call", &info(&session)).await;
    world.live.reads.one_has_come().await;
    let address = begun.peer_addr().unwrap();
    let mut serving = endpoint.stop();
    // Until it has heard, it takes further calls.
    let late = loop {
        let mut late = tokio::net::TcpStream::connect(address).await.unwrap();
        let list = request("tools/list", &json!({}));
        late.write_all(list.as_bytes()).await.unwrap();
        let late = reply(late).await;
        if late.status != 200 {
            break late;
        }
    };
    assert_eq!(late.status, 503, "{late:?}");
    assert!(
        late.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("ending")
    );
    tokio::select! {
        biased;
        _ = &mut serving => panic!("a call is under way"),
        () = std::future::ready(()) => {}
    }
    world.live.reads.release();
    assert_eq!(reply(begun).await.json()["result"]["isError"], false);
    serving.await.unwrap().unwrap();
    tokio::net::TcpStream::connect(address).await.unwrap_err();
}

#[tokio::test]
async fn a_call_that_does_not_end_holds_up_the_end_for_its_time_only() {
    let world = World::new().await;
    let limits = HttpConfig {
        end_timeout: std::time::Duration::from_millis(100),
        ..HttpConfig::default()
    };
    let endpoint = Endpoint::of(&world, limits).await;
    let session = Client::modern(&world).await.session().await;
    world.live.reads.close();
    let begun = endpoint.send("tools/call", &info(&session)).await;
    world.live.reads.one_has_come().await;
    endpoint.stop().await.unwrap().unwrap();
    assert!(answered(begun).await.is_none(), "it is cut off");
    world.live.reads.one_was_dropped().await;
}
