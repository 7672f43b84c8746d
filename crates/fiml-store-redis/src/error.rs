//! What the driver's errors mean; nothing else looks at its codes.

use fiml_session_core::{
    SessionId,
    store::{BoxError, StoreError},
};
use redis::{ErrorKind, RedisError};
use thiserror::Error;

/// How errors name this store.
pub(crate) const STORE: &str = "Redis";

/// Why a store was not connected.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address is not one of Redis.
    #[error(
        "the address of Redis {problem}; it is redis://[user[:password]@]host[:port][/database], \
             rediss:// for TLS, several nodes of a cluster separated by commas"
    )]
    InvalidUrl {
        /// What is wrong with it, as the end of a sentence; it shows no credentials.
        problem: String,
    },
    /// The prefix of keys has characters that part names.
    #[error("the key prefix {prefix:?} is not 1 to 64 of A-Z a-z 0-9 _ - . :")]
    InvalidPrefix {
        /// The prefix.
        prefix: String,
    },
    /// No server answers.
    #[error("no Redis answers at {address}")]
    Unreachable {
        /// Where, without credentials.
        address: String,
        /// What the driver said.
        source: BoxError,
    },
    /// The server does not let this user in, or not at these keys.
    #[error("Redis at {address} refuses this user")]
    Forbidden {
        /// Where, without credentials.
        address: String,
        /// What the driver said.
        source: BoxError,
    },
    /// The server is a replica.
    #[error(
        "Redis at {address} is a replica, which takes no changes: give the address of its primary"
    )]
    ReadOnly {
        /// Where, without credentials.
        address: String,
        /// What the driver said.
        source: BoxError,
    },
    /// Several addresses were given, and there is no cluster.
    #[error("Redis at {address} is no node of a cluster, so only one address may be given")]
    NotACluster {
        /// Where, without credentials.
        address: String,
    },
    /// The keys under this prefix are those of another program.
    #[error("the key {key} in Redis is not one of FIML sessions: use another key prefix")]
    NotOurs {
        /// The key.
        key: String,
    },
    /// The sessions under this prefix are spread over another number of buckets.
    #[error(
        "the key {key} in Redis says that sessions are spread over {found} buckets, and this program \
             knows {known}: use the program that wrote them, or another key prefix"
    )]
    OtherBuckets {
        /// The key that says so.
        key: String,
        /// The number found.
        found: String,
        /// The number known.
        known: u16,
    },
    /// The sessions under this prefix are laid out in another way.
    #[error(
        "the key {key} in Redis says that sessions have layout {found}, and this program knows {known}: \
             use the program that wrote them, or another key prefix"
    )]
    OtherLayout {
        /// The key that says so.
        key: String,
        /// The layout found.
        found: String,
        /// The layout known.
        known: u16,
    },
    /// Anything else.
    #[error("Redis at {address} cannot be used")]
    Failed {
        /// Where, without credentials.
        address: String,
        /// What went wrong.
        source: BoxError,
    },
}

impl ConnectError {
    /// What an error means that came while connecting.
    pub(crate) fn at(address: String, error: RedisError) -> Self {
        let complaint = Complaint::of(&error);
        let source = error.into();
        match complaint {
            Complaint::Away | Complaint::NotSent | Complaint::Broken | Complaint::Redirected => {
                Self::Unreachable { address, source }
            }
            Complaint::Forbidden => Self::Forbidden { address, source },
            Complaint::ReadOnly => Self::ReadOnly { address, source },
            Complaint::NoScript
            | Complaint::Full
            | Complaint::Damaged
            | Complaint::Garbled
            | Complaint::Stopped
            | Complaint::Other => Self::Failed { address, source },
        }
    }
}

