//! What both searches do: look at the session, ask the market, record the question, answer.

use std::time::{Duration, Instant};

use fiml_market::{Answer as MarketAnswer, AssetClass, MarketError, QuoteRequest, Symbol};
use fiml_session_core::{
    Conditions, ErrorCode, Invalid, QueryRecord, Refusal, SessionError, SessionId, Timestamp,
    text::check_name,
};
use futures_util::future::{join, join_all};
use serde_json::{Map, Value, json};

use super::{
    Call, Success,
    quote_answer::{QuoteAnswer, Tracking},
};
use crate::error::{ErrorBody, Failure, InvalidArgumentSymbol};

/// The longest name of a market or exchange, in bytes.
pub(super) const MAX_PLACE_BYTES: usize = 32;
/// How much of a failure's message goes into the record, in characters.
const MAX_FAILURE_CHARS: usize = 400;

/// The session, the price, the record; without a session it is the price alone.
const STEPS: u8 = 3;

/// A search as it was asked for: of one symbol, and in the same way of others.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) symbol: String,
    pub(super) more_symbols: Vec<String>,
    pub(super) language: Option<String>,
    pub(super) session_id: Option<String>,
}

impl Search {
    /// Asks for all symbols at the same time; each of them succeeds or fails, and is recorded, by itself.
    ///
    /// A session that takes no queries is an error before any quote is fetched, unless it holds the
    /// question under the call's key already. A session that cannot be reached or holds all it may does
    /// not keep the quote from the caller; one that may or may not have taken the question does.
    pub(super) async fn answer(
        self,
        call: &Call,
        request: impl Fn(Symbol) -> QuoteRequest + Send + Sync,
    ) -> Result<QuoteAnswer, Failure> {
        self.check(call)?;
        let question = |argument, text: &str| {
            let request = request(symbol(argument, text)?);
            Ok(Question {
                request,
                language: self.language.clone(),
            })
        };
        let first = question("symbol", &self.symbol);
        let others = self.more_symbols.iter();
        let others: Vec<_> = others.map(|text| question("moreSymbols", text)).collect();
        let session = match &self.session_id {
            Some(id) => {
                let next = "looking at the session";
                call.progress.tell(0, STEPS, next).await;
                Some(look_at(call, id.parse()?).await?)
            }
            None => None,
        };
        let (looks, steps) = match session {
            Some(_) => (1, STEPS),
            None => (0, 1),
        };
        let next = "asking for the price";
        call.progress.tell(looks, steps, next).await;
        let session = session.as_ref();
        // All at the same time, so that many take no longer than one may.
        let others = others.into_iter().map(|question| ask(question, call));
        let (first, others) = join(ask(first, call), join_all(others)).await;
        if let Some(Session::Open(_)) = session {
            let next = "recording the question";
            call.progress.tell(2, STEPS, next).await;
        }
        // The first takes the first place in the record.
        let first = answer(first, call, session).await;
        let others = others.into_iter();
        let others = others.map(|priced| answer(priced, call, session));
        let more = self.more_symbols.into_iter().zip(join_all(others).await);
        let more: Vec<_> = more.map(|(text, found)| entry(text, found)).collect();
        match first {
            Ok(answer) => Ok(answer.with_more(more)),
            Err(failure) if more.is_empty() => Err(failure),
            Err(failure) => Err(failure.under_key(false).with_more(more)),
        }
    }

    fn check(&self, call: &Call) -> Result<(), Failure> {
        if call.key.is_some() && !self.more_symbols.is_empty() {
            return Err(Failure::Call(Invalid::malformed(
                "idempotencyKey",
                "stands for one question, and moreSymbols asks several",
                "one of idempotencyKey and moreSymbols",
            )));
        }
        let mut seen = vec![self.symbol.trim()];
        for (place, text) in self.more_symbols.iter().enumerate() {
            let text = text.trim();
            if seen.iter().any(|seen| seen.eq_ignore_ascii_case(text)) {
                return Err(Failure::Call(Invalid::malformed(
                    format!("moreSymbols[{place}]"),
                    "names a symbol that the call asks for already",
                    "each symbol once",
                )));
            }
            seen.push(text);
        }
        Ok(())
    }
}

