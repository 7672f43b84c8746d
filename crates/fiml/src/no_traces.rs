//! Where traces go in a build without the feature `otlp`: nowhere.

use anyhow::Result;
use fiml_mcp::TraceContext;
use fiml_session_core::Invalid;
use tokio::runtime::Handle;
use tracing::{Span, Subscriber};
use tracing_subscriber::{Layer, layer::Identity};

use crate::settings::Settings;

/// No variable is read.
pub(crate) const NAMES: &[&str] = &[];

/// Where traces go.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint;

impl Endpoint {
    pub(crate) const fn read(_: &Settings) -> Result<Self, Invalid> {
        Ok(Self)
    }
}

/// What sends traces; there is none.
#[derive(Debug)]
pub(crate) enum Traces {}

impl Traces {
    pub(crate) const fn start(_: &Endpoint, _: &Handle) -> Result<Option<Self>> {
        Ok(None)
    }

    pub(crate) fn layer<S: Subscriber>(&self) -> impl Layer<S> + use<S> {
        Identity::new()
    }

    pub(crate) const fn end(self) {
        match self {}
    }
}

/// No span is part of a trace.
pub(crate) const fn join(_: &Span, _: TraceContext<'_>) {}
