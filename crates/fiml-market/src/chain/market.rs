//! The market a caller asks: sources in order, with a memory.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::{
    AssetClass, Attempt, FailureKind, FundamentalsProvider, MarketError, MarketProvider,
    QuoteRequest, Reach,
};

use super::asking::Chosen;
use super::cache::{Cache, Found, Kept};
use super::company::Company;
use super::flight::{Flights, Landed, Outcome, Question, Seat};
use super::source::Source;
use super::{Answer, CacheResult, MarketConfig, OfficeStatus, ProviderStatus};

/// Sources of prices asked in order, with a memory of what they answered.
///
/// - The first source that answers wins; figures of two sources are never mixed without naming both.
/// - A price that is older than its kind of source explains stands back while another source has one.
/// - A symbol counts as not found only when every source said so.
/// - Whoever asks the same at the same time waits for the same answer.
/// - Only answers are kept, never failures, and none outlives a change of a source.
/// - With no source for a kind of asset every question is [`MarketError::NotConfigured`].
#[derive(Clone, Debug)]
pub struct Market {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) sources: Vec<Source>,
    pub(super) company: Option<Company>,
    pub(super) config: MarketConfig,
    cache: Cache,
    flights: Flights,
}

impl Market {
    /// A market over these sources, asked in this order.
    pub fn new(providers: Vec<Arc<dyn MarketProvider>>, config: MarketConfig) -> Self {
        Self::with_fundamentals(providers, None, config)
    }

