//! Random operations on a store and on `MemoryStore` side by side.
//!
//! A sequence of operations of the service and of the ports, by two owners, nobody and all, with clock
//! moves forward and back, is made by a `proptest` state machine. After every step both sides must have
//! given the same answer and hold the same session; at the end they must hold the same of everything. A
//! sequence that tells them apart is shrunk, printed and kept beside the test for the next run.

mod active_call;
mod answer;
mod archive_call;
mod operation;
mod parts;
mod use_case;
mod world;

use std::sync::atomic::Ordering;

use proptest::{
    prelude::*,
    test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner},
};
use proptest_state_machine::ReferenceStateMachine;

use fiml_session_core::Stores;

pub use active_call::ActiveCall;
pub use archive_call::{ArchiveCall, Twist};
pub use operation::Operation;
pub use parts::{Change, Filter, Key, Slot, Who};
pub use use_case::UseCase;

use self::world::World;
use crate::suite::{self, Kept};

/// How many sequences are tried where `PROPTEST_CASES` does not say.
pub const CASES: u32 = 100;
/// How many operations a sequence has.
pub const STEPS: usize = 40;
/// What `proptest` itself runs where nobody says.
const UNASKED: u32 = 256;

/// One `#[test]` that compares a store with `MemoryStore` over random operations.
///
/// It is given the path of an async function without arguments that gives [`Kept`] and empty
/// [`Stores`]: see [`compare_with_memory`].
#[macro_export]
macro_rules! model_suite {
    ($fresh:path) => {
        #[test]
        fn it_agrees_with_memory_over_random_operations_scopes_and_clock_moves() {
            if let Err(failure) = $crate::model::compare_with_memory(Some(file!()), $fresh) {
                panic!("{failure}");
            }
        }
    };
}

/// What is known of a sequence before it runs: enough to choose the next operation.
#[derive(Debug, Clone, Default)]
pub struct Outline {
    /// How many sessions may be there.
    pub sessions: u32,
}

/// The state machine that makes sequences.
#[derive(Debug)]
pub struct Sessions;

impl ReferenceStateMachine for Sessions {
    type State = Outline;
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<Outline> {
        Just(Outline::default()).boxed()
    }

    fn transitions(state: &Outline) -> BoxedStrategy<Operation> {
        operation::next(state.sessions)
    }

    fn apply(mut state: Outline, transition: &Operation) -> Outline {
        state.sessions += u32::from(transition.creates());
        state
    }
}

/// Compares stores with `MemoryStore` over [`CASES`] sequences of [`STEPS`] random operations each.
///
/// `source_file` is the test's own `file!()`: a sequence that failed is kept beside it and tried first the
/// next time. `PROPTEST_CASES` asks for more or fewer sequences.
///
/// # Errors
///
/// Where the two tell apart: the first line that differs, and the shortest sequence found.
pub fn compare_with_memory<F, G>(
    source_file: Option<&'static str>,
    fresh: impl Fn() -> F,
) -> Result<(), String>
where
    F: Future<Output = Kept<Stores, G>>,
{
    let asked = Config::default();
    let persistence = FileFailurePersistence::WithSource("proptest-regressions");
    let config = Config {
        cases: if asked.cases == UNASKED {
            CASES
        } else {
            asked.cases
        },
        failure_persistence: source_file.map(|_| Box::new(persistence) as _),
        source_file,
        ..asked
    };
    let mut runner = TestRunner::new(config);
    let sequences = Sessions::sequential_strategy(STEPS);
    let outcome = runner.run(&sequences, |(_, operations, seen)| {
        let differs = suite::run(async {
            let tested = fresh().await;
            let mut world = World::new(tested.store.clone());
            for operation in &operations {
                if let Some(seen) = &seen {
                    seen.fetch_add(1, Ordering::SeqCst);
                }
                world.step(operation).await?;
            }
            world.end().await
        });
        differs.map_err(TestCaseError::fail)
    });
    outcome.map_err(|failure| format!("{failure}\n{runner}"))
}
