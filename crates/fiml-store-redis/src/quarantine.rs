//! Sets sessions aside.

use std::{cmp::Reverse, num::NonZeroUsize};

use fiml_session_core::{
    SessionId, Timestamp,
    store::{BoxError, Quarantined, StoreError},
};
use redis::cmd;
use uuid::Uuid;

use crate::{
    bytes::{Reader, instant_bytes},
    error::corrupt,
    keys::{BUCKETS, Part},
    script::{Operands, QUARANTINE},
    store::RedisStore,
};

impl RedisStore {
    pub(crate) async fn set_aside(
        &self,
        id: SessionId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let parts = [Part::Header, Part::Expiry, Part::Quarantine];
        let operands = Operands {
            keys: parts.map(|part| self.keys.of(id, part)).to_vec(),
            arguments: vec![
                id.uuid().as_bytes().to_vec(),
                [&instant_bytes(at)[..], reason.as_bytes()].concat(),
            ],
        };
        let call = self.changes(Some(id));
        self.link.script(call, &QUARANTINE, &operands).await
    }

    pub(crate) async fn set_aside_latest(
        &self,
        limit: NonZeroUsize,
    ) -> Result<Vec<Quarantined>, StoreError> {
        let reads = (0..BUCKETS).map(|bucket| {
            let mut read = cmd("HGETALL");
            read.arg(self.keys.of_bucket(bucket, Part::Quarantine));
            (None, read)
        });
        let reads: Vec<_> = reads.collect();
        let found: Vec<Vec<(Vec<u8>, Vec<u8>)>> = self.link.reads(self.reads(None), reads).await?;
        let rows = found.into_iter().flatten();
        let rows = rows.map(|(id, told)| read(&id, &told).map_err(|source| corrupt(None, source)));
        let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
        rows.sort_by_key(|row| Reverse((row.at, row.id)));
        rows.truncate(limit.get());
        Ok(rows)
    }
}

fn read(id: &[u8], told: &[u8]) -> Result<Quarantined, BoxError> {
    let mut reader = Reader(told);
    Ok(Quarantined {
        id: SessionId::from_uuid(Uuid::from_slice(id)?),
        at: reader.instant()?,
        reason: std::str::from_utf8(reader.0)?.to_owned(),
    })
}
