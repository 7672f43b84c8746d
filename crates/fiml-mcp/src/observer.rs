//! Who is told of every call of a tool.

use std::{fmt::Debug, time::Duration};

use tracing::Span;

/// The trace that a client says its call belongs to, by W3C Trace Context, as it was sent.
#[derive(Debug, Clone, Copy)]
pub struct TraceContext<'a> {
    /// The trace and the span of the client.
    pub traceparent: &'a str,
    /// What its vendor adds.
    pub tracestate: Option<&'a str>,
}

/// Is told of every call of a tool.
pub trait CallObserver: Debug + Send + Sync + 'static {
    /// A call of a client that named a trace begins, in a span that nobody has entered yet.
    fn begins(&self, span: &Span, trace: TraceContext<'_>);

    /// A call was answered: with `success`, or with an error of this code. One that is given up because its
    /// client is gone is not.
    fn ended(&self, tool: &'static str, outcome: &'static str, took: Duration);
}
