//! The `fiml` binary.
fn main() {}
