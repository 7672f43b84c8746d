//! One provider's address: where it is, what each request carries, how often it may be asked.
//!
//! Whoever asks has calls admitted first.

use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use thiserror::Error;

use crate::text::printable;
use crate::{FailureKind, MarketError, Turn};

use super::bucket::{Bucket, RateLimit};
use super::retry_after::retry_after;
use super::{HttpClient, HttpSetupError};

/// The longest body that is read, in bytes.
const MAX_BODY: usize = 2 << 20;

/// How long a provider is left alone that refuses calls without saying for how long.
const UNSAID: Duration = Duration::from_secs(60);

/// What a provider documents to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Csv,
}

/// An answer that has the form asked for.
#[derive(Debug)]
pub(crate) enum Response {
    Body(Vec<u8>),
    /// The provider itself says that it has no such thing.
    NotFound,
}

/// A provider reached by HTTP.
#[derive(Debug)]
pub(crate) struct Endpoint {
    name: &'static str,
    client: HttpClient,
    base: Url,
    headers: HeaderMap,
    bucket: Bucket,
}

impl Endpoint {
    pub(crate) fn new(
        name: &'static str,
        client: &HttpClient,
        base: &str,
        limit: RateLimit,
    ) -> Result<Self, HttpSetupError> {
        Ok(Self {
            name,
            client: client.clone(),
            base: address(base)?,
            headers: HeaderMap::new(),
            bucket: Bucket::new(limit),
        })
    }

    /// The same, with a header on every request; its value is never shown.
    pub(crate) fn with_header(
        mut self,
        name: &'static str,
        value: &str,
        what: &'static str,
    ) -> Result<Self, HttpSetupError> {
        let mut value =
            HeaderValue::from_str(value).map_err(|_| HttpSetupError::Header { what })?;
        value.set_sensitive(true);
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(self)
    }

    /// How long the provider has asked to be left alone.
    pub(crate) fn closed_for(&self) -> Option<Duration> {
        self.bucket.closed_for()
    }

    /// Takes so many calls out of the provider's share, all or none, before they are made; waits for them as
    /// long as the turn has patience.
    pub(crate) async fn admit(&self, calls: u32, turn: &Turn) -> Result<(), MarketError> {
        let turned_away = |wait| self.turned_away(wait);
        let at = self.bucket.reserve(calls, turn.patience());
        turn.wait_until(at.map_err(turned_away)?).await;
        // It may have asked to be left alone meanwhile.
        self.closed_for()
            .map_or(Ok(()), |wait| Err(turned_away(wait)))
    }

    /// It was not asked, and may be after a while.
    fn turned_away(&self, wait: Duration) -> MarketError {
        let reason = match self.closed_for() {
            Some(_) => "it asked to be left alone",
            None => "its share of calls is used up",
        };
        let mut error = self.failed(FailureKind::LimitReached, reason);
        error.set_retry_after(wait);
        error
    }

    /// Asks for JSON of this shape; `None` where the provider has no such thing.
    pub(crate) async fn json<T: for<'de> Deserialize<'de>>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Option<T>, MarketError> {
        let body = match self.get(path, query, Form::Json).await? {
            Response::Body(body) => body,
            Response::NotFound => return Ok(None),
        };
        let value = serde_json::from_slice(&body)
            .map_err(|error| self.bad(printable(&error.to_string())))?;
        Ok(Some(value))
    }

    /// The same, where a missing resource is often told by a page: it is taken for missing all the same.
    pub(crate) async fn json_if_any<T: for<'de> Deserialize<'de>>(
        &self,
        path: &[&str],
    ) -> Result<Option<T>, MarketError> {
        match self.json(path, &[]).await {
            Err(MarketError::Unavailable {
                http_status: Some(404),
                ..
            }) => Ok(None),
            answer => answer,
        }
    }

