//! A proxy that stands between a store and its server and breaks connections on order.
//!
//! It knows no protocol, so it serves Redis and PostgreSQL alike. A client that is told other addresses by
//! its server, as in a Redis Cluster, goes past it.

mod connection;
mod replies;

use std::{
    io,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{
    net::TcpListener,
    runtime,
    sync::{oneshot, watch},
    task::JoinSet,
};

use self::connection::Connection;

/// What a proxy does to its connections, to those that are open and to those to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Everything passes.
    None,
    /// Requests pass, replies vanish, and the connection stays open and silent for the rest of its life.
    SwallowReplies,
    /// Requests pass; after so many bytes of replies the connection is reset. With 0 the request is carried
    /// out and nothing of its reply arrives.
    CutReplies {
        /// Bytes that still pass on each connection, counted from when the fault was set.
        after: usize,
    },
    /// Requests pass; one portion of replies in so many is cut at a place by chance, and the connection is
    /// reset.
    CutSomeReplies {
        /// 1 cuts every portion, 10 one in ten.
        one_in: usize,
        /// The same seed and the same traffic give the same cuts.
        seed: u64,
    },
    /// Every portion of bytes waits before it passes; a change of fault ends the wait.
    Delay {
        /// On the way to the server.
        requests: Duration,
        /// On the way back.
        replies: Duration,
    },
    /// Everything passes one byte at a time.
    ByteByByte,
    /// Connections are reset, new ones at once.
    Refuse,
    /// Nothing passes and nothing is closed; what was sent arrives once the fault is over, as after a
    /// network that was parted.
    BlackHole,
}

/// A proxy on a loopback port of its own, in a thread of its own.
///
/// Dropped, it closes all its connections.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    fault: watch::Sender<Fault>,
    done: Arc<AtomicU64>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FaultProxy {
    /// A proxy before the server on a port of 127.0.0.1, with no fault set.
    ///
    /// # Errors
    ///
    /// What the system says when there is no port or no thread for it. A server that is not there is no
    /// error: the proxy closes connections until it comes.
    pub fn start(target_port: u16) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let port = listener.local_addr()?.port();
        let (fault, faults) = watch::channel(Fault::None);
        let (stop, stopped) = oneshot::channel();
        let done = Arc::new(AtomicU64::new(0));
        let connection = Connection::new(target_port, faults, Arc::clone(&done));
        let thread = thread::Builder::new()
            .name("fault proxy".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = serve(&listener, &connection) => {}
                        _stopped = stopped => {}
                    }
                });
            })?;
        Ok(Self {
            port,
            fault,
            done,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The port on 127.0.0.1 that clients connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sets what is done from now on; counts and chances begin anew, for an equal fault too.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// How many times replies were swallowed or connections cut or refused, so that a test can tell that its
    /// fault took place.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed, and one here would hide the test's own.
            let _ended = thread.join();
        }
    }
}

async fn serve(listener: &TcpListener, connection: &Connection) {
    let mut open = JoinSet::new();
    for number in 0.. {
        // A failed accept is a client that has gone again, or too many open files, which pass.
        if let Ok((client, _address)) = listener.accept().await {
            open.spawn(connection.clone().serve(client, number));
        }
        while open.try_join_next().is_some() {}
    }
}
