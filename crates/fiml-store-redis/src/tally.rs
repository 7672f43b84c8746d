//! What is counted of queries, as fields of the header: a letter for what is counted, then its value.

use std::collections::BTreeMap;

use fiml_session_core::{
    QueryRecord, SessionHeader, SessionMetrics, execution_micros,
    store::{BoxError, StoreError},
};

use crate::error::corrupt;

const QUERY_TYPE: u8 = b'y';
const SOURCE: u8 = b's';
const ERROR: u8 = b'e';
const EXECUTION_MICROS: u8 = b'x';

/// The fields that a query counts in, each once.
pub(crate) fn fields(query: &QueryRecord) -> Vec<Vec<u8>> {
    let field = |kind, name: &str| [&[kind], name.as_bytes()].concat();
    let mut fields = vec![field(QUERY_TYPE, &query.query_type)];
    if let Some(source) = &query.source {
        fields.push(field(SOURCE, source));
    }
    if let Some(error) = &query.error {
        fields.push(field(ERROR, error));
    }
    if let Some(ms) = query.execution_time_ms {
        fields.push(field(EXECUTION_MICROS, &execution_micros(ms).to_string()));
    }
    fields
}

/// How often each field is counted in by queries.
pub(crate) fn count(queries: &[QueryRecord]) -> BTreeMap<Vec<u8>, u64> {
    let mut counts = BTreeMap::new();
    for field in queries.iter().flat_map(fields) {
        *counts.entry(field).or_default() += 1;
    }
    counts
}

/// The figures of a session from its header and all fields beside it.
pub(crate) fn metrics(
    header: SessionHeader,
    fields: &[(Vec<u8>, Vec<u8>)],
) -> Result<SessionMetrics, StoreError> {
    let id = header.id;
    let mut metrics = SessionMetrics::of_header(header);
    for (field, count) in fields {
        add(&mut metrics, field, count).map_err(|source| corrupt(Some(id), source))?;
    }
    Ok(metrics)
}

fn add(metrics: &mut SessionMetrics, field: &[u8], count: &[u8]) -> Result<(), BoxError> {
    let Some((&kind, name)) = field.split_first() else {
        return Ok(());
    };
    let names = match kind {
        QUERY_TYPE => &mut metrics.query_types,
        SOURCE => &mut metrics.sources,
        ERROR => &mut metrics.errors,
        EXECUTION_MICROS => {
            let micros = std::str::from_utf8(name)?.parse()?;
            metrics.execution_times.add(micros, number(count)?);
            return Ok(());
        }
        _ => return Ok(()),
    };
    names.insert(std::str::from_utf8(name)?.to_owned(), number(count)?);
    Ok(())
}

fn number(text: &[u8]) -> Result<u64, BoxError> {
    Ok(std::str::from_utf8(text)?.parse()?)
}
