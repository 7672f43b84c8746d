//! `fiml serve --http`, as any client of HTTP meets it: real processes, real sockets, raw bytes.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]
#![expect(clippy::print_stdout, reason = "the figures are what one wants to see")]

mod access;
mod bodies;
mod caller;
mod ending;
mod eras;
mod kills;
mod load;
mod readiness;
mod server;
mod wire;
