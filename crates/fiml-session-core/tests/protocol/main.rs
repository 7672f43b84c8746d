//! What becomes of a session when use cases meet in the middle, or a store fails between two steps.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod cleanup;
mod hooked;
mod house;
mod moves;
mod values;
