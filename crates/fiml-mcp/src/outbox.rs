//! Everything that goes out, one whole line after the other.

use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    sync::mpsc,
    task::JoinHandle,
};

/// How many lines may wait for a slow reader before no more requests are read.
const WAITING_LINES: usize = 64;

/// Where lines are put to be written.
pub(crate) type Outbox = mpsc::Sender<Vec<u8>>;

/// Starts the task that writes; it ends when the last outbox is dropped, or when the peer is gone.
///
/// A single writer, so that no line is ever torn by one that is dropped half-written.
pub(crate) fn start<W>(mut target: W) -> (Outbox, JoinHandle<()>)
where
    W: AsyncWrite + Send + Unpin + 'static,
{
    let (outbox, mut lines) = mpsc::channel::<Vec<u8>>(WAITING_LINES);
    let writing = tokio::spawn(async move {
        while let Some(mut ready) = lines.recv().await {
            // What has piled up goes out in one write.
            while let Ok(line) = lines.try_recv() {
                ready.extend_from_slice(&line);
            }
            if let Err(error) = write(&mut target, &ready).await {
                tracing::debug!(%error, "the client takes no more answers");
                return;
            }
        }
    });
    (outbox, writing)
}

async fn write<W: AsyncWrite + Unpin>(target: &mut W, bytes: &[u8]) -> std::io::Result<()> {
    target.write_all(bytes).await?;
    target.flush().await
}
