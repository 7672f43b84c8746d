//! Where the database is and how it is used.

use std::{fmt, num::NonZeroUsize, time::Duration};

use crate::address::Address;

/// Where the database is and how it is used; every field may be changed.
///
/// `Debug` shows neither user nor password.
#[derive(Clone, PartialEq, Eq)]
pub struct PgConfig {
    /// `postgres://user:password@host:5432/database?sslmode=…`, the value of `DATABASE_URL`.
    ///
    /// `sslmode` means what it means to libpq: `disable`; `prefer`, the default, which encrypts where the
    /// server can; `require`, which refuses to speak in the clear; `verify-ca`, which also checks who signed
    /// the server's certificate; `verify-full`, which checks its name too. `sslrootcert` is a PEM file of
    /// the authorities to trust; without it, or with `system`, those of the operating system are.
    pub url: String,
    /// The schema that holds the tables, a plain identifier; made where it is missing. Where none is given,
    /// the `search_path` of the user decides.
    pub schema: Option<String>,
    /// How many connections are open at most.
    pub pool_size: NonZeroUsize,
    /// How long a call takes at most, waiting for a connection included.
    pub timeout: Duration,
    /// How long a call takes at most whose work grows with the number of sessions: staging, purging, figures.
    pub batch_timeout: Duration,
}

/// How many connections are open at most, where nobody says.
pub const DEFAULT_POOL_SIZE: NonZeroUsize = NonZeroUsize::new(8).expect("more than zero");
/// How long a call takes at most, where nobody says.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a call over many sessions takes at most, where nobody says.
pub const DEFAULT_BATCH_TIMEOUT: Duration = Duration::from_secs(30);

impl PgConfig {
    /// This database, used as it should be where nobody knows better.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            schema: None,
            pool_size: DEFAULT_POOL_SIZE,
            timeout: DEFAULT_TIMEOUT,
            batch_timeout: DEFAULT_BATCH_TIMEOUT,
        }
    }
}

impl fmt::Debug for PgConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = Address::parse(self).map(|address| address.place);
        f.debug_struct("PgConfig")
            .field("place", &place.as_deref().unwrap_or("(not an address)"))
            .field("schema", &self.schema)
            .field("pool_size", &self.pool_size)
            .field("timeout", &self.timeout)
            .field("batch_timeout", &self.batch_timeout)
            .finish()
    }
}
