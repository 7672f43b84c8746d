//! What is served over HTTP, and how much of it.

use std::time::Duration;

/// The limits of serving over HTTP.
///
/// A limit of 0 counts as 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// The hosts that requests may be addressed to, each with or without a port; without one, every port
    /// will do. The loopback names by default. Empty lets every host in, which leaves browsers open to DNS
    /// rebinding.
    pub allowed_hosts: Vec<String>,
    /// The web pages whose scripts may call, as `scheme://host:port`; `:*` allows every port. Pages on
    /// loopback by default. Callers that are no browsers send no `Origin`, and are let in.
    pub allowed_origins: Vec<String>,
    /// The longest body of a request, in bytes; 4 MiB by default.
    pub max_body_bytes: usize,
    /// What the bodies of all requests that are read, waiting or worked on may take together, in bytes;
    /// 64 MiB by default. What comes on top is refused with 503.
    pub max_held_bytes: usize,
    /// How long the body of a request may take to arrive; 30 seconds by default.
    pub body_timeout: Duration,
    /// How long the head of a request may take to arrive, and how long a connection may be idle before
    /// it is closed; 30 seconds by default.
    pub header_timeout: Duration,
    /// How many connections are open at once; 2,048 by default. Further ones wait to be accepted.
    pub max_connections: usize,
    /// How many calls are worked on at once; 128 by default.
    pub max_calls: usize,
    /// How many further calls wait for their turn; 1,024 by default. What comes on top is refused with 503.
    pub max_waiting_calls: usize,
    /// How long calls that are under way at the end may take; 10 seconds by default.
    pub end_timeout: Duration,
    /// How long a store may take to say that it is there before `/ready` says that it is not; 2 seconds by
    /// default.
    pub ready_timeout: Duration,
}

impl Default for HttpConfig {
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            allowed_hosts: owned(&["localhost", "127.0.0.1", "[::1]"]),
            allowed_origins: owned(&["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"]),
            max_body_bytes: 4 << 20,
            max_held_bytes: 64 << 20,
            body_timeout: Duration::from_secs(30),
            header_timeout: Duration::from_secs(30),
            max_connections: 2_048,
            max_calls: 128,
            max_waiting_calls: 1_024,
            end_timeout: Duration::from_secs(10),
            ready_timeout: Duration::from_secs(2),
        }
    }
}
