//! Runs a scenario in every order.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Waker},
};

use crate::{desk::Notes, promise, scenario::Scenario, world::World};

/// What was explored.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Explored {
    /// How many different orders there are.
    pub(crate) orders: u128,
    /// How many different states they pass through; each was reached and checked.
    pub(crate) states: usize,
}

/// A promise that was broken, and the steps that led there.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) promise: String,
    pub(crate) steps: Vec<String>,
}

/// One decision: whose turn it is, and whether that step is its last.
#[derive(Debug, Clone, Copy)]
struct Choice {
    program: usize,
    dies: bool,
}

type Program = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A scenario under way.
struct Run {
    world: World,
    /// None for one that has finished or died.
    programs: Vec<Option<Program>>,
    deaths_left: usize,
    deaths: Vec<usize>,
}

impl Run {
    fn start(scenario: &Scenario) -> Self {
        let world = World::new(scenario.start, &scenario.programs, scenario.fault);
        let mut call = 0;
        let mut programs: Vec<_> = scenario
            .programs
            .iter()
            .map(|acts| {
                let (service, desk) = (world.service.clone(), Arc::clone(&world.desk));
                let acts = acts.clone();
                let first = call;
                call += acts.len();
                let program: Program = Box::pin(async move {
                    let calls = desk.calls();
                    for (call, act) in (first..).zip(acts) {
                        let answer = act.run(&service, &desk, &calls[call].name).await;
                        desk.answered(call, answer);
                    }
                });
                Some(program)
            })
            .collect();
        // Up to its first call to a port, a program touches nothing that is shared.
        for program in programs.iter_mut().flatten() {
            let waits = program
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            assert!(waits.is_pending(), "a program takes at least one step");
        }
        Self {
            world,
            programs,
            deaths_left: scenario.deaths,
            deaths: Vec::new(),
        }
    }

    fn choices(&self) -> Vec<Choice> {
        let running = (0..self.programs.len()).filter(|&place| self.programs[place].is_some());
        let choices = running.flat_map(|program| {
            [false, true]
                .into_iter()
                .filter(|&dies| !dies || self.deaths_left > 0)
                .map(move |dies| Choice { program, dies })
        });
        choices.collect()
    }

    /// Takes a step; false where nothing was left to die for.
    fn take(&mut self, choice: Choice) -> bool {
        self.world.desk.turn_to(choice.program);
        let slot = &mut self.programs[choice.program];
        let program = slot.as_mut().expect("only who is running has a turn");
        let done = program
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if done.is_ready() || choice.dies {
            *slot = None;
        }
        if choice.dies {
            self.deaths_left -= 1;
            self.deaths.push(choice.program);
        }
        !(choice.dies && done.is_ready())
    }

    fn broken(&self, promise: String) -> Broken {
        let mut steps = self.world.desk.steps();
        let deaths = self.deaths.iter();
        steps.extend(deaths.map(|program| format!("{program} dies after its last step")));
        for call in self.world.desk.calls() {
            steps.push(format!(
                "{}: {:?} -> {:?}",
                call.program, call.act, call.answer
            ));
        }
        Broken { promise, steps }
    }
}

/// The depth-first search.
struct Search<'a> {
    scenario: &'a Scenario,
    path: Vec<Choice>,
    /// How many orders lead on from a state that was seen before.
    known: HashMap<(u64, u64, usize), u128>,
}

/// Runs every order, and stops at the first that breaks a promise.
pub(crate) fn explore(scenario: &Scenario) -> Result<Explored, Broken> {
    let mut search = Search {
        scenario,
        path: Vec::new(),
        known: HashMap::new(),
    };
    let orders = search.go_on(Run::start(scenario))?;
    Ok(Explored {
        orders,
        states: search.known.len(),
    })
}

impl Search<'_> {
    /// Everything that can follow; how many orders that is.
    fn go_on(&mut self, run: Run) -> Result<u128, Broken> {
        promise::at_every_step(&run.world).map_err(|promise| run.broken(promise))?;
        let running = run.programs.iter().enumerate();
        let running = running.fold(0, |mask, (place, program)| {
            mask | u64::from(program.is_some()) << place
        });
        let state = (run.world.digest(), running, run.deaths_left);
        if let Some(&orders) = self.known.get(&state) {
            return Ok(orders);
        }
        let choices = run.choices();
        let mut orders = 0;
        if choices.is_empty() {
            promise::at_the_end(&run.world).map_err(|promise| run.broken(promise))?;
            orders = 1;
        }
        // The first choice goes on with this run, every other one repeats the way to here.
        let notes = run.world.desk.take_down();
        let mut run = Some(run);
        for choice in choices {
            let mut next = run.take().unwrap_or_else(|| self.again(&notes));
            self.path.push(choice);
            if next.take(choice) {
                orders += self.go_on(next)?;
            }
            self.path.pop();
        }
        self.known.insert(state, orders);
        Ok(orders)
    }

    /// The same run up to here.
    fn again(&self, notes: &Notes) -> Run {
        let mut run = Run::start(self.scenario);
        run.world.desk.repeat();
        for &choice in &self.path {
            run.take(choice);
        }
        run.world.desk.go_on(notes);
        run
    }
}