async fn ask(question: Result<Question, Failure>, call: &Call) -> Result<Priced, Failure> {
    Ok(question?.ask(call).await)
}

async fn answer(
    priced: Result<Priced, Failure>,
    call: &Call,
    session: Option<&Session>,
) -> Result<QuoteAnswer, Failure> {
    priced?.answer(call, session).await
}

/// What one of the other symbols brought, as it stands in `more`.
fn entry(symbol: String, found: Result<QuoteAnswer, Failure>) -> Value {
    match found {
        Ok(answer) => json!(Success::of(answer)),
        Err(failure) => {
            let mut body = json!(ErrorBody::from(&failure.under_key(false)));
            body["symbol"] = symbol.into();
            body
        }
    }
}

/// A search of one symbol, its arguments proven but for the session.
#[derive(Debug)]
struct Question {
    request: QuoteRequest,
    language: Option<String>,
}

impl Question {
    async fn ask(self, call: &Call) -> Priced {
        let services = &call.services;
        let asked = Instant::now();
        let said = services
            .market
            .quote(&self.request, services.store.now().into())
            .await;
        Priced {
            question: self,
            said,
            took: asked.elapsed(),
        }
    }

    async fn record(
        &self,
        call: &Call,
        id: SessionId,
        answer: &MarketAnswer,
        took: Duration,
    ) -> Result<Tracking, Failure> {
        let query = QueryRecord {
            result_summary: answer.summary(),
            cache_hit: answer.is_hit(),
            source: Some(answer.quote.source.clone()),
            // Sessions tell no time before 1970, and a clamped date would be a wrong one.
            as_of: (answer.quote.as_of.at.timestamp() >= 0)
                .then(|| Timestamp::from(answer.quote.as_of.at)),
            ..self.query(took)
        };
        let store = &call.services.store;
        call.writing.begin();
        match store
            .record_query(&call.scope, id, query, call.key.as_ref())
            .await
        {
            Ok(applied) => Ok(Tracking::tracked(id, applied.total_queries)),
            Err(error) if keeps_the_quote(&error) => Err(error.into()),
            Err(error) => Ok(untracked(id, &error)),
        }
    }

    /// Records that the market had no answer.
    ///
    /// Without the idempotency key, which would keep a later success out of the record. Where this
    /// fails too, the caller still learns of the first failure, and that it was not recorded.
    async fn record_failure(
        &self,
        call: &Call,
        id: SessionId,
        error: &MarketError,
        took: Duration,
    ) -> Tracking {
        let ErrorBody { code, message, .. } = error.into();
        let query = QueryRecord {
            result_summary: message.chars().take(MAX_FAILURE_CHARS).collect(),
            error: Some(code.name().to_owned()),
            ..self.query(took)
        };
        let store = &call.services.store;
        call.writing.begin();
        match store.record_query(&call.scope, id, query, None).await {
            Ok(applied) => Tracking::tracked(id, applied.total_queries),
            Err(error) => untracked(id, &error),
        }
    }

    fn query(&self, took: Duration) -> QueryRecord {
        let request = &self.request;
        let parameters = [
            ("symbol", Some(request.symbol.to_string())),
            ("market", request.market.clone()),
            ("exchange", request.exchange.clone()),
            ("pair", request.pair.as_ref().map(Symbol::to_string)),
        ];
        let mut parameters: Map<_, _> = parameters
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))))
            .collect();
        if let Ok(depth) = serde_json::to_value(request.depth) {
            parameters.insert("depth".to_owned(), depth);
        }
        QueryRecord {
            parameters,
            execution_time_ms: Some(took.as_nanos() as f64 / 1e6),
            ..QueryRecord::new(self.query_type())
        }
    }

    const fn query_type(&self) -> &'static str {
        match self.request.asset_class {
            AssetClass::Equity => "equity_price",
            AssetClass::Coin => "crypto_price",
            AssetClass::Macro => "macro_series",
        }
    }
}

/// A question, and what the market said to it.
struct Priced {
    question: Question,
    said: Result<MarketAnswer, MarketError>,
    took: Duration,
}

