//! A remembered answer as bytes: the instant, the figures, the fingerprint.

use fiml_session_core::{
    Applied, IdempotencyKey, RememberedAnswer, SessionId,
    store::{BoxError, StoreError},
};
use serde_json::json;

use crate::{
    bytes::{InstantBytes, Reader, instant_bytes},
    error::corrupt,
    header::six_bytes,
};

/// The field of a key; no other begins like it.
pub(crate) fn field(key: &IdempotencyKey) -> Vec<u8> {
    [b"k", key.key().as_bytes()].concat()
}

/// The mark beside the answers: the greatest of their instants, and a byte more where they are not in the
/// order of these; empty where there are none.
pub(crate) fn mark(answers: &[RememberedAnswer]) -> Vec<u8> {
    let Some(newest) = answers.iter().map(|answer| answer.at).max() else {
        return Vec::new();
    };
    let mut mark = instant_bytes(newest).to_vec();
    if !answers.is_sorted_by_key(|answer| answer.at) {
        mark.push(b'!');
    }
    mark
}

pub(crate) fn encode(answer: &RememberedAnswer) -> Result<Vec<u8>, StoreError> {
    let applied = &answer.applied;
    let mut bytes = instant_bytes(answer.at).to_vec();
    for count in [applied.version, applied.total_queries, applied.cache_hits] {
        bytes.extend(six_bytes(count)?);
    }
    let instants: [InstantBytes; 2] =
        [applied.expires_at, applied.last_accessed_at].map(instant_bytes);
    bytes.extend(instants.as_flattened());
    bytes.push(if applied.ttl_capped { b'1' } else { b'0' });
    bytes.extend(answer.key.fingerprint().as_bytes());
    Ok(bytes)
}

/// The answer under a field.
pub(crate) fn decode(
    id: SessionId,
    field: &[u8],
    bytes: &[u8],
) -> Result<RememberedAnswer, StoreError> {
    read(field, bytes).map_err(|source| corrupt(Some(id), source))
}

fn read(field: &[u8], bytes: &[u8]) -> Result<RememberedAnswer, BoxError> {
    let key = field
        .strip_prefix(b"k")
        .ok_or("a field is not one of a key")?;
    let mut reader = Reader(bytes);
    let at = reader.instant()?;
    let applied = read_applied(&mut reader)?;
    let (key, fingerprint) = (std::str::from_utf8(key)?, std::str::from_utf8(reader.0)?);
    let key = serde_json::from_value(json!({"key": key, "fingerprint": fingerprint}))?;
    Ok(RememberedAnswer { key, at, applied })
}

/// The figures of an answer, as scripts write them.
pub(crate) fn read_applied(reader: &mut Reader<'_>) -> Result<Applied, BoxError> {
    let mut six = || reader.fixed(6);
    let (version, total_queries, cache_hits) = (six()?, six()?, six()?);
    Ok(Applied {
        version,
        total_queries,
        cache_hits,
        expires_at: reader.instant()?,
        last_accessed_at: reader.instant()?,
        ttl_capped: reader.byte()? == b'1',
    })
}
