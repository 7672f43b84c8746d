//! Ports that nobody listens on.

use std::{
    net::TcpListener,
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// Below the ports that systems give to outgoing connections, so that none of these takes a server's port
/// while that server is down.
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

/// How many ports in a row a start finds taken before it gives up.
pub(super) const ATTEMPTS: usize = 20;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A free port of the loopback address, another one at every call.
///
/// It may be taken before it is used: whoever starts a server on it tries the next one then.
pub(super) fn free_port() -> u16 {
    // Test processes that run side by side begin far apart: a multiplier without a common factor with COUNT.
    let begin = process::id().wrapping_mul(7_919) % COUNT;
    (0..COUNT)
        .map(|_| FIRST + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT)
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of 12,000 ports is free")
}
