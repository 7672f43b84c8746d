//! `/metrics`, as Prometheus meets it: real processes, and what they did before they were asked.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod access;
mod counting;
mod dashboard;
mod layout;
mod outage;
mod page;
