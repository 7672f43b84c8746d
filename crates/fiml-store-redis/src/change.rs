//! A batch of changes as the arguments of its script.

use fiml_session_core::{
    ChangeBatch, Limits, QueryRecord, SessionChange, SessionId, StateMap, Tag, Timestamp,
    store::{Scope, StoreError},
    text::json_len,
};

use crate::{
    answer, bytes::instant_bytes, error::failed, item, keys::Part, script::span_bytes, tally,
};

/// Who a script acts for.
pub(crate) fn scope_argument(scope: &Scope) -> Vec<u8> {
    match scope {
        Scope::Owner(user) => [b"=", user.as_str().as_bytes()].concat(),
        Scope::Unowned => b"-".to_vec(),
        Scope::All => b"*".to_vec(),
    }
}

/// The field of an entry: the place of its map, then its key.
pub(crate) fn entry_field(map: StateMap, key: &str) -> Vec<u8> {
    format!("{}{key}", map.index()).into_bytes()
}

pub(crate) fn decimal(number: impl TryInto<u64>) -> Vec<u8> {
    // A usize that is more than a u64 holds is no limit at all.
    let number = number.try_into().unwrap_or(u64::MAX);
    number.to_string().into_bytes()
}

/// Whether a batch does nothing but add queries, on no condition.
pub(crate) fn appends_only(batch: &ChangeBatch) -> bool {
    let ChangeBatch {
        changes,
        idempotency,
        expected_version,
        expected_entries,
    } = batch;
    let is_query = |change: &SessionChange| matches!(change, SessionChange::QueryAdded { .. });
    !changes.is_empty()
        && changes.iter().all(is_query)
        && idempotency.is_none()
        && expected_version.is_none()
        && expected_entries.is_empty()
}

/// What the script is told that adds queries.
pub(crate) fn append_arguments(
    scope: &Scope,
    batch: &ChangeBatch,
    limits: &Limits,
    at: Timestamp,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut told = vec![
        scope_argument(scope),
        instant_bytes(at).to_vec(),
        decimal(limits.max_queries),
        decimal(limits.max_session_bytes),
        decimal(batch.changes.len()),
    ];
    for change in &batch.changes {
        if let SessionChange::QueryAdded { query } = change {
            push_query(&mut told, query)?;
        }
    }
    Ok(told)
}

/// The last of the keys that a batch needs.
pub(crate) fn last_part(batch: &ChangeBatch) -> Part {
    let of_changes = batch.changes.iter().map(|change| match change {
        SessionChange::QueryAdded { .. } => Part::Queries,
        SessionChange::EntrySet { .. } | SessionChange::EntryRemoved { .. } => Part::Entries,
        SessionChange::TagsAdded { .. } | SessionChange::TagsRemoved { .. } => Part::Header,
        SessionChange::Extended { .. } | SessionChange::Ended => Part::Quarantine,
    });
    let of_key = batch.idempotency.iter().map(|_| Part::AnswerOrder);
    let of_conditions = batch.expected_entries.iter().map(|_| Part::Entries);
    let parts = of_changes.chain(of_key).chain(of_conditions);
    parts.max().unwrap_or(Part::Header)
}

/// Everything that the script is told.
pub(crate) fn arguments(
    scope: &Scope,
    id: SessionId,
    batch: &ChangeBatch,
    limits: &Limits,
    at: Timestamp,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let key = batch.idempotency.as_ref();
    let queries = |change: &&SessionChange| matches!(change, SessionChange::QueryAdded { .. });
    let mut told = vec![
        scope_argument(scope),
        id.uuid().as_bytes().to_vec(),
        instant_bytes(at).to_vec(),
        key.map(answer::field).unwrap_or_default(),
        key.map(|key| key.fingerprint().as_bytes().to_vec())
            .unwrap_or_default(),
        batch.expected_version.map(decimal).unwrap_or_default(),
        decimal(limits.max_queries),
        decimal(limits.max_session_bytes),
        decimal(limits.max_entries),
        decimal(limits.max_tags),
        instant_bytes(at.plus(limits.max_ttl)).to_vec(),
        decimal(batch.changes.iter().filter(queries).count()),
        decimal(batch.expected_entries.len()),
    ];
    for expected in &batch.expected_entries {
        told.push(entry_field(expected.map, &expected.key));
        told.push(expected.version.map(decimal).unwrap_or_default());
    }
    for change in &batch.changes {
        push_change(&mut told, change)?;
    }
    Ok(told)
}

fn push_change(told: &mut Vec<Vec<u8>>, change: &SessionChange) -> Result<(), StoreError> {
    match change {
        SessionChange::QueryAdded { query } => {
            told.push(b"q".to_vec());
            push_query(told, query)?;
        }
        SessionChange::EntrySet { map, key, value } => {
            let json = serde_json::to_vec(value).map_err(failed)?;
            told.extend([b"s".to_vec(), entry_field(*map, key), json]);
        }
        SessionChange::EntryRemoved { map, key } => {
            told.extend([b"r".to_vec(), entry_field(*map, key)]);
        }
        SessionChange::TagsAdded { tags } => push_tags(told, b"t", tags),
        SessionChange::TagsRemoved { tags } => push_tags(told, b"u", tags),
        SessionChange::Extended { micros } => {
            let span = span_bytes(std::time::Duration::from_micros(*micros));
            told.extend([b"x".to_vec(), span.to_vec()]);
        }
        SessionChange::Ended => told.push(b"e".to_vec()),
    }
    Ok(())
}

fn push_query(told: &mut Vec<Vec<u8>>, query: &QueryRecord) -> Result<(), StoreError> {
    let fields = tally::fields(query);
    told.extend([
        item::head(query).to_vec(),
        decimal(bytes_without_stamps(query)?),
        item::tail(query)?,
        decimal(fields.len()),
    ]);
    told.extend(fields);
    Ok(())
}

/// How many bytes a query is as JSON, without those that the script adds: the digits of its number and
/// version, and the text of the instant where none is given.
fn bytes_without_stamps(query: &QueryRecord) -> Result<usize, StoreError> {
    let whole = json_len(query).map_err(failed)?;
    let digits = query.seq.to_string().len() + query.version.to_string().len();
    let instant = match query.timestamp {
        Some(_) => 0,
        None => r#""timestamp":"","#.len(),
    };
    Ok(whole - digits + instant)
}

fn push_tags(told: &mut Vec<Vec<u8>>, kind: &[u8], tags: &[Tag]) {
    told.extend([kind.to_vec(), decimal(tags.len())]);
    told.extend(tags.iter().map(|tag| tag.as_str().as_bytes().to_vec()));
}
