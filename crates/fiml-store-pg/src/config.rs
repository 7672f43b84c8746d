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
    /// the authorities to trust; without it, or with `system`, `verify-full` trusts those of the operating
    /// system. `verify-ca` needs the file, since anybody may have a certificate of a public authority.
    ///
    /// Where several hosts are named they are dialled in turn and share the time-out.
    pub url: String,
    /// The schema that holds the tables, a plain identifier; made where it is missing. Where none is given,
    /// the `search_path` of the user decides.
    pub schema: Option<String>,
    /// How many connections are open at most.
    pub pool_size: NonZeroUsize,
    /// How long a call takes at most, waiting for a connection included.
    pub timeout: Duration,
    /// How long a call takes at most whose work grows with the number of sessions: staging, purging, figures. One
    /// that reads gives up after [`timeout`](Self::timeout) where the server has not shown by then that it is there.
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

    /// Hosts, ports, database and schema, to be shown: `db.example:5432/fiml, schema fiml`.
    ///
    /// It never holds the password, nor the user's name, unless the database has that name. Where the
    /// address or the schema cannot be understood it is `(not an address)`.
    #[must_use]
    pub fn place(&self) -> String {
        let Ok(address) = Address::parse(self) else {
            return "(not an address)".to_owned();
        };
        match &address.schema {
            Some(schema) => format!("{}, schema {schema}", address.place),
            None => address.place,
        }
    }
}

impl fmt::Debug for PgConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgConfig")
            .field("place", &self.place())
            .field("pool_size", &self.pool_size)
            .field("timeout", &self.timeout)
            .field("batch_timeout", &self.batch_timeout)
            .finish()
    }
}
