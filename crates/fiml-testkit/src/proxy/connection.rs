//! One connection through the proxy.

use std::{
    future, io,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    time::sleep,
};

use super::{
    Fault,
    replies::{Passing, Replies},
};

const PORTION: usize = 16 * 1024;

/// What every connection starts from.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    target_port: u16,
    fault: watch::Receiver<Fault>,
    done: Arc<AtomicU64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Requests,
    Replies,
}

/// How a connection ends for its client.
enum End {
    Closed,
    Reset,
}

impl Connection {
    pub(super) fn new(
        target_port: u16,
        fault: watch::Receiver<Fault>,
        done: Arc<AtomicU64>,
    ) -> Self {
        Self {
            target_port,
            fault,
            done,
        }
    }

    /// Serves one client until either side closes or a fault cuts it.
    pub(super) async fn serve(mut self, mut client: TcpStream, number: u64) {
        // An error of either side's connection ends both, as a cut would.
        let end = self.run(&mut client, number).await.unwrap_or(End::Reset);
        if matches!(end, End::Reset) {
            // Fails only for a client that is gone already.
            let _gone = client.set_zero_linger();
        }
    }

    async fn run(&mut self, client: &mut TcpStream, number: u64) -> io::Result<End> {
        // An error is the end of the proxy, which ends this too.
        drop(self.fault.wait_for(|now| *now != Fault::BlackHole).await);
        if *self.fault.borrow() == Fault::Refuse {
            return Ok(self.reset());
        }
        let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, self.target_port)).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let mut requests = self.clone();
        tokio::select! {
            end = requests.pump(Way::Requests, from_client, to_server, number) => end,
            end = self.pump(Way::Replies, from_server, to_client, number) => end,
        }
    }

    async fn pump(
        &mut self,
        way: Way,
        mut from: ReadHalf<'_>,
        mut to: WriteHalf<'_>,
        number: u64,
    ) -> io::Result<End> {
        let mut portion = vec![0; PORTION];
        let mut replies = Replies::new(number);
        loop {
            let length = tokio::select! {
                length = from.read(&mut portion) => length?,
                () = self.refused() => return Ok(self.reset()),
            };
            if length == 0 && way == Way::Requests {
                // A client may close its half and still wait for replies.
                to.shutdown().await?;
                return future::pending().await;
            } else if length == 0 {
                return Ok(End::Closed);
            }
            let portion = &portion[..length];
            self.hold(way).await;
            if self.fault.has_changed().unwrap_or(false) {
                replies.begin_anew();
            }
            let fault = *self.fault.borrow_and_update();
            let passing = match way {
                Way::Requests => Passing::All,
                Way::Replies => replies.passing(fault, length),
            };
            match passing {
                Passing::All if fault == Fault::ByteByByte => {
                    for byte in portion {
                        to.write_all(&[*byte]).await?;
                        tokio::task::yield_now().await;
                    }
                }
                Passing::All => to.write_all(portion).await?,
                Passing::Only(bytes) => {
                    to.write_all(&portion[..bytes]).await?;
                    return Ok(self.reset());
                }
                Passing::Nothing => self.count(),
            }
        }
    }

    /// Waits out a delay or a black hole; a new fault is looked at anew.
    async fn hold(&self, way: Way) {
        loop {
            let fault = *self.fault.borrow();
            let delay = match (fault, way) {
                (Fault::BlackHole, _) => Duration::MAX,
                (Fault::Delay { requests, .. }, Way::Requests) => requests,
                (Fault::Delay { replies, .. }, Way::Replies) => replies,
                _ => return,
            };
            let mut changes = self.fault.clone();
            tokio::select! {
                () = sleep(delay) => return,
                _changed = changes.wait_for(|now| *now != fault) => {}
            }
        }
    }

    async fn refused(&self) {
        let mut changes = self.fault.clone();
        if changes.wait_for(|now| *now == Fault::Refuse).await.is_err() {
            future::pending::<()>().await;
        }
    }

    fn reset(&self) -> End {
        self.count();
        End::Reset
    }

    fn count(&self) {
        self.done.fetch_add(1, Ordering::SeqCst);
    }
}
