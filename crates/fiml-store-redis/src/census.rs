//! Counts live sessions by the expiry index of each bucket.

use async_trait::async_trait;
use fiml_session_core::{
    SessionId, Timestamp,
    store::{ActiveCensus, Census, StoreError},
};
use redis::{Cmd, cmd};
use tracing::instrument;

use crate::{
    bytes::Reader,
    error::corrupt,
    keys::{BUCKETS, Part},
    store::RedisStore,
    walk::last_of,
};

#[async_trait]
impl ActiveCensus for RedisStore {
    #[instrument(level = "debug", skip_all)]
    async fn census(&self, at: Timestamp, due: Timestamp) -> Result<Census, StoreError> {
        let (behind, due) = (last_of(at), last_of(due));
        let behind = [b"(", &behind[..]].concat();
        let due = [b"[", &due[..]].concat();
        let mut asked = self.ask_buckets("ZLEXCOUNT", Part::Expiry, |ask| {
            ask.arg(&behind).arg("+");
        });
        asked.extend(self.ask_buckets("ZLEXCOUNT", Part::Expiry, |ask| {
            ask.arg("-").arg(&due);
        }));
        asked.extend(self.ask_buckets("HLEN", Part::Quarantine, |_| {}));
        let call = self.reads(None);
        let counted: Vec<u64> = self.link.reads(call, asked).await?;
        let firsts = self.ask_buckets("ZRANGEBYLEX", Part::Expiry, |ask| {
            ask.arg("-").arg(&due).arg("LIMIT").arg(0).arg(1);
        });
        let firsts: Vec<Vec<Vec<u8>>> = self.link.reads(call, firsts).await?;
        // A place begins with its instant, and their order is that of the instants.
        let oldest = firsts.into_iter().flatten().min();
        let oldest = oldest.map(|place| Reader(&place).instant()).transpose();
        let mut sums = counted
            .chunks(usize::from(BUCKETS))
            .map(|of| of.iter().sum());
        let mut next = || sums.next().unwrap_or(0);
        Ok(Census {
            active: next(),
            waiting: next(),
            oldest: oldest.map_err(|source| corrupt(None, source))?,
            quarantined: next(),
        })
    }
}

impl RedisStore {
    /// One command on a part of every bucket.
    fn ask_buckets(
        &self,
        name: &str,
        part: Part,
        ask: impl Fn(&mut Cmd),
    ) -> Vec<(Option<SessionId>, Cmd)> {
        let commands = (0..BUCKETS).map(|bucket| {
            let mut command = cmd(name);
            command.arg(self.keys.of_bucket(bucket, part));
            ask(&mut command);
            (None, command)
        });
        commands.collect()
    }
}
