//! Figures on the reference store.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod export;
mod figures;
mod house;
mod periods;
mod truth;
