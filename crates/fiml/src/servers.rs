//! The two servers that hold the sessions where one file is not enough.

use std::fmt;

use fiml_store_pg::PgConfig;
use fiml_store_redis::RedisConfig;

/// The two tiers.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Servers {
    /// Where live sessions are.
    pub(crate) redis_url: String,
    /// What every key begins with, where somebody says.
    pub(crate) key_prefix: Option<String>,
    /// Where archived sessions are.
    pub(crate) database_url: String,
    /// In which schema, where somebody says.
    pub(crate) schema: Option<String>,
}

impl Servers {
    /// How the Redis is used.
    pub(crate) fn redis(&self) -> RedisConfig {
        let mut config = RedisConfig::new(&self.redis_url);
        if let Some(prefix) = &self.key_prefix {
            config.key_prefix.clone_from(prefix);
        }
        config
    }

    /// How the PostgreSQL is used.
    pub(crate) fn postgres(&self) -> PgConfig {
        PgConfig {
            schema: self.schema.clone(),
            ..PgConfig::new(&self.database_url)
        }
    }
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (redis, postgres) = (self.redis().place(), self.postgres().place());
        write!(f, "Redis at {redis} and PostgreSQL at {postgres}")
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Servers({self})")
    }
}
