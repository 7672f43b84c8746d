//! What meets what.

use crate::{
    act::Act,
    explore::{Broken, explore},
    gated::Fault,
    world::Start,
};

/// Programs that run beside each other on one session.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) start: Start,
    pub(crate) programs: Vec<Vec<Act>>,
    /// How many of them may die, each between any two of its steps.
    pub(crate) deaths: usize,
    pub(crate) fault: Option<Fault>,
}

/// A scenario in which each of these runs in a process of its own.
pub(crate) fn meet<const N: usize>(start: Start, programs: [&[Act]; N]) -> Scenario {
    Scenario {
        start,
        programs: programs.map(<[Act]>::to_vec).to_vec(),
        deaths: 0,
        fault: None,
    }
}

impl Scenario {
    /// The same, while so many of the programs may die.
    pub(crate) fn with_deaths(self, deaths: usize) -> Self {
        Self { deaths, ..self }
    }

    /// The same on stores that break their contract.
    pub(crate) fn on(self, fault: Fault) -> Self {
        let fault = Some(fault);
        Self { fault, ..self }
    }

    /// Every promise holds in every order, of which there are at least so many.
    #[track_caller]
    pub(crate) fn holds(&self, at_least: u128) {
        let name = format!("{:?}: {:?}", self.start, self.programs);
        match explore(self) {
            Ok(explored) => {
                let (orders, states, deaths) = (explored.orders, explored.states, self.deaths);
                println!("{orders:>14} orders {states:>8} states {deaths} deaths  {name}");
                assert!(orders >= at_least, "only {orders} orders of {name}");
            }
            Err(Broken { promise, steps }) => {
                panic!("{promise}\n{name}\n  {}", steps.join("\n  "));
            }
        }
    }

    /// Some order breaks a promise; which one.
    #[track_caller]
    pub(crate) fn is_caught(&self) -> String {
        let broken = explore(self).expect_err("a broken store keeps every promise");
        println!("{} steps: {}", broken.steps.len(), broken.promise);
        broken.promise
    }
}
