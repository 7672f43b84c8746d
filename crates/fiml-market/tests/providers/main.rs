//! Every provider over HTTP, played by servers on loopback: what they answer, and how they fail.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod answers;
mod companies;
mod defects;
mod each;
mod faults;
mod finnhub;
mod keeping;
mod lines;
mod many_companies;
mod patience;
mod places;
mod recorded;
mod recorded_tables;
mod share;
mod stage;
mod symbols;
mod together;