/// What the driver complains about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// The server will not serve for now; nothing was done.
    Away,
    /// The driver found nobody to send it to.
    NotSent,
    /// The connection broke, perhaps after the command was sent.
    Broken,
    /// Another node of the cluster has the keys, or will have them soon; nothing was done.
    Redirected,
    /// The server does not know the script; nothing was done.
    NoScript,
    /// The server is a replica; nothing was done.
    ReadOnly,
    /// The server has no room, or cannot write to its disk; nothing was done.
    Full,
    /// What lies under the keys is not what was stored there.
    Damaged,
    /// The answer is not one to what was asked.
    Garbled,
    /// A script ended early, perhaps after it had written.
    Stopped,
    /// The server does not let this user do it.
    Forbidden,
    Other,
}

impl Complaint {
    pub(crate) fn of(error: &RedisError) -> Self {
        match error.kind() {
            ErrorKind::Io if error.is_connection_refusal() => Self::NotSent,
            ErrorKind::Io => Self::Broken,
            ErrorKind::ClusterConnectionNotFound => Self::NotSent,
            ErrorKind::AuthenticationFailed => Self::Forbidden,
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Self::Garbled,
            _ => Self::of_server(error),
        }
    }

    /// Where it looked for the nodes of a cluster in vain, the driver says so of everything under way, also of
    /// what it had sent.
    pub(crate) const fn on_cluster(self) -> Self {
        match self {
            Self::NotSent => Self::Broken,
            complaint => complaint,
        }
    }

    /// An aborted transaction carries the errors of its commands, of which the first tells why.
    fn of_server(error: &RedisError) -> Self {
        let errors = error.clone().into_server_errors();
        let told = errors.iter().flat_map(|errors| errors.iter());
        let mut complaints =
            told.map(|(_, error)| Self::of_code(error.code(), error.details().unwrap_or_default()));
        complaints
            .find(|complaint| *complaint != Self::Other)
            .unwrap_or(Self::Other)
    }

    fn of_code(code: &str, details: &str) -> Self {
        // So the server names the line of a script that an error came from.
        let in_script = details.contains("user_script");
        match code {
            "MOVED" | "ASK" | "TRYAGAIN" => Self::Redirected,
            "NOSCRIPT" => Self::NoScript,
            "READONLY" => Self::ReadOnly,
            "LOADING" | "CLUSTERDOWN" | "MASTERDOWN" | "NOREPLICAS" | "BUSY" => Self::Away,
            "OOM" | "MISCONF" => Self::Full,
            "WRONGTYPE" | "DAMAGED" => Self::Damaged,
            "NOAUTH" | "WRONGPASS" | "NOPERM" if !in_script => Self::Forbidden,
            // The error of a script may carry the code of what it called in its text only.
            _ if details.contains("-OOM ") || details.contains("OOM command not allowed") => {
                Self::Full
            }
            _ if details.contains("WRONGTYPE") => Self::Damaged,
            _ if details.starts_with("max number of clients") => Self::Away,
            _ if in_script => Self::Stopped,
            _ => Self::Other,
        }
    }
}

/// Whether a call changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Reads,
    Changes,
}

/// The store's error for what the driver complains about in a call, and of a session where it is about one.
pub(crate) fn driver(
    effect: Effect,
    id: Option<SessionId>,
    complaint: Complaint,
    error: RedisError,
) -> StoreError {
    let (store, source) = (STORE, BoxError::from(error));
    match complaint {
        Complaint::Broken | Complaint::Garbled | Complaint::Stopped
            if effect == Effect::Changes =>
        {
            StoreError::OutcomeUnknown { store, source }
        }
        Complaint::Away
        | Complaint::NotSent
        | Complaint::Broken
        | Complaint::Redirected
        | Complaint::ReadOnly => StoreError::Unavailable { store, source },
        Complaint::Full => StoreError::Full { store, source },
        Complaint::Damaged | Complaint::Garbled => StoreError::Corrupt { store, id, source },
        Complaint::NoScript | Complaint::Forbidden | Complaint::Stopped | Complaint::Other => {
            StoreError::Backend { store, source }
        }
    }
}

