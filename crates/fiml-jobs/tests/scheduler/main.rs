//! The scheduler over memory: what is due runs, once; what fails is tried again and holds up no other.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod catching_up;
mod failing;
mod stopping;
mod world;
