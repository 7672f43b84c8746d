//! What the script that applies a batch replies.

use fiml_session_core::{
    Applied, ChangeBatch, Limits, Refusal, SessionId, StateMap,
    store::{BoxError, StoreError},
};
use redis::{FromRedisValue, Value};

use crate::{answer::read_applied, bytes::Reader, error::corrupt, header};

/// The answer, or the same refusal that `fiml_session_core::admit` gives; none where there is no such session.
pub(crate) fn read(
    id: SessionId,
    reply: Value,
    batch: &ChangeBatch,
    limits: &Limits,
) -> Result<Option<Applied>, StoreError> {
    let read = match reply {
        Value::Nil => return Ok(None),
        Value::BulkString(numbers) => header::read_applied(&numbers).map(Ok),
        reply => redis::from_redis_value(reply)
            .map_err(BoxError::from)
            .and_then(|parts| read_parts(parts, batch, limits)),
    };
    let read = read.map_err(|source| corrupt(Some(id), source))?;
    Ok(Some(read?))
}

fn read_parts(
    reply: Vec<Value>,
    batch: &ChangeBatch,
    limits: &Limits,
) -> Result<Result<Applied, Refusal>, BoxError> {
    let mut parts = reply.into_iter();
    let refusal = match next(&mut parts)? {
        0_u8 => {
            let bytes: Vec<u8> = next(&mut parts)?;
            return Ok(Ok(read_applied(&mut Reader(&bytes))?));
        }
        1 => {
            let bytes: Vec<u8> = next(&mut parts)?;
            let expires_at = Reader(&bytes).instant()?;
            Refusal::Expired { expires_at }
        }
        2 => Refusal::QueryLimit {
            limit: limits.max_queries,
            held: next(&mut parts)?,
            offered: next(&mut parts)?,
        },
        3 => Refusal::too_many_tags(next(&mut parts)?, limits),
        4 => {
            let map: usize = next(&mut parts)?;
            let map = StateMap::ALL.get(map).ok_or("there is no such map")?;
            Refusal::too_many_entries(*map, next(&mut parts)?, limits)
        }
        5 => Refusal::too_many_bytes(next(&mut parts)?, limits),
        6 => Refusal::VersionConflict {
            expected: batch.expected_version.ok_or("no version was expected")?,
            found: next(&mut parts)?,
        },
        7 => {
            let index: usize = next(&mut parts)?;
            let expected = batch
                .expected_entries
                .get(index)
                .ok_or("no such entry was expected")?;
            Refusal::EntryConflict {
                map: expected.map,
                key: expected.key.clone(),
                expected: expected.version,
                found: u64::try_from(next::<i64>(&mut parts)?).ok(),
            }
        }
        8 => {
            let key = batch.idempotency.as_ref().ok_or("no key was given")?;
            Refusal::IdempotencyConflict {
                key: key.key().to_owned(),
            }
        }
        other => return Err(format!("the script replied {other}").into()),
    };
    Ok(Err(refusal))
}

fn next<T: FromRedisValue>(parts: &mut impl Iterator<Item = Value>) -> Result<T, BoxError> {
    let part = parts
        .next()
        .ok_or("the reply of the script ends too early")?;
    Ok(redis::from_redis_value(part)?)
}
