//! Who is at work, what each has seen, and what each was answered.

use std::{
    fmt::Debug,
    hash::{DefaultHasher, Hash, Hasher},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll},
    time::Duration,
};

use fiml_session_core::{Clock, ManualClock, SessionId};

use crate::act::{Act, Answer};

/// Waits until it is the program's turn again: pending once, so that one poll is one step.
#[derive(Debug, Default)]
struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// One act of one program.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) program: usize,
    pub(crate) act: Act,
    /// The type of the query that it appends.
    pub(crate) name: String,
    /// How many steps it has taken.
    pub(crate) steps: usize,
    /// The calls that were answered before its first step, a bit each.
    pub(crate) after: u32,
    /// The calls that had begun when it was answered, a bit each.
    pub(crate) beside: u32,
    /// How many live copies it removed because they were unchanged.
    pub(crate) removed: u64,
    pub(crate) answer: Option<Answer>,
}

impl Call {
    /// Whether it has taken a step.
    pub(crate) const fn has_begun(&self) -> bool {
        self.steps > 0
    }

    /// Whether it was answered that it deleted the session.
    pub(crate) fn has_deleted(&self) -> bool {
        self.answer == Some(Answer::Deleted(true))
    }
}

/// What the desk knows; taken down before a run is repeated, which then need not note it all again.
#[derive(Debug, Clone)]
pub(crate) struct Notes {
    is_repeating: bool,
    id: SessionId,
    is_reserved: bool,
    at_work: usize,
    /// For each program, a digest of all that it has seen; its next step depends on nothing else.
    seen: Vec<u64>,
    calls: Vec<Call>,
    claimed_by: Option<usize>,
    steps: Vec<(usize, &'static str)>,
}

/// Shared by the programs of one run, which take turns.
#[derive(Debug)]
pub(crate) struct Desk {
    clock: Arc<ManualClock>,
    notes: Mutex<Notes>,
}

impl Desk {
    pub(crate) fn new(clock: &Arc<ManualClock>, id: SessionId, programs: &[Vec<Act>]) -> Self {
        let calls = programs.iter().enumerate().flat_map(|(program, acts)| {
            acts.iter().enumerate().map(move |(place, &act)| Call {
                program,
                act,
                name: match act {
                    Act::AppendOnce(key) => key.to_owned(),
                    _ => format!("query {program}.{place}"),
                },
                steps: 0,
                after: 0,
                beside: 0,
                removed: 0,
                answer: None,
            })
        });
        Self {
            clock: Arc::clone(clock),
            notes: Mutex::new(Notes {
                is_repeating: false,
                id,
                is_reserved: false,
                at_work: 0,
                seen: vec![0; programs.len()],
                calls: calls.collect(),
                claimed_by: None,
                steps: Vec::new(),
            }),
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    /// The session that all is about.
    pub(crate) fn id(&self) -> SessionId {
        self.notes().id
    }

    /// Takes over the id that the first creation was promised.
    pub(crate) fn reserve(&self, id: SessionId) {
        let mut notes = self.notes();
        (notes.id, notes.is_reserved) = (id, true);
    }

    pub(crate) fn turn_to(&self, program: usize) {
        self.notes().at_work = program;
    }

    /// Notes nothing from now on.
    pub(crate) fn repeat(&self) {
        self.notes().is_repeating = true;
    }

    /// Goes on from what was taken down.
    pub(crate) fn go_on(&self, from: &Notes) {
        let mut notes = self.notes();
        let id = notes.id;
        *notes = from.clone();
        notes.id = id;
    }

    /// Takes down what is known.
    pub(crate) fn take_down(&self) -> Notes {
        self.notes().clone()
    }

    pub(crate) fn claimed(&self) {
        let mut notes = self.notes();
        notes.claimed_by = Some(notes.at_work);
    }

    pub(crate) fn removed(&self) {
        let mut notes = self.notes();
        if notes.is_repeating {
            return;
        }
        let call = notes.current();
        notes.calls[call].removed += 1;
    }

    /// Waits for the program's turn.
    pub(crate) async fn turn(&self) {
        Turn::default().await;
    }

    /// Lets time pass, as a step.
    pub(crate) async fn pass(&self, by: Duration) {
        self.turn().await;
        self.clock.advance(by);
        self.saw("time passes", &());
    }

    /// Notes a step of the program at work, and what came of it.
    pub(crate) fn saw(&self, step: &'static str, outcome: &(dyn Debug + Sync)) {
        let now = self.clock.now();
        let mut notes = self.notes();
        if notes.is_repeating {
            return;
        }
        let (program, call) = (notes.at_work, notes.current());
        if notes.calls[call].steps == 0 {
            notes.calls[call].after = notes.mask(|call| call.answer.is_some());
        }
        notes.calls[call].steps += 1;
        let outcome = notes.anonymous(format!("{outcome:?}"));
        let seen = (notes.seen[program], step, now.micros(), outcome);
        notes.seen[program] = digest(&seen);
        notes.steps.push((program, step));
    }

    pub(crate) fn answered(&self, call: usize, answer: Answer) {
        let mut notes = self.notes();
        if notes.is_repeating {
            return;
        }
        let beside = notes.mask(Call::has_begun);
        let call = &mut notes.calls[call];
        (call.beside, call.answer) = (beside, Some(answer));
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.notes().calls.clone()
    }

    /// The steps taken so far, by name.
    pub(crate) fn steps(&self) -> Vec<String> {
        let notes = self.notes();
        let step = |(program, step): &(usize, &'static str)| format!("{program}: {step}");
        notes.steps.iter().map(step).collect()
    }

    /// Everything that what follows depends on, beside the stores, as one number.
    pub(crate) fn digest(&self, stored: String) -> u64 {
        let notes = self.notes();
        let orders: Vec<_> = notes
            .calls
            .iter()
            .map(|call| (call.steps, call.after, call.beside, call.answer.is_some()))
            .collect();
        let stored = notes.anonymous(stored);
        let (claimed_by, now) = (notes.claimed_by, self.clock.now().micros());
        digest(&(stored, &notes.seen, orders, claimed_by, now))
    }
}

impl Notes {
    /// The call that the program at work is busy with: its first without an answer.
    fn current(&self) -> usize {
        let found = self
            .calls
            .iter()
            .position(|call| call.program == self.at_work && call.answer.is_none());
        found.expect("a program that takes a step is busy with a call")
    }

    fn mask(&self, wanted: impl Fn(&Call) -> bool) -> u32 {
        let calls = self.calls.iter().enumerate();
        calls.fold(0, |mask, (place, call)| {
            mask | u32::from(wanted(call)) << place
        })
    }

    /// A created session has another id in every run.
    fn anonymous(&self, text: String) -> String {
        if self.is_reserved {
            text.replace(&self.id.to_string(), "the session")
        } else {
            text
        }
    }
}

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