/// The store's error for a call that got no answer in time.
pub(crate) fn timed_out(effect: Effect, after: std::time::Duration) -> StoreError {
    let (store, source) = (STORE, format!("no answer within {after:?}").into());
    match effect {
        Effect::Reads => StoreError::Unavailable { store, source },
        Effect::Changes => StoreError::OutcomeUnknown { store, source },
    }
}

/// What is stored of a session cannot be read.
pub(crate) fn corrupt(id: Option<SessionId>, source: impl Into<BoxError>) -> StoreError {
    StoreError::Corrupt {
        store: STORE,
        id,
        source: source.into(),
    }
}

/// A number does not fit: a fault of ours or of the caller, and nothing was done.
pub(crate) fn failed(source: impl Into<BoxError>) -> StoreError {
    StoreError::Backend {
        store: STORE,
        source: source.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(code: &str, details: &str) -> RedisError {
        redis::make_extension_error(code.to_owned(), Some(details.to_owned()))
    }

    fn broken(kind: std::io::ErrorKind) -> RedisError {
        std::io::Error::from(kind).into()
    }

    fn told(effect: Effect, error: RedisError) -> StoreError {
        driver(effect, None, Complaint::of(&error), error)
    }

    #[test]
    fn what_the_server_says_decides_what_the_caller_can_do() {
        let said = |code, details| told(Effect::Changes, server(code, details));
        for code in [
            "LOADING",
            "CLUSTERDOWN",
            "MASTERDOWN",
            "READONLY",
            "TRYAGAIN",
        ] {
            let error = said(code, "");
            assert!(matches!(error, StoreError::Unavailable { .. }), "{code}");
        }
        for (code, details) in [
            ("OOM", "command not allowed when used memory > 'maxmemory'."),
            ("MISCONF", "Redis is configured to save RDB snapshots"),
            (
                "ERR",
                "Error running script: @user_script:3: -OOM command not allowed",
            ),
        ] {
            assert!(
                matches!(said(code, details), StoreError::Full { .. }),
                "{code}"
            );
        }
        let error = said("WRONGTYPE", "Operation against a key");
        assert!(matches!(error, StoreError::Corrupt { .. }));
        let error = said("NOPERM", "this user has no permissions");
        assert!(matches!(error, StoreError::Backend { .. }));
    }

    #[test]
    fn a_script_that_stopped_in_the_middle_may_have_changed_something() {
        for (code, details) in [
            (
                "ERR",
                "hash value is not an integer script: 0a1b, on @user_script:92.",
            ),
            (
                "NOPERM",
                "ACL failure in script: no permissions script: 0a1b, on @user_script:9.",
            ),
        ] {
            let error = told(Effect::Changes, server(code, details));
            assert!(matches!(error, StoreError::OutcomeUnknown { .. }), "{code}");
            let error = told(Effect::Reads, server(code, details));
            assert!(matches!(error, StoreError::Backend { .. }), "{code}");
        }
        let garbled = || redis::from_redis_value::<u8>(redis::Value::Okay).unwrap_err();
        let error = told(Effect::Changes, garbled().into());
        assert!(matches!(error, StoreError::OutcomeUnknown { .. }));
        let error = told(Effect::Reads, garbled().into());
        assert!(matches!(error, StoreError::Corrupt { .. }));
    }

    #[test]
    fn a_change_whose_connection_broke_may_have_been_made_and_a_read_may_be_repeated() {
        let reset = || broken(std::io::ErrorKind::ConnectionReset);
        let error = told(Effect::Changes, reset());
        assert!(matches!(error, StoreError::OutcomeUnknown { .. }));
        let error = told(Effect::Reads, reset());
        assert!(matches!(error, StoreError::Unavailable { .. }));
        let refused = || broken(std::io::ErrorKind::ConnectionRefused);
        let error = told(Effect::Changes, refused());
        assert!(matches!(error, StoreError::Unavailable { .. }));
        let complaint = Complaint::of(&refused()).on_cluster();
        let error = driver(Effect::Changes, None, complaint, refused());
        assert!(matches!(error, StoreError::OutcomeUnknown { .. }));
    }
}
