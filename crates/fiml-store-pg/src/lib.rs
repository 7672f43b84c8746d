#![doc = include_str!("../README.md")]

mod address;
mod archive;
mod columns;
mod config;
mod connect;
mod connection;
mod create;
mod error;
mod health;
mod job_run;
mod jobs;
mod maintain;
mod metrics;
mod migrate;
mod rollup;
mod row;
mod run;
mod select;
mod sql;
mod stage;
mod tls;
mod trust;
mod upkeep;
mod verify;

pub use config::{DEFAULT_BATCH_TIMEOUT, DEFAULT_POOL_SIZE, DEFAULT_TIMEOUT, PgConfig};
pub use connect::PgStore;
pub use error::ConnectError;
pub use verify::VerifyReport;
