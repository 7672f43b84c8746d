//! A process that moves sessions between Redis and PostgreSQL until a step of its own kills it.
//!
//! For the tests of kills only. The protocol's steps are calls to the ports, so that its death is put there,
//! by decorators, and the product knows nothing of it. The arguments, in this order: the address of Redis,
//! the prefix of its keys, the address of PostgreSQL, its schema, the instant at which the clock stands, in
//! microseconds, the longest life of a session in seconds, the [`Doom`], the work, and the sessions to work on.
//!
//! It prints `ready` once it is connected and `done` with the id after each session that it was told is
//! extended or deleted.

mod active;
mod archive;
mod doom;
mod work;

use std::{error::Error, io::Write, sync::Arc, time::Duration};

use fiml_session_core::{ManualClock, Policy, SessionId, SessionStore, Stores, Timestamp};
use fiml_store_pg::{PgConfig, PgStore};
use fiml_store_redis::{RedisConfig, RedisStore};

use crate::{active::DoomedActive, archive::DoomedArchive, doom::Doom, work::Work};

/// What it is told.
#[derive(Debug)]
struct Orders {
    redis: RedisConfig,
    postgres: PgConfig,
    at: Timestamp,
    policy: Policy,
    doom: Doom,
    work: Work,
    sessions: Vec<SessionId>,
}

impl Orders {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut next = || words.next().ok_or("too few arguments");
        let redis = RedisConfig::new(next()?);
        let key_prefix = next()?;
        let postgres = PgConfig::new(next()?);
        let schema = Some(next()?);
        let at = Timestamp::from_micros(next()?.parse()?);
        let mut policy = Policy::default();
        policy.limits.max_ttl = Duration::from_secs(next()?.parse()?);
        let (doom, work) = (next()?.parse()?, next()?.parse()?);
        let sessions: Result<_, _> = words.map(|word| word.parse()).collect();
        Ok(Self {
            redis: RedisConfig {
                key_prefix,
                ..redis
            },
            postgres: PgConfig { schema, ..postgres },
            at,
            policy,
            doom,
            work,
            sessions: sessions?,
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let orders = Orders::read(std::env::args().skip(1))?;
    let doom = Arc::new(orders.doom);
    let archive = Arc::new(PgStore::connect(orders.postgres).await?);
    let stores = Stores {
        active: Arc::new(DoomedActive {
            inner: RedisStore::connect(orders.redis).await?,
            doom: Arc::clone(&doom),
        }),
        metrics: Arc::<PgStore>::clone(&archive),
        archive: Arc::new(DoomedArchive {
            inner: archive,
            doom,
        }),
    };
    let clock = Arc::new(ManualClock::new(orders.at));
    let store = SessionStore::new(stores, orders.policy, clock);
    say("ready")?;
    orders.work.run(&store, &orders.sessions).await
}

/// One line to the test, at once.
fn say(line: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}
