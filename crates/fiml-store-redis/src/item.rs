//! A query as bytes: what it has of its fields, one behind the other, without their names.
//!
//! The head says which fields follow. Number and version come next, then the instant, because a script gives
//! them; the tail holds the rest. Parameters are written by `rmp-serde`, where numbers keep their bits;
//! `examples/item_forms` measures this against other forms.

use fiml_session_core::{
    QueryRecord, RecentQuery, SessionId, Timestamp,
    store::{BoxError, StoreError},
};

use crate::{
    bytes::{Reader, instant_bytes, push_number, push_text},
    error::{corrupt, failed},
};

/// The format that this module writes.
const FORMAT: u8 = 1;

const TIMESTAMP: u8 = 1;
const CACHE_HIT: u8 = 1 << 1;
const PARAMETERS: u8 = 1 << 2;
const SUMMARY: u8 = 1 << 3;
const EXECUTION_TIME: u8 = 1 << 4;
const SOURCE: u8 = 1 << 5;
const AS_OF: u8 = 1 << 6;
const ERROR: u8 = 1 << 7;

/// What stands before number and version: the format, and which fields follow; a script that gives the
/// instant adds its bit.
pub(crate) fn head(query: &QueryRecord) -> [u8; 2] {
    let mut fields = 0;
    for (field, is_there) in [
        (TIMESTAMP, query.timestamp.is_some()),
        (CACHE_HIT, query.cache_hit),
        (PARAMETERS, !query.parameters.is_empty()),
        (SUMMARY, !query.result_summary.is_empty()),
        (EXECUTION_TIME, query.execution_time_ms.is_some()),
        (SOURCE, query.source.is_some()),
        (AS_OF, query.as_of.is_some()),
        (ERROR, query.error.is_some()),
    ] {
        if is_there {
            fields |= field;
        }
    }
    [FORMAT, fields]
}

/// What stands behind number and version, with the instant where the query has one.
pub(crate) fn tail(query: &QueryRecord) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(room_for(query));
    push_tail(&mut bytes, query)?;
    Ok(bytes)
}

/// As many bytes as most queries need.
fn room_for(query: &QueryRecord) -> usize {
    128 + query.query_type.len() + query.result_summary.len()
}

fn push_tail(bytes: &mut Vec<u8>, query: &QueryRecord) -> Result<(), StoreError> {
    if let Some(timestamp) = query.timestamp {
        bytes.extend(instant_bytes(timestamp));
    }
    push_text(bytes, query.query_type.as_bytes());
    if !query.parameters.is_empty() {
        let parameters = rmp_serde::to_vec(&query.parameters).map_err(failed)?;
        push_text(bytes, &parameters);
    }
    if !query.result_summary.is_empty() {
        push_text(bytes, query.result_summary.as_bytes());
    }
    if let Some(ms) = query.execution_time_ms {
        bytes.extend(ms.to_bits().to_be_bytes());
    }
    if let Some(source) = &query.source {
        push_text(bytes, source.as_bytes());
    }
    if let Some(as_of) = query.as_of {
        bytes.extend(instant_bytes(as_of));
    }
    if let Some(error) = &query.error {
        push_text(bytes, error.as_bytes());
    }
    Ok(())
}

/// A query that has its number and version.
pub(crate) fn encode(query: &QueryRecord) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(room_for(query));
    bytes.extend(head(query));
    push_number(&mut bytes, query.seq);
    push_number(&mut bytes, query.version);
    push_tail(&mut bytes, query)?;
    Ok(bytes)
}

/// The query in these bytes.
pub(crate) fn decode(id: SessionId, bytes: &[u8]) -> Result<QueryRecord, StoreError> {
    let parsed = Parts::of(bytes).and_then(Parts::query);
    parsed.map_err(|source| corrupt(Some(id), source))
}

/// The query in these bytes, as an overview shows it.
pub(crate) fn decode_recent(id: SessionId, bytes: &[u8]) -> Result<RecentQuery, StoreError> {
    let parts = Parts::of(bytes).map_err(|source| corrupt(Some(id), source))?;
    Ok(parts.recent)
}