impl Priced {
    /// Records the question in its session, if it names one.
    async fn answer(self, call: &Call, session: Option<&Session>) -> Result<QuoteAnswer, Failure> {
        let Self {
            question,
            said,
            took,
        } = self;
        let answer = match said {
            Ok(answer) => answer,
            Err(error) => {
                let tracking = match session {
                    None => return Err(error.into()),
                    Some(Session::Open(id)) => {
                        question.record_failure(call, *id, &error, took).await
                    }
                    Some(Session::Settled(tracking)) => tracking.clone(),
                };
                return Err(Failure::from(error).with_session(json!(tracking)));
            }
        };
        let tracking = match session {
            None => None,
            Some(Session::Open(id)) => Some(question.record(call, *id, &answer, took).await?),
            Some(Session::Settled(tracking)) => Some(tracking.clone()),
        };
        let language = question.language.as_deref();
        Ok(QuoteAnswer::new(answer, language, tracking))
    }
}

/// What a look at the session showed.
enum Session {
    Open(SessionId),
    /// Nothing is left to record: what the answer says of it stands already.
    Settled(Tracking),
}

async fn look_at(call: &Call, id: SessionId) -> Result<Session, Failure> {
    let store = &call.services.store;
    let session = match store.overview(&call.scope, id, 0).await {
        Ok(session) => session,
        Err(error) if keeps_the_quote(&error) => return Err(error.into()),
        Err(error) => return Ok(Session::Settled(untracked(id, &error))),
    };
    let expires_at = session.header.expires_at;
    let over = if session.is_archived {
        SessionError::Archived { id }
    } else if session.header.is_expired(store.now()) {
        let refusal = Refusal::Expired { expires_at };
        SessionError::Refused { id, refusal }
    } else {
        return Ok(Session::Open(id));
    };
    match first_number(call, id).await? {
        Some(number) => Ok(Session::Settled(Tracking::tracked(id, number))),
        None => Err(over.into()),
    }
}

/// The number under which a session that is over took this very call, while it still could.
async fn first_number(call: &Call, id: SessionId) -> Result<Option<u64>, SessionError> {
    let Some(key) = &call.key else {
        return Ok(None);
    };
    let store = &call.services.store;
    let mut session = store.get_session(&call.scope, id).await?;
    let conditions = Conditions {
        idempotency: Some(key.clone()),
        // No session has it, so that a key not used before changes nothing, even in a session that is
        // extended at this moment.
        expected_version: Some(0),
        ..Conditions::default()
    };
    let asked = store.update_session(&call.scope, &mut session, conditions);
    match asked.await {
        Ok(first) => Ok(Some(first.total_queries)),
        Err(error) => match error.code() {
            ErrorCode::VersionConflict | ErrorCode::SessionExpired | ErrorCode::SessionArchived => {
                Ok(None)
            }
            _ => Err(error),
        },
    }
}

/// Whether an error is all the caller gets: it names a wrong session, or one that is over, or a used
/// key, or leaves open whether the question was recorded. What remains speaks of the store and of room
/// in the session, and says that the question was not recorded.
const fn keeps_the_quote(error: &SessionError) -> bool {
    matches!(
        error.code(),
        ErrorCode::SessionNotFound
            | ErrorCode::SessionExpired
            | ErrorCode::SessionArchived
            | ErrorCode::Forbidden
            | ErrorCode::IdempotencyConflict
            | ErrorCode::OutcomeUnknown
    )
}

fn untracked(id: SessionId, error: &SessionError) -> Tracking {
    tracing::warn!(session.id = %id, error = error.chain(), "a search was not recorded");
    Tracking::untracked(id, error)
}

/// A symbol, or the name of the argument that is none.
pub(super) fn symbol(argument: &'static str, text: &str) -> Result<Symbol, Failure> {
    text.parse()
        .map_err(|source| Failure::Symbol(InvalidArgumentSymbol { argument, source }))
}

/// A market's or exchange's name, which goes into the record.
pub(super) fn place(argument: &str, name: Option<String>) -> Result<Option<String>, Invalid> {
    if let Some(name) = &name {
        check_name(argument, name, MAX_PLACE_BYTES)?;
    }
    Ok(name)
}
