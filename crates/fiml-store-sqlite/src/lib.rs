#![doc = include_str!("../README.md")]

mod active;
mod apply;
mod archive;
mod census;
mod config;
mod connect;
mod error;
mod figures;
mod group;
mod health;
mod insert;
mod job_run;
mod jobs;
mod load;
mod maintain;
mod metrics;
mod migrate;
mod reader;
mod rollup;
mod row;
mod schema;
mod select;
mod sql;
mod stage;
mod upkeep;
mod writer;

pub use config::{
    DEFAULT_BUSY_TIMEOUT, DEFAULT_GROUP_LIMIT, DEFAULT_READERS, SqliteConfig, Synchronous,
};
pub use connect::SqliteStore;
pub use error::ConnectError;
pub use maintain::VerifyReport;
pub use migrate::SCHEMA_VERSION;
