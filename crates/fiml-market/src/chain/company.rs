//! The official figures behind a share: asked once a day, kept for a week where the office fails.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::{Attempt, FailureKind, Fundamentals, FundamentalsProvider, MarketError, Symbol, Turn};

use super::MarketConfig;
use super::breaker::Breaker;

/// How long figures are taken without asking again, and how long where asking fails.
const SOFT: TimeDelta = TimeDelta::hours(24);
const HARD: TimeDelta = TimeDelta::days(7);

/// The office that companies report to, and what it said.
#[derive(Debug)]
pub(super) struct Company {
    provider: Arc<dyn FundamentalsProvider>,
    circuit: Breaker,
    capacity: usize,
    kept: Mutex<HashMap<Symbol, Arc<Fundamentals>>>,
}

impl Company {
    pub(super) fn new(provider: Arc<dyn FundamentalsProvider>, config: &MarketConfig) -> Self {
        Self {
            provider,
            circuit: Breaker::new(config.breaker.clone()),
            capacity: config.capacity,
            kept: Mutex::new(HashMap::new()),
        }
    }

    pub(super) fn provider(&self) -> &dyn FundamentalsProvider {
        self.provider.as_ref()
    }

    /// The figures, and the attempt if the office was asked; `None` where it knows no such company.
    pub(super) async fn figures(
        &self,
        symbol: &Symbol,
        now: DateTime<Utc>,
        time: Duration,
        deadline: Instant,
    ) -> (
        Result<Option<Arc<Fundamentals>>, MarketError>,
        Option<Attempt>,
    ) {
        let known = self.known(symbol, now);
        let holds = |known: &&Arc<Fundamentals>| {
            known.cut_short.is_empty() && now - known.fetched_at < SOFT
        };
        if let Some(known) = known.as_ref().filter(holds) {
            return (Ok(Some(Arc::clone(known))), None);
        }
        let begun = Instant::now();
        let asked = self.ask(symbol, now, time, deadline).await;
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let attempt = Attempt::new(self.provider.name(), ms, asked.as_ref().err());
        let figures = match asked {
            Ok(figures) => Ok(Some(match known {
                // All that was known some days ago says more than a part of what is known today.
                Some(known) if !figures.cut_short.is_empty() && known.cut_short.is_empty() => known,
                _ => {
                    let figures = Arc::new(figures);
                    self.keep(symbol, &figures, now);
                    figures
                }
            })),
            Err(MarketError::SymbolNotFound { .. }) => Ok(None),
            Err(error) => known.map(Some).ok_or(error),
        };
        (figures, Some(attempt))
    }

    async fn ask(
        &self,
        symbol: &Symbol,
        now: DateTime<Utc>,
        time: Duration,
        deadline: Instant,
    ) -> Result<Fundamentals, MarketError> {
        let name = self.provider.name();
        if let Err(left) = self.circuit.enter() {
            let reason = "it is left alone after failing again and again";
            let mut error = MarketError::failed(name, FailureKind::CircuitOpen, reason);
            error.set_retry_after(left);
            return Err(error);
        }
        let turn = Turn::at(now).of_the_last(deadline);
        let answer = self.provider.fundamentals(symbol, &turn);
        let answer = turn.answer(name, time, deadline, answer).await;
        self.circuit
            .note(answer.as_ref().err().and_then(MarketError::failure));
        answer
    }

    fn known(&self, symbol: &Symbol, now: DateTime<Utc>) -> Option<Arc<Fundamentals>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.get(symbol)?;
        let holds = known.fetched_at <= now && now - known.fetched_at < HARD;
        holds.then(|| Arc::clone(known))
    }

    fn keep(&self, symbol: &Symbol, figures: &Arc<Fundamentals>, now: DateTime<Utc>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.capacity {
            kept.retain(|_, known| now - known.fetched_at < SOFT);
        }
        if kept.len() < self.capacity || kept.contains_key(symbol) {
            kept.insert(symbol.clone(), Arc::clone(figures));
        }
    }
}
