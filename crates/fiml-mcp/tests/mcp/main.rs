//! The server as its clients see it: JSON-RPC, one message a line, over a pipe in the process, and over
//! HTTP.

mod analytics;
mod arguments;
mod bad_input;
mod cancelling;
mod client;
mod eras;
mod hold;
mod http;
mod limits;
mod lines;
mod listing;
mod outage;
mod progress;
mod providers;
mod retries;
mod searches;
mod sessions;
mod several;
mod stuck;
mod world;
