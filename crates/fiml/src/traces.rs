//! Traces over OTLP: a span for each call of a tool, with those of the stores beneath it.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | the collector, over HTTP without TLS; spans go to `/v1/traces` there | none: no traces |
//! | `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | the whole address for spans, before the other | none |
//!
//! The OpenTelemetry SDK itself reads the other standard variables from the environment, `OTEL_SERVICE_NAME`,
//! `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_BSP_…` among
//! them.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use fiml_mcp::TraceContext;
use fiml_session_core::Invalid;
use opentelemetry::{
    Key, Value,
    propagation::TextMapPropagator as _,
    trace::{TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response, hyper::HyperClient};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::{Span, Subscriber, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

use crate::{failures::Refused, settings::Settings};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

/// Every variable that is read here.
pub(crate) const NAMES: &[&str] = &[ENDPOINT, TRACES_ENDPOINT];

/// How long the collector may take for one request, and all of them at the end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where traces go, if anywhere.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint(Option<String>);

impl Endpoint {
    /// That of these settings.
    pub(crate) fn read(settings: &Settings) -> Result<Self, Invalid> {
        let url = match (settings.get(TRACES_ENDPOINT)?, settings.get(ENDPOINT)?) {
            (Some(url), _) => Some(url.to_owned()),
            (None, Some(url)) => Some(format!("{}/v1/traces", url.trim_end_matches('/'))),
            (None, None) => None,
        };
        if let Some(url) = &url
            && !url.starts_with("http://")
        {
            let setting = format!("{TRACES_ENDPOINT} or {ENDPOINT}");
            let problem = "is no address of the kind";
            let limit = "an address of a collector over HTTP: http://127.0.0.1:4318";
            return Err(Invalid::malformed(setting, problem, limit));
        }
        Ok(Self(url))
    }
}

/// What sends traces; they are sent in batches, and the last ones by [`Traces::end`].
#[derive(Debug)]
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to send, where somebody says where to.
    pub(crate) fn start(endpoint: &Endpoint, runtime: &Handle) -> Result<Option<Self>> {
        let Some(url) = &endpoint.0 else {
            return Ok(None);
        };
        let client = Client {
            inner: HyperClient::with_default_connector(PATIENCE, None),
            runtime: runtime.clone(),
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(url)
            .build()
            .context("cannot send traces to the address that is set")
            .map_err(Refused::error)?;
        let provider = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_batch_exporter(exporter)
            .build();
        Ok(Some(Self(provider)))
    }

    /// What turns our spans into theirs, whatever is logged.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let tracer = self.0.tracer("fiml");
        let ours = Targets::new().with_target("fiml", LevelFilter::DEBUG);
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(ours)
    }

    /// Sends what is left; the runtime must still be there.
    pub(crate) fn end(self) {
        if let Err(error) = self.0.shutdown_with_timeout(PATIENCE) {
            tracing::warn!("the last traces may be lost: {error}");
        }
    }
}

/// Who says it: `OTEL_SERVICE_NAME`, or fiml.
fn resource() -> Resource {
    let resource = Resource::builder().build();
    let name = resource.get_ref(&Key::from_static_str("service.name"));
    let is_unknown = name.is_none_or(|name| match name {
        Value::String(name) => name.as_str().starts_with("unknown_service"),
        _ => true,
    });
    if is_unknown {
        Resource::builder().with_service_name("fiml").build()
    } else {
        resource
    }
}

/// Makes the span part of the trace that the client named; a name that is none is ignored, as the
/// specification has it.
pub(crate) fn join(span: &Span, trace: TraceContext<'_>) {
    let mut carrier = HashMap::from([("traceparent".to_owned(), trace.traceparent.to_owned())]);
    if let Some(state) = trace.tracestate {
        carrier.insert("tracestate".to_owned(), state.to_owned());
    }
    let parent = TraceContextPropagator::new().extract(&carrier);
    if parent.span().span_context().is_valid()
        && let Err(error) = span.set_parent(parent)
    {
        tracing::debug!("a call is not in the trace of its client: {error}");
    }
}

/// Sends on the runtime, because batches are put together on a thread that has none.
#[derive(Debug)]
struct Client {
    inner: HyperClient,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let inner = self.inner.clone();
        let sent = self
            .runtime
            .spawn(async move { inner.send_bytes(request).await });
        sent.await?
    }
}
