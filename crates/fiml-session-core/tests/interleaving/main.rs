//! Every order in which a few calls on one session can meet, and every point at which one of them can die.
//!
//! Each call to a port is one atomic step. The programs of a scenario share two stores in memory, one the
//! live tier, the other the archive; [`explore`] runs their steps in every order, depth first, on one
//! thread and without a clock that moves of itself. Nothing is sampled and nothing is bounded but the
//! programs: orders that lead to the same state, with the same things seen by everybody, go on as one.
//!
//! A process that dies loses everything between two steps. The next cleanup must put right what it left.
//!
//! Two promises are weaker than one would wish, because no single step spans both tiers:
//!
//! - What is deleted may be seen again while a restore or a creation that began before the deletion was
//!   answered is still under way, or, where that process died, until the next cleanup; never after it.
//! - The copy of a creation that is repeated under its key while the first call is still under way may hide
//!   the archived session for as long as that call lasts.
//!
//! Not explored, for the same reason: two restores of one session, while somebody archives it again by hand
//! between their claims (the later copy hides the newer row until its restore has looked again), and the
//! same of creations. Nor two sessions in one batch, a store that fails without the caller dying, and a
//! store whose steps are not atomic; the other tests of this crate, the contract in `fiml-testkit` and the
//! crash tests look after those.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]
#![expect(
    clippy::print_stdout,
    reason = "how many orders were run is for people to read"
)]

mod act;
mod crashes;
mod desk;
mod explore;
mod gated;
mod meetings;
mod promise;
mod scenario;
mod story;
mod teeth;
mod world;
