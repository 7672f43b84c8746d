//! Processes and servers killed with SIGKILL, paused and cut off while sessions are written, archived,
//! brought back and deleted on Redis and PostgreSQL: nothing that was acknowledged may be lost, nothing may
//! come twice, and every call must end.
//!
//! The processes are killed by a signal, so that what is shown is a crash of a process, not of a machine.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]
#![expect(
    clippy::print_stdout,
    reason = "how much was killed and lost is for people to read"
)]

mod archiver;
mod calls;
mod chance;
mod frames;
mod late;
mod ledger;
mod live;
mod postgres;
mod recovery;
mod redis;
mod replies;
mod rounds;
mod verdict;
mod wire;
mod worker;
mod world;

use std::time::Duration;

use fiml_session_core::store::Scope;

const ALL: Scope = Scope::All;
const MINUTE: Duration = Duration::from_mins(1);
/// One minute, as callers give it.
const MINUTE_IN_HOURS: f64 = 1.0 / 60.0;
/// What no call may take, on a machine that is busy with everything else; the stores give up after two
/// seconds for each of their own calls.
const PATIENCE: Duration = Duration::from_secs(20);
