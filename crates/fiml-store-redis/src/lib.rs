#![doc = include_str!("../README.md")]

mod active;
mod answer;
mod apply;
mod bytes;
mod census;
mod change;
mod config;
mod connect;
mod departures;
mod error;
mod expired;
mod header;
mod health;
mod index;
mod insert;
mod item;
mod keys;
mod link;
mod list;
mod load;
mod metrics;
mod quarantine;
mod remove;
mod reply;
mod reserve;
mod script;
mod seen;
mod single;
mod socket;
mod store;
mod tally;
mod walk;

pub use config::{DEFAULT_FULL_READ_CONNECTIONS, DEFAULT_KEY_PREFIX, DEFAULT_TIMEOUT, RedisConfig};
pub use error::ConnectError;
pub use store::RedisStore;
