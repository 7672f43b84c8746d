//! Prints how many bytes a query takes in several forms, and how long it takes to decode.
//!
//! `cargo run --release -p fiml-store-redis --example item_forms`
#![expect(clippy::print_stdout, reason = "it prints what it measures")]

// The form in use is the store's own business, so it is compiled in from there.
#[expect(dead_code, reason = "only a part of it is measured")]
#[path = "../src/bytes.rs"]
mod bytes;
mod error {
    use fiml_session_core::{
        SessionId,
        store::{BoxError, StoreError},
    };

    pub(crate) fn corrupt(id: Option<SessionId>, source: impl Into<BoxError>) -> StoreError {
        let (store, source) = ("Redis", source.into());
        StoreError::Corrupt { store, id, source }
    }

    pub(crate) fn failed(source: impl Into<BoxError>) -> StoreError {
        corrupt(None, source)
    }
}
#[expect(dead_code, reason = "only a part of it is measured")]
#[path = "../src/item.rs"]
mod item;

use std::{hint::black_box, time::Instant};

use fiml_session_core::{QueryRecord, SessionId, Timestamp};
use serde_json::json;

const ROUNDS: u32 = 200_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parameters = json!({"symbol": "AAPL", "period": "1y", "depth": 3});
    let query = QueryRecord {
        seq: 512,
        version: 513,
        timestamp: Some(Timestamp::from_micros(4_102_444_800_123_456)),
        parameters: serde_json::from_value(parameters)?,
        result_summary: "AAPL 205.96 USD (file, as of 2010-02-01)".to_owned(),
        execution_time_ms: Some(12.345),
        ..QueryRecord::new("price")
    };
    let id = SessionId::at(Timestamp::MIN);
    let text = serde_json::to_vec(&query)?;
    let named = rmp_serde::to_vec_named(&query)?;
    let whole = item::encode(&query)?;
    measure("JSON", text.len(), || serde_json::from_slice(&text).ok());
    measure("MessagePack with names", named.len(), || {
        rmp_serde::from_slice(&named).ok()
    });
    measure("in use", whole.len(), || item::decode(id, &whole).ok());
    Ok(())
}

fn measure(form: &str, bytes: usize, decode: impl Fn() -> Option<QueryRecord>) {
    let started = Instant::now();
    for _ in 0..ROUNDS {
        black_box(decode().expect("it was just encoded"));
    }
    let each = started.elapsed() / ROUNDS;
    println!("{form:24} {bytes:4} bytes, decoded in {each:?}");
}