    /// Asks for one resource; each piece of the path is one segment, whatever it holds.
    pub(crate) async fn get(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        form: Form,
    ) -> Result<Response, MarketError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.client.0.get(url).headers(self.headers.clone());
        let mut response = request.send().await.map_err(|error| self.unsent(error))?;
        let status = response.status();
        if status != StatusCode::OK && status != StatusCode::NOT_FOUND {
            return Err(self.refused(status, response.headers()));
        }
        self.check_head(response.headers(), form).map_err(|error| {
            if status == StatusCode::NOT_FOUND {
                self.refused(status, &HeaderMap::new())
            } else {
                error
            }
        })?;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.unsent(error))? {
            if body.len() + piece.len() > MAX_BODY {
                return Err(self.bad("its answer is longer than 2 MB"));
            }
            body.extend_from_slice(&piece);
        }
        if form == Form::Json && !matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
            return Err(self.bad("its answer is not JSON"));
        }
        Ok(if status == StatusCode::NOT_FOUND {
            Response::NotFound
        } else {
            Response::Body(body)
        })
    }

    fn check_head(&self, headers: &HeaderMap, form: Form) -> Result<(), MarketError> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if text(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(self.bad("its answer is compressed, which was not asked for"));
        }
        let kind = text(CONTENT_TYPE).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let kind = kind.to_ascii_lowercase();
        let fits = match form {
            Form::Json => kind == "application/json" || kind.ends_with("+json"),
            Form::Csv => matches!(kind.as_str(), "text/csv" | "application/csv"),
        };
        if fits {
            return Ok(());
        }
        Err(self.bad(format!(
            "its answer is of the type `{}`, not {}",
            printable(&kind),
            match form {
                Form::Json => "JSON",
                Form::Csv => "CSV",
            }
        )))
    }

    /// What a status other than 200 means; one that asks for patience closes the bucket.
    fn refused(&self, status: StatusCode, headers: &HeaderMap) -> MarketError {
        let asked = retry_after(headers);
        let failure = if status == StatusCode::TOO_MANY_REQUESTS {
            FailureKind::RateLimited
        } else if status.is_server_error() {
            FailureKind::ServerError
        } else {
            FailureKind::Refused
        };
        let wait = match failure {
            FailureKind::RateLimited => Some(asked.unwrap_or(UNSAID)),
            _ => asked,
        };
        if let Some(wait) = wait {
            self.bucket.close_for(wait);
        }
        let mut error = self.failed(failure, Status(status));
        if let MarketError::Unavailable {
            http_status,
            retry_after,
            ..
        } = &mut error
        {
            *http_status = Some(status.as_u16());
            *retry_after = wait;
        }
        error
    }

    /// A limit that the provider tells in the body of its answer.
    pub(crate) fn rate_limited(&self, reason: &str) -> MarketError {
        self.bucket.close_for(UNSAID);
        let mut error = self.failed(FailureKind::RateLimited, printable(reason));
        error.set_retry_after(UNSAID);
        error
    }

    pub(crate) fn bad(&self, reason: impl Into<crate::BoxError>) -> MarketError {
        self.failed(FailureKind::BadAnswer, reason)
    }

    pub(crate) fn implausible(&self, reason: impl Into<crate::BoxError>) -> MarketError {
        self.failed(FailureKind::Implausible, reason)
    }

    pub(crate) fn failed(
        &self,
        failure: FailureKind,
        reason: impl Into<crate::BoxError>,
    ) -> MarketError {
        MarketError::failed(self.name, failure, reason)
    }

    fn unsent(&self, error: reqwest::Error) -> MarketError {
        let failure = if error.is_timeout() {
            FailureKind::Timeout
        } else if error.is_connect() {
            FailureKind::ConnectFailed
        } else {
            FailureKind::BadAnswer
        };
        self.failed(failure, error.without_url())
    }
}

/// A status, as the reason of a failure.
#[derive(Debug, Error)]
#[error("it answered {0}")]
struct Status(StatusCode);

/// An address over TLS, or without it on this machine alone.
fn address(text: &str) -> Result<Url, HttpSetupError> {
    // Not as a whole: it may hold a password or a key.
    let refused = |url: Option<&Url>| HttpSetupError::Url {
        url: url
            .and_then(Url::host_str)
            .map(printable)
            .unwrap_or_default(),
    };
    let url = Url::parse(text).map_err(|_| refused(None))?;
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    match url.scheme() {
        "https" if plain => Ok(url),
        "http" if plain && here => Ok(url),
        _ => Err(refused(Some(&url))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_reached_over_tls_or_on_this_machine() {
        for good in [
            "https://api.example.com",
            "http://127.0.0.1:9",
            "http://[::1]:9/v1/",
        ] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.example.com",
            "http://169.254.169.254/",
            "ftp://127.0.0.1",
            "https://ann:pw@api.example.com",
            "https://api.example.com/?key=1",
            "api.example.com",
            "",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
