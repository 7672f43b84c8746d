//! Whether what a store holds can have come from what its writers were told.
//!
//! Each writer notes every append it attempts and how that ended; when all is over, and whatever was killed
//! meanwhile, the stored list is held against the notes.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

/// What a writer was told of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was refused, or failed with no effect.
    Refused,
    /// Nobody knows: the connection broke, or the store said `outcome_unknown`.
    Unknown,
    /// It was done.
    Acknowledged,
}

/// What the writers noted.
#[derive(Debug, Clone, Default)]
pub struct History {
    attempts: BTreeMap<String, Attempt>,
    moment: usize,
}

#[derive(Debug, Clone)]
struct Attempt {
    writer: String,
    outcome: Outcome,
    first: usize,
    last: usize,
}

/// One thing that a sound store would not have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// An acknowledged value is not stored.
    Lost {
        /// Who was told that it is.
        writer: String,
        /// The value.
        value: String,
    },
    /// A value is stored more than once.
    Repeated {
        /// Who appended it.
        writer: String,
        /// The value.
        value: String,
        /// How often it is stored.
        times: usize,
    },
    /// A refused value is stored.
    RefusedButStored {
        /// Who was told that it is not.
        writer: String,
        /// The value.
        value: String,
    },
    /// Two values of one writer are stored the wrong way round.
    OutOfOrder {
        /// Who appended both.
        writer: String,
        /// The value stored first, appended only after the other was acknowledged.
        later: String,
        /// The value stored after it.
        earlier: String,
    },
    /// A stored value was never attempted.
    FromNowhere {
        /// The value.
        value: String,
    },
}

impl History {
    /// Nothing attempted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes how one attempt of a writer ended, in the order in which the writer made them.
    ///
    /// Attempts of the same value are retries of one append under one idempotency key: done if any was
    /// acknowledged, else unknown if any was.
    ///
    /// # Panics
    ///
    /// When another writer has noted the same value: every value must be one writer's.
    pub fn record(&mut self, writer: &str, value: impl Into<String>, outcome: Outcome) {
        let (moment, value) = (self.moment, value.into());
        self.moment += 1;
        let attempt = self
            .attempts
            .entry(value.clone())
            .or_insert_with(|| Attempt {
                writer: writer.to_owned(),
                outcome,
                first: moment,
                last: moment,
            });
        assert_eq!(
            attempt.writer, writer,
            "two writers appended {value:?}; make every value unique"
        );
        attempt.outcome = attempt.outcome.max(outcome);
        attempt.last = moment;
    }

    /// Takes up what other writers noted, each in a history of its own.
    ///
    /// # Panics
    ///
    /// When both have noted the same value.
    pub fn merge(&mut self, other: Self) {
        for (value, mut attempt) in other.attempts {
            attempt.first += self.moment;
            attempt.last += self.moment;
            let known = self.attempts.insert(value.clone(), attempt);
            assert!(
                known.is_none(),
                "two histories have {value:?}; make every value unique"
            );
        }
        self.moment += other.moment;
    }

    /// How many values ended in a way, retries counted as one.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.attempts
            .values()
            .filter(|attempt| attempt.outcome == outcome)
            .count()
    }

    /// Everything that is wrong with what is stored, given in the store's order; nothing if all is sound.
    ///
    /// A value of unknown outcome may be there or not, and anywhere after its first attempt: a request that
    /// nobody waits for any more can still arrive.
    #[must_use]
    pub fn check<V: AsRef<str>>(&self, stored: &[V]) -> Vec<Violation> {
        let mut times: HashMap<&str, usize> = HashMap::new();
        for value in stored {
            *times.entry(value.as_ref()).or_default() += 1;
        }
        let mut found: Vec<_> = self
            .attempts
            .iter()
            .filter_map(|(value, attempt)| {
                attempt.violation(value, times.get(value.as_str()).copied().unwrap_or(0))
            })
            .collect();
        // Of every writer, the stored value so far that was attempted last.
        let mut newest: HashMap<&str, (usize, &str)> = HashMap::new();
        for value in stored.iter().map(AsRef::as_ref) {
            let Some(attempt) = self.attempts.get(value) else {
                found.push(Violation::FromNowhere {
                    value: value.to_owned(),
                });
                continue;
            };
            let newest = newest
                .entry(&attempt.writer)
                .or_insert((attempt.first, value));
            let acknowledged = attempt.outcome == Outcome::Acknowledged;
            if acknowledged && attempt.last < newest.0 {
                found.push(Violation::OutOfOrder {
                    writer: attempt.writer.clone(),
                    later: newest.1.to_owned(),
                    earlier: value.to_owned(),
                });
            }
            *newest = (*newest).max((attempt.first, value));
        }
        found
    }
}

impl Attempt {
    /// What is wrong with a value that is stored so many times.
    fn violation(&self, value: &str, times: usize) -> Option<Violation> {
        let (writer, value) = (self.writer.clone(), value.to_owned());
        match (self.outcome, times) {
            (Outcome::Acknowledged, 0) => Some(Violation::Lost { writer, value }),
            (Outcome::Refused, 1..) => Some(Violation::RefusedButStored { writer, value }),
            (_, 2..) => Some(Violation::Repeated {
                writer,
                value,
                times,
            }),
            (_, 0 | 1) => None,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { writer, value } => {
                write!(f, "{value:?} of {writer} was acknowledged and is lost")
            }
            Self::Repeated {
                writer,
                value,
                times,
            } => {
                write!(f, "{value:?} of {writer} is stored {times} times")
            }
            Self::RefusedButStored { writer, value } => {
                write!(f, "{value:?} of {writer} was refused and is stored")
            }
            Self::OutOfOrder {
                writer,
                later,
                earlier,
            } => {
                write!(
                    f,
                    "{later:?} of {writer} is stored before {earlier:?}, which it appended earlier"
                )
            }
            Self::FromNowhere { value } => write!(f, "{value:?} is stored and was never appended"),
        }
    }
}
