//! Clients that send and never read: they get no more in, and hold up nobody's end.
//!
//! The clock stands still while anybody has something to do, and jumps where all of them wait: a second
//! that passes says that the server is stuck.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use fiml_mcp::serve_until;
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf},
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{client::meta, world::World};

const HOUR: Duration = Duration::from_hours(1);

fn request(id: usize) -> String {
    let params = json!({"_meta": meta()});
    let request = json!({"jsonrpc": "2.0", "id": id, "method": "tools/list", "params": params});
    format!("{request}\n")
}

/// A client that asks without end.
struct Asking(usize, Vec<u8>);

impl AsyncRead for Asking {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.1.is_empty() {
            self.0 += 1;
            self.1 = request(self.0).into_bytes();
        }
        let taken = self.1.len().min(buffer.remaining());
        buffer.put_slice(&self.1.drain(..taken).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

/// The answers that nobody reads, and the place where they are written.
fn unread() -> (DuplexStream, impl AsyncWrite + Send + Unpin + 'static) {
    tokio::io::duplex(1 << 16)
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_client_never_reads_ends_when_it_is_asked() {
    let (mut answers, target) = unread();
    let (stop, stopped) = oneshot::channel();
    let stopped = async { drop::<Result<(), _>>(stopped.await) };
    let server = World::without_prices().server;
    let serving = tokio::spawn(serve_until(server, Asking(0, Vec::new()), target, stopped));
    sleep(Duration::from_secs(1)).await;
    assert!(!serving.is_finished());
    stop.send(()).unwrap();
    timeout(HOUR, serving).await.unwrap().unwrap().unwrap();
    let mut said = Vec::new();
    timeout(HOUR, answers.read_to_end(&mut said))
        .await
        .expect("nobody holds its side any more")
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_client_never_reads_ends_when_its_input_does() {
    let (_answers, target) = unread();
    let (source, mut requests) = tokio::io::duplex(1 << 16);
    let server = World::without_prices().server;
    let stop = std::future::pending();
    let serving = tokio::spawn(serve_until(server, source, target, stop));
    for id in 0..1_000 {
        requests.write_all(request(id).as_bytes()).await.unwrap();
    }
    sleep(HOUR).await;
    assert!(!serving.is_finished(), "it waits for as long as it is open");
    drop(requests);
    timeout(HOUR, serving).await.unwrap().unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_gets_every_answer_after_its_input_has_ended() {
    let (mut answers, target) = unread();
    let requests: String = (0..1_000).map(request).collect();
    let source = std::io::Cursor::new(requests.into_bytes());
    let server = World::without_prices().server;
    let stop = std::future::pending();
    let serving = tokio::spawn(serve_until(server, source, target, stop));
    let mut lines = 0;
    let mut some = vec![0; 1 << 16];
    loop {
        // Longer in all than one that takes nothing is waited for, and shorter each time.
        sleep(Duration::from_millis(40)).await;
        let read = answers.read(&mut some).await.unwrap();
        if read == 0 {
            break;
        }
        lines += some[..read].iter().filter(|&&byte| byte == b'\n').count();
    }
    assert_eq!(lines, 1_000);
    serving.await.unwrap().unwrap();
}
