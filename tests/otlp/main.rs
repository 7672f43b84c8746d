//! Traces of a `fiml` with the feature `otlp`, as a collector receives them.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod collector;
mod joining;
