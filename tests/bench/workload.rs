//! What every comparison works with.

use fiml_session_core::QueryRecord;
use serde_json::json;

/// A query of 216 bytes as JSON.
pub(crate) fn query(n: usize) -> QueryRecord {
    QueryRecord {
        parameters: json!({"symbol": "AAPL", "market": "US", "n": n})
            .as_object()
            .unwrap()
            .clone(),
        result_summary: "AAPL 223.02 USD +8.99 % as of 2010-03-01".to_owned(),
        execution_time_ms: Some(f64::from(u32::try_from(n % 900).unwrap()) / 10.0),
        cache_hit: n.is_multiple_of(3),
        ..QueryRecord::new("equity_price")
    }
}
