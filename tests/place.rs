//! Where the sessions of a test are kept: in one file, or in Redis and PostgreSQL.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use fiml_session_core::{ManualClock, Policy, SessionStore, Stores, SystemClock, store::JobStore};
use fiml_store_pg::{PgConfig, PgStore};
use fiml_store_redis::{RedisConfig, RedisStore};
use fiml_testkit::servers::{shared_postgres, shared_redis, unique};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::{support::fiml, whereabouts::Whereabouts};

/// A place of its own for one test, empty at first; a handle.
#[derive(Debug, Clone)]
pub struct Place(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: TempDir,
    tiers: Option<Tiers>,
}

/// Two servers, and what tells this test's part of them from others'.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tiers {
    /// The Redis of live sessions.
    pub redis_url: String,
    /// What every key begins with.
    pub key_prefix: String,
    /// The PostgreSQL of archived sessions.
    pub database_url: String,
    /// The schema of the tables.
    pub schema: String,
}

impl Tiers {
    /// A part of its own of the servers that every test of this process shares.
    #[must_use]
    pub fn shared() -> Self {
        Self::on(&shared_redis().url(), &shared_postgres().url())
    }

    /// A part of its own of these servers.
    #[must_use]
    pub fn on(redis_url: &str, database_url: &str) -> Self {
        Self {
            redis_url: redis_url.to_owned(),
            key_prefix: unique("fiml"),
            database_url: database_url.to_owned(),
            schema: unique("fiml"),
        }
    }

    /// The settings that name it.
    #[must_use]
    pub fn settings(&self) -> [(&'static str, &str); 4] {
        [
            ("REDIS_URL", &self.redis_url),
            ("REDIS_KEY_PREFIX", &self.key_prefix),
            ("DATABASE_URL", &self.database_url),
            ("DATABASE_SCHEMA", &self.schema),
        ]
    }

    /// Has a command use it, instead of the file that it names.
    pub fn set<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env_remove("FIML_DATA").envs(self.settings())
    }

    /// Live sessions.
    pub async fn redis(&self) -> RedisStore {
        let config = RedisConfig {
            key_prefix: self.key_prefix.clone(),
            ..RedisConfig::new(&self.redis_url)
        };
        RedisStore::connect(config).await.expect("Redis is there")
    }

    /// Archived sessions.
    pub async fn postgres(&self) -> PgStore {
        let config = PgConfig {
            schema: Some(self.schema.clone()),
            ..PgConfig::new(&self.database_url)
        };
        PgStore::connect(config).await.expect("PostgreSQL is there")
    }

    /// Both.
    pub async fn stores(&self) -> Stores {
        Whereabouts::Servers(self.clone()).open().await.stores
    }

    /// A service on both that keeps the time by hand, with the clock.
    pub async fn service(&self, policy: Policy) -> (SessionStore, Arc<ManualClock>) {
        let at = fiml_session_core::Clock::now(&SystemClock);
        let clock = Arc::new(ManualClock::new(at));
        let telling = Arc::<ManualClock>::clone(&clock);
        (
            SessionStore::new(self.stores().await, policy, telling),
            clock,
        )
    }
}

impl Place {
    /// One file in a folder of its own.
    #[must_use]
    pub fn embedded() -> Self {
        Self::with(None)
    }

    /// Redis and PostgreSQL, which other tests use too.
    #[must_use]
    pub fn two_tiers() -> Self {
        Self::with(Some(Tiers::shared()))
    }

    fn with(tiers: Option<Tiers>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self(Arc::new(Inner { folder, tiers }))
    }

    /// A folder that ends with the test.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    /// The file of sessions, or where it would be.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder().join("data").join("sessions.db")
    }

    /// A command of `fiml` on this place, with settings of its own and none of the machine's.
    #[must_use]
    pub fn fiml(&self) -> Command {
        let mut command = fiml(&self.data());
        if let Some(tiers) = &self.0.tiers {
            tiers.set(&mut command);
        }
        command
    }

    /// Where it is, for a process of the test's own.
    #[must_use]
    pub fn whereabouts(&self) -> Whereabouts {
        if let Some(tiers) = &self.0.tiers {
            return Whereabouts::Servers(tiers.clone());
        }
        let data = self.data();
        std::fs::create_dir_all(data.parent().expect("a folder")).expect("it can be made");
        Whereabouts::File(data)
    }

    /// The runs of jobs, opened by the test itself.
    pub async fn runs(&self) -> Arc<dyn JobStore> {
        self.whereabouts().open().await.runs
    }

    /// The same stores, opened by the test itself.
    pub async fn stores(&self) -> Stores {
        self.whereabouts().open().await.stores
    }
}

/// Turns functions of a [`Place`] into tests, each in every place.
#[macro_export]
macro_rules! in_every_place {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(#[test]
            fn $name() {
                super::$name(&$crate::place::Place::embedded());
            })+
        }

        mod two_tiers {
            $(#[test]
            fn $name() {
                super::$name(&$crate::place::Place::two_tiers());
            })+
        }
    };
}