    /// The same, with an office that knows what companies report.
    pub fn with_fundamentals(
        providers: Vec<Arc<dyn MarketProvider>>,
        office: Option<Arc<dyn FundamentalsProvider>>,
        config: MarketConfig,
    ) -> Self {
        let sources = providers.into_iter();
        let inner = Inner {
            sources: sources
                .map(|provider| Source::new(provider, &config.breaker))
                .collect(),
            company: office.map(|office| Company::new(office, &config)),
            cache: Cache::new(config.capacity),
            flights: Flights::default(),
            config,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// A market without a source: it answers every question by saying how to name one.
    pub fn unconfigured() -> Self {
        Self::new(Vec::new(), MarketConfig::default())
    }

    /// Whether there is a source to ask.
    pub fn is_configured(&self) -> bool {
        !self.inner.sources.is_empty()
    }

    /// Answers a request as of `now`, from memory where that still holds.
    pub async fn quote(
        &self,
        request: &QuoteRequest,
        now: DateTime<Utc>,
    ) -> Result<Answer, MarketError> {
        let inner = &self.inner;
        let asset_class = request.asset_class;
        if !inner
            .sources
            .iter()
            .any(|source| source.answers_for(asset_class))
        {
            return Err(MarketError::NotConfigured { asset_class });
        }
        // Taken before a source is asked: a change in between makes the entry useless, never wrong.
        let generations = inner.generations(asset_class).await;
        let question = (request.clone(), generations);
        match inner.cache.get(request, &question.1, now) {
            Some(Found::Fresh(kept)) => {
                return Ok(Answer::new(&kept, CacheResult::Hit, Vec::new(), now));
            }
            Some(Found::Stale(kept)) => {
                // Under way from now on, and nobody waits for it.
                drop(inner.board(&question, now));
                return Ok(Answer::new(&kept, CacheResult::Stale, Vec::new(), now));
            }
            Some(Found::Part(_)) | None => {}
        }
        let (flight, result) = match inner.board(&question, now) {
            Seat::Answered(kept) => {
                return Ok(Answer::new(&kept, CacheResult::Hit, Vec::new(), now));
            }
            Seat::Joined(flight) => (flight, CacheResult::Coalesced),
            Seat::Led(flight) => (flight, CacheResult::Miss),
        };
        let Landed { kept, attempts } = flight.await?;
        Ok(Answer::new(&kept, result, attempts.to_vec(), now))
    }

    /// Answers several requests at once, in their order; each succeeds or fails by itself.
    pub async fn quotes(
        &self,
        requests: &[QuoteRequest],
        now: DateTime<Utc>,
    ) -> Vec<Result<Answer, MarketError>> {
        let asked = requests.iter().map(|request| self.quote(request, now));
        futures_util::future::join_all(asked).await
    }

    /// The symbols the sources can list, in order, each once.
    pub async fn symbols(&self) -> Vec<String> {
        let mut symbols = Vec::new();
        for source in &self.inner.sources {
            symbols.extend(source.provider().symbols().await);
        }
        symbols.sort_unstable();
        symbols.dedup();
        symbols
    }

    /// How the sources are doing, in the order they are asked.
    pub fn providers(&self) -> Vec<ProviderStatus> {
        self.inner.sources.iter().map(Source::status).collect()
    }

    /// The office that knows what companies report, where there is one.
    pub fn office(&self) -> Option<OfficeStatus> {
        let office = self.inner.company.as_ref()?.provider();
        Some(OfficeStatus {
            name: office.name().to_owned(),
            limit: match office.reach() {
                Reach::Local => None,
                Reach::Network(limit) => Some(limit),
            },
            licence: office.licence(),
            closed_for_seconds: office.closed_for().map(|left| left.as_secs()),
        })
    }
}

impl Inner {
    fn board(self: &Arc<Self>, question: &Question, now: DateTime<Utc>) -> Seat {
        let look = || match self.cache.get(&question.0, &question.1, now) {
            Some(Found::Fresh(kept)) => Some(kept),
            Some(Found::Part(_) | Found::Stale(_)) | None => None,
        };
        let start = || self.take_off(question.clone(), now);
        self.flights.board(question, look, start)
    }

    /// Asks in a task of its own: a caller that goes away takes nothing from those who wait with it.
    fn take_off(
        self: &Arc<Self>,
        question: Question,
        now: DateTime<Utc>,
    ) -> BoxFuture<'static, Outcome> {
        let inner = Arc::clone(self);
        let task = tokio::spawn(async move {
            let landing = Landing {
                inner: &inner,
                question: &question,
            };
            let (request, generations) = &question;
            let outcome = inner.fetch(request, generations, now).await;
            drop(landing);
            outcome
        });
        task.map(|outcome| {
            outcome.unwrap_or_else(|broken| {
                let broken = MarketError::failed("market", FailureKind::Other, broken);
                Err(MarketError::ProviderUnavailable {
                    attempts: vec![Attempt::new("market", 0, Some(&broken))],
                })
            })
        })
        .boxed()
    }

    async fn fetch(
        &self,
        request: &QuoteRequest,
        generations: &[u64],
        now: DateTime<Utc>,
    ) -> Outcome {
        let deadline = Instant::now() + self.config.deadline;
        let price = async {
            match self.cache.get(request, generations, now) {
                Some(Found::Part(kept)) => Ok(Chosen::known(&kept)),
                Some(Found::Fresh(_) | Found::Stale(_)) | None => {
                    self.ask(request, now, deadline).await
                }
            }
        };
        let (asked, company) = tokio::join!(price, self.company_figures(request, now, deadline));
        let mut chosen = asked?;
        let asked_at = chosen.asked_at;
        let office = self.company.as_ref();
        let resting = office.is_some_and(|office| office.provider().closed_for().is_some());
        let (fundamentals, completeness) = chosen.add_company(company, resting);
        let (soft, hard) =
            self.config
                .lifetimes(&chosen.quote, chosen.remote, completeness, asked_at);
        let later = |span| {
            asked_at
                .checked_add_signed(span)
                .unwrap_or(DateTime::<Utc>::MAX_UTC)
        };
        let kept = Arc::new(Kept {
            quote: *chosen.quote,
            provider: chosen.provider,
            licence: chosen.licence,
            remote: chosen.remote,
            fundamentals,
            comparison: chosen.comparison,
            is_uncompared: chosen.is_uncompared,
            completeness,
            generations: generations.to_vec(),
            fetched_at: asked_at,
            expires_at: later(soft),
            gone_at: later(hard),
        });
        self.cache.insert(request.clone(), Arc::clone(&kept), now);
        Ok(Landed {
            kept,
            attempts: chosen.attempts.into(),
        })
    }

    async fn generations(&self, class: AssetClass) -> Vec<u64> {
        let mut generations = Vec::with_capacity(self.sources.len());
        for source in self
            .sources
            .iter()
            .filter(|source| source.answers_for(class))
        {
            generations.push(source.provider().generation().await);
        }
        generations
    }
}

/// Ends a question even where the task that asks it breaks down.
struct Landing<'a> {
    inner: &'a Inner,
    question: &'a Question,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.inner.flights.land(self.question);
    }
}
