//! A server that is far away: every byte is under way for a while, however many are.
//!
//! The proxy of the tests holds each portion up until the one before has passed, so that a reply in two
//! portions takes twice as long; on a long line it does not.

use std::{io, net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep_until},
};

/// A line to a server on a loopback port; dropped, it takes no more connections.
#[derive(Debug)]
pub(crate) struct FarServer {
    pub(crate) port: u16,
    serving: JoinHandle<()>,
}

impl FarServer {
    /// As far away as this, each way.
    pub(crate) async fn start(server: u16, away: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(join(client, server, away));
            }
        });
        Self { port, serving }
    }
}

impl Drop for FarServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn join(client: TcpStream, server: u16, away: Duration) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::spawn(carry(from_client, to_server, away));
    carry(from_server, to_client, away).await
}

/// Carries one way until either end closes.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, away: Duration) -> io::Result<()> {
    let (under_way, mut arriving) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let arrivals = tokio::spawn(async move {
        while let Some((at, bytes)) = arriving.recv().await {
            sleep_until(at).await;
            to.write_all(&bytes).await?;
        }
        to.shutdown().await
    });
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        let sent = (Instant::now() + away, buffer[..length].to_vec());
        if length == 0 || under_way.send(sent).is_err() {
            break;
        }
    }
    drop(under_way);
    arrivals.await?
}