/// A query whose parameters are not read yet.
struct Parts<'a> {
    recent: RecentQuery,
    version: u64,
    parameters: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, BoxError> {
        let mut reader = Reader(bytes);
        reader.expect_format(FORMAT)?;
        let fields = reader.byte()?;
        let has = |field| fields & field != 0;
        let (seq, version) = (reader.number()?, reader.number()?);
        let instant = |reader: &mut Reader<'_>, field| -> Result<Option<Timestamp>, BoxError> {
            has(field).then(|| reader.instant()).transpose()
        };
        let text = |reader: &mut Reader<'_>, field| -> Result<Option<String>, BoxError> {
            has(field)
                .then(|| Ok(reader.text()?.to_owned()))
                .transpose()
        };
        // In the order in which they were written.
        let timestamp = instant(&mut reader, TIMESTAMP)?;
        let query_type = reader.text()?.to_owned();
        let parameters = has(PARAMETERS).then(|| reader.bytes()).transpose()?;
        let recent = RecentQuery {
            seq,
            timestamp,
            query_type,
            result_summary: text(&mut reader, SUMMARY)?.unwrap_or_default(),
            execution_time_ms: has(EXECUTION_TIME)
                .then(|| reader.fixed(8).map(f64::from_bits))
                .transpose()?,
            cache_hit: has(CACHE_HIT),
            source: text(&mut reader, SOURCE)?,
            as_of: instant(&mut reader, AS_OF)?,
            error: text(&mut reader, ERROR)?,
        };
        reader.finish()?;
        Ok(Self {
            recent,
            version,
            parameters,
        })
    }

    fn query(self) -> Result<QueryRecord, BoxError> {
        let parameters = self.parameters.map(rmp_serde::from_slice).transpose()?;
        let recent = self.recent;
        Ok(QueryRecord {
            seq: recent.seq,
            version: self.version,
            timestamp: recent.timestamp,
            query_type: recent.query_type,
            parameters: parameters.unwrap_or_default(),
            result_summary: recent.result_summary,
            execution_time_ms: recent.execution_time_ms,
            cache_hit: recent.cache_hit,
            source: recent.source,
            as_of: recent.as_of,
            error: recent.error,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    const ID: SessionId = SessionId::from_uuid(Uuid::nil());

    fn full() -> QueryRecord {
        let parameters = json!({
            "largest": u64::MAX, "smallest": i64::MIN, "beyond": 12_345_678_901_234_567_u64,
            "zero": -0.0, "third": 1.0 / 3.0, "whole": 1.0, "tiny": 5e-324,
            "nested": [[], {}, null, true, {"": "Ü\n"}],
        });
        QueryRecord {
            seq: 1_000_000,
            version: 128,
            timestamp: Some(Timestamp::MAX),
            parameters: parameters.as_object().unwrap().clone(),
            result_summary: "a \"summary\"".to_owned(),
            execution_time_ms: Some(0.1 + 0.2),
            cache_hit: true,
            source: Some("file".to_owned()),
            as_of: Some(Timestamp::MIN),
            error: Some(String::new()),
            ..QueryRecord::new("price")
        }
    }

    #[test]
    fn every_field_comes_back_with_its_bits() {
        let text = |query: &QueryRecord| serde_json::to_string(query).unwrap();
        for query in [full(), QueryRecord::new("price")] {
            let found = decode(ID, &encode(&query).unwrap()).unwrap();
            assert_eq!(found, query);
            assert_eq!(text(&found), text(&query), "-0.0 included");
        }
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let whole = encode(&full()).unwrap();
        for length in 0..whole.len() {
            let error = decode(ID, &whole[..length]).unwrap_err();
            assert!(matches!(error, StoreError::Corrupt { id: Some(ID), .. }));
        }
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0xFF;
            let _either = decode(ID, &damaged);
        }
        let mut newer = whole;
        newer[0] = 9;
        assert!(decode(ID, &newer).is_err());
    }
}
