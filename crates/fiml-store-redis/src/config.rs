//! Which Redis, under which names, and how long to wait for it.

use std::{fmt, num::NonZeroUsize, time::Duration};

use redis::IntoConnectionInfo;

/// Where live sessions are kept.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisConfig {
    /// `redis://[user[:password]@]host[:port][/database]`, or `rediss://` for TLS; several, separated by
    /// commas, are nodes of one cluster. One node of a cluster is enough: it names the others.
    pub url: String,
    /// What the name of every key begins with: 1 to 64 of `A-Z a-z 0-9 _ - . :`.
    pub key_prefix: String,
    /// How long a call waits for an answer, all its round trips together; figures of everybody's sessions
    /// wait this long for each batch.
    pub timeout: Duration,
    /// How many connections carry whole sessions, beside the one of everything else, so that a long answer
    /// keeps no short one waiting.
    pub full_read_connections: NonZeroUsize,
    /// The certificates to trust with `rediss://`, in PEM; those of the operating system where none are
    /// given.
    pub root_certificates: Option<Vec<u8>>,
}

/// What keys begin with, where nobody says.
pub const DEFAULT_KEY_PREFIX: &str = "fiml";
/// How long a call waits, where nobody says.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);
/// How many connections carry whole sessions, where nobody says.
pub const DEFAULT_FULL_READ_CONNECTIONS: NonZeroUsize =
    NonZeroUsize::new(2).expect("more than zero");

impl RedisConfig {
    /// This server or cluster, used as it should be where nobody knows better.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            key_prefix: DEFAULT_KEY_PREFIX.to_owned(),
            timeout: DEFAULT_TIMEOUT,
            full_read_connections: DEFAULT_FULL_READ_CONNECTIONS,
            root_certificates: None,
        }
    }

    /// Hosts and ports, to be shown: `a:6379, b:6379`.
    ///
    /// It never holds user or password. Where the address cannot be understood it is `(not an address)`.
    #[must_use]
    pub fn place(&self) -> String {
        let infos = self
            .url
            .split(',')
            .map(|url| url.trim().into_connection_info());
        let addresses = infos.map(|info| info.map(|info| info.addr().to_string()));
        match addresses.collect::<Result<Vec<_>, _>>() {
            Ok(addresses) => addresses.join(", "),
            Err(_) => "(not an address)".to_owned(),
        }
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let certificates = self.root_certificates.as_ref().map(Vec::len);
        f.debug_struct("RedisConfig")
            .field("place", &self.place())
            .field("key_prefix", &self.key_prefix)
            .field("timeout", &self.timeout)
            .field("full_read_connections", &self.full_read_connections)
            .field("root_certificates.bytes", &certificates)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown() {
        for (urls, place) in [
            (
                "redis://ada:se%2Fcret@a:1/0,rediss://:secret@b:2",
                "a:1, b:2",
            ),
            ("redis://:se,cret@a:1", "(not an address)"),
            ("redis://:secret", "(not an address)"),
        ] {
            let shown = format!("{:?}", RedisConfig::new(urls));
            assert!(shown.contains(place), "{shown}");
            assert!(!shown.contains("cret") && !shown.contains("ada"), "{shown}");
        }
    }
}
