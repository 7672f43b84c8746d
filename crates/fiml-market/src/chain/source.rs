//! One source as the chain asks it: with patience, one more try, and a circuit that opens.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep};

use crate::plausible::{Doubt, doubt};
use crate::{
    AssetClass, Attempt, FailureKind, MarketError, MarketProvider, Quote, QuoteRequest, Reach, Turn,
};

use super::breaker::Breaker;
use super::status::{CircuitStatus, LastFailure, ProviderStatus};
use super::{BreakerConfig, CircuitState, MarketConfig};

/// The shortest and the longest pause before the one more try.
const PAUSE: (u64, u64) = (40, 160);

/// A provider, and how it has done so far.
#[derive(Debug)]
pub(super) struct Source {
    provider: Arc<dyn MarketProvider>,
    circuits: Vec<(AssetClass, Breaker)>,
    last_failure: Mutex<Option<LastFailure>>,
}

/// When a source is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    /// As of when.
    pub(super) now: DateTime<Utc>,
    /// When the time for the whole question runs out.
    pub(super) deadline: Instant,
    /// Whether nobody is left to ask after it who might answer, so that its share of calls is worth waiting for.
    pub(super) is_last: bool,
}

/// What a source said, as far as it can be believed.
#[derive(Debug)]
pub(super) enum Said {
    Quote(Box<Quote>),
    /// A price that moved so far that another source has to agree.
    Doubtful(Box<Quote>, MarketError),
    Failed(MarketError),
}

impl Source {
    pub(super) fn new(provider: Arc<dyn MarketProvider>, breaker: &BreakerConfig) -> Self {
        let classes = provider.profile().classes.iter();
        let circuits = classes.map(|class| (*class, Breaker::new(breaker.clone())));
        Self {
            circuits: circuits.collect(),
            provider,
            last_failure: Mutex::new(None),
        }
    }

    pub(super) fn provider(&self) -> &dyn MarketProvider {
        self.provider.as_ref()
    }

    pub(super) fn answers_for(&self, class: AssetClass) -> bool {
        self.circuit(class).is_some()
    }

    /// Whether it is left alone at present, so that asking it would be no use.
    pub(super) fn is_left_alone(&self, class: AssetClass) -> bool {
        let circuit = self.circuit(class).map(Breaker::state);
        circuit == Some(CircuitState::Open) || self.provider.closed_for().is_some()
    }

    fn circuit(&self, class: AssetClass) -> Option<&Breaker> {
        let mut circuits = self.circuits.iter();
        let (_, circuit) = circuits.find(|(known, _)| *known == class)?;
        Some(circuit)
    }

    pub(super) fn is_remote(&self) -> bool {
        matches!(self.provider.profile().reach, Reach::Network(_))
    }

    /// Asks as `when` has it; every try is noted.
    pub(super) async fn ask(
        &self,
        request: &QuoteRequest,
        when: When,
        config: &MarketConfig,
        attempts: &mut Vec<Attempt>,
    ) -> Said {
        let mut tries = 0;
        loop {
            tries += 1;
            let begun = Instant::now();
            let said = self.ask_once(request, when, config).await;
            let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let error = match &said {
                Said::Quote(_) => None,
                Said::Doubtful(_, error) | Said::Failed(error) => Some(error),
            };
            attempts.push(Attempt::new(self.provider.name(), ms, error));
            let again = error.and_then(MarketError::failure);
            if tries > 1 || !again.is_some_and(FailureKind::may_be_retried) || !self.is_remote() {
                return said;
            }
            let pause = pause();
            if Instant::now() + pause >= when.deadline || self.provider.closed_for().is_some() {
                return said;
            }
            sleep(pause).await;
        }
    }

    async fn ask_once(&self, request: &QuoteRequest, when: When, config: &MarketConfig) -> Said {
        let When {
            now,
            deadline,
            is_last,
        } = when;
        let mut turn = Turn::at(now);
        if is_last {
            turn = turn.of_the_last(deadline);
        }
        if !self.is_remote() {
            return match self.provider.quote(request, &turn).await {
                Ok(quote) => Said::Quote(Box::new(quote)),
                Err(error) => Said::Failed(error),
            };
        }
        let name = self.provider.name();
        let circuit = self.circuit(request.asset_class);
        if let Some(Err(left)) = circuit.map(Breaker::enter) {
            let reason = "it is left alone after failing again and again";
            let mut error = MarketError::failed(name, FailureKind::CircuitOpen, reason);
            error.set_retry_after(left);
            return Said::Failed(error);
        }
        let quote = self.provider.quote(request, &turn);
        let time = config.provider_timeout;
        let said = match turn.answer(name, time, deadline, quote).await {
            Ok(quote) => match doubt(&quote, request, now) {
                None => Said::Quote(Box::new(quote)),
                Some(doubt) => {
                    let reason = doubt.reason().to_owned();
                    let error = MarketError::failed(name, FailureKind::Implausible, reason);
                    match doubt {
                        Doubt::LargeChange(_) => Said::Doubtful(Box::new(quote), error),
                        Doubt::Wrong(_) => Said::Failed(error),
                    }
                }
            },
            Err(error) => Said::Failed(error),
        };
        let failure = match &said {
            Said::Quote(_) | Said::Doubtful(..) => None,
            Said::Failed(error) => error.failure().map(|failure| (failure, error)),
        };
        if let Some(circuit) = circuit {
            circuit.note(failure.map(|(failure, _)| failure));
        }
        if let Some((_, error)) = failure.filter(|(failure, _)| failure.is_its_own()) {
            let mut last = self
                .last_failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *last = Some(LastFailure {
                at: now,
                attempt: Attempt::new(name, 0, Some(error)),
            });
        }
        said
    }

    pub(super) fn status(&self) -> ProviderStatus {
        let profile = self.provider.profile();
        let last = self
            .last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        ProviderStatus {
            name: self.provider.name().to_owned(),
            classes: profile.classes.to_vec(),
            limit: match profile.reach {
                Reach::Local => None,
                Reach::Network(limit) => Some(limit),
            },
            licence: profile.licence,
            circuits: self
                .circuits
                .iter()
                .map(|(class, circuit)| CircuitStatus {
                    asset_class: *class,
                    state: circuit.state(),
                })
                .collect(),
            closed_for_seconds: self.provider.closed_for().map(|left| left.as_secs()),
            last_failure: last.clone(),
        }
    }
}

/// A pause of random length, so that those who failed together do not come back together.
fn pause() -> Duration {
    let (least, most) = PAUSE;
    let random = getrandom::u32().unwrap_or_default();
    Duration::from_millis(least + u64::from(random) % (most - least))
}
