//! A source that ends early, on order.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, ReadBuf};

/// Reads from a source until it ends, or until `stop` resolves, which looks the same to the reader.
pub(crate) struct Until<R, S> {
    source: R,
    /// None once it has resolved.
    stop: Option<Pin<Box<S>>>,
}

impl<R, S> Until<R, S> {
    pub(crate) fn new(source: R, stop: S) -> Self {
        Self {
            source,
            stop: Some(Box::pin(stop)),
        }
    }
}

impl<R: AsyncRead + Unpin, S: Future<Output = ()>> AsyncRead for Until<R, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(stop) = &mut self.stop
            && stop.as_mut().poll(cx).is_ready()
        {
            self.stop = None;
        }
        if self.stop.is_none() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.source).poll_read(cx, buffer)
    }
}
