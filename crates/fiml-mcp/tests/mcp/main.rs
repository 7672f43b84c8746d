//! The server as its clients see it: JSON-RPC, one message a line, over a pipe in the process.

mod arguments;
mod bad_input;
mod client;
mod eras;
mod lines;
mod listing;
mod outage;
mod retries;
mod searches;
mod sessions;
mod world;
