//! A connection that is given up where its client takes nothing for too long.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// A stream whose writes fail once the other side has taken no byte for a time.
#[derive(Debug)]
pub(super) struct Patience<T> {
    stream: T,
    limit: Duration,
    /// Runs while a write waits.
    timer: Pin<Box<Sleep>>,
    waiting: bool,
}

impl<T> Patience<T> {
    pub(super) fn new(stream: T, limit: Duration) -> Self {
        Self {
            stream,
            limit,
            timer: Box::pin(sleep(limit)),
            waiting: false,
        }
    }

    /// What a write came to, or its failure where it has waited for too long.
    fn bounded<V>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<V>>,
    ) -> Poll<io::Result<V>> {
        if written.is_ready() {
            self.waiting = false;
            return written;
        }
        if !self.waiting {
            self.waiting = true;
            self.timer.as_mut().reset(Instant::now() + self.limit);
        }
        ready!(self.timer.as_mut().poll(cx));
        let late = io::Error::new(io::ErrorKind::TimedOut, "the client takes no answer");
        Poll::Ready(Err(late))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patience<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patience<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bounded(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.bounded(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        time::timeout,
    };

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_write_of_which_nothing_is_taken_fails_and_one_that_is_taken_slowly_does_not() {
        let (near, mut far) = tokio::io::duplex(1);
        let mut patience = Patience::new(near, 10 * SECOND);
        let writing = tokio::spawn(async move {
            patience.write_all(b"abcdef").await.unwrap();
            patience.write_all(b"ghijkl").await.unwrap_err()
        });
        for _ in 0..8 {
            tokio::time::sleep(9 * SECOND).await;
            far.read_u8().await.unwrap();
        }
        let error = timeout(100 * SECOND, writing).await.unwrap().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn where_nothing_is_to_be_written_nobody_is_late() {
        let (near, mut far) = tokio::io::duplex(8);
        let mut patience = Patience::new(near, SECOND);
        patience.write_all(b"a").await.unwrap();
        tokio::time::sleep(100 * SECOND).await;
        patience.write_all(b"b").await.unwrap();
        let mut taken = [0; 2];
        far.read_exact(&mut taken).await.unwrap();
        assert_eq!(&taken, b"ab");
    }
}
